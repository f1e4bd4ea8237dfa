import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createEventParser,
  type StreamEvent,
} from '../../../../dashboards/situation-room/state/api/event-parser.ts';
import {
  keepStreaming,
  SILENCE_MS,
  type StreamState,
} from '../../../../dashboards/situation-room/state/api/live-stream.ts';

describe('the parser of server-sent events', () => {
  const TEXT =
    'retry: 2000\nid: e-1\n\nid: e-2\nevent: reading\ndata: {"levelM":1}\n\n: heartbeat\nid: e-9\n\r\nevent: alert\r\ndata: a\r\ndata: b\r\n\r\n';

  test('gives the same events however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 20 }), (cuts) => {
        const parser = createEventParser();
        const ends = [...cuts].sort((a, b) => a - b);
        const events = [...ends, TEXT.length].flatMap((end, index) =>
          parser.push(TEXT.slice(index === 0 ? 0 : ends[index - 1], end)),
        );
        expect(events).toEqual([
          { type: 'reading', data: '{"levelM":1}' },
          { type: 'alert', data: 'a\nb' },
        ]);
        expect(parser.lastEventId).toBe('e-9');
      }),
    );
  });

  test('refuses a line without end', () => {
    const parser = createEventParser();
    expect(() => {
      for (let chunk = 0; chunk < 20; chunk++) parser.push('x'.repeat(100_000));
    }).toThrow('too long');
  });
});

/** A server whose streams the test writes by hand. */
function createServer() {
  const asked: (string | undefined)[] = [];
  const connections: ReadableStreamDefaultController<Uint8Array>[] = [];
  let status = 200;
  return {
    asked,
    answer: (next: number) => {
      status = next;
    },
    send: (text: string) => connections.at(-1)?.enqueue(new TextEncoder().encode(text)),
    end: () => connections.at(-1)?.close(),
    open: async (lastEventId: string | undefined, signal: AbortSignal) => {
      asked.push(lastEventId);
      if (status !== 200) return new Response('', { status });
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          connections.push(controller);
          signal.addEventListener('abort', () => {
            try {
              controller.error(signal.reason);
            } catch {
              // Ended already.
            }
          });
        },
      });
      return new Response(body, { status });
    },
  };
}

describe('the live stream', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function start() {
    const server = createServer();
    const events: StreamEvent[] = [];
    const states: StreamState[] = [];
    const stop = new AbortController();
    let fresh = 0;
    const ended = keepStreaming({
      open: server.open,
      onEvent: (event) => events.push(event),
      onFresh: () => fresh++,
      onState: (state) => states.push(state),
      signal: stop.signal,
      now: Date.now,
      random: () => 1,
      delay: (ms, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, ms);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        }),
    });
    return { server, events, states, stop, ended, fresh: () => fresh };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('goes on after the last event that it saw, and says since when it was away', async () => {
    const { server, events, states, stop, ended, fresh } = start();
    await pass(0);
    server.send('id: e-7\nevent: reading\ndata: 1\n\n');
    await pass(0);
    const lastByteAt = Date.now();
    server.end();
    await pass(900);
    expect(states.at(-1)).toEqual({
      name: 'waiting',
      sinceMs: lastByteAt,
      why: 'the server ended the stream',
    });
    await pass(200);
    server.send('id: e-8\nevent: reading\ndata: 2\n\n');
    await pass(0);
    expect(server.asked).toEqual([undefined, 'e-7']);
    expect(events.map(({ data }) => data)).toEqual(['1', '2']);
    expect(states.at(-1)).toEqual({ name: 'live' });
    expect(fresh()).toBe(1);
    stop.abort();
    await ended;
  });

  test('starts anew at a reset: what was missed is not known', async () => {
    const { server, events, stop, ended, fresh } = start();
    await pass(0);
    server.send('id: new-1\nevent: reset\ndata: {}\n\n');
    await pass(0);
    expect(fresh()).toBe(2);
    expect(events).toEqual([]);
    stop.abort();
    await ended;
  });

  test('takes a connection without a heartbeat for dead, and opens another', async () => {
    const { server, states, stop, ended } = start();
    await pass(SILENCE_MS - 1_000);
    server.send(': heartbeat\n');
    // Heard within the time: the watch begins again.
    await pass(SILENCE_MS);
    expect(server.asked).toHaveLength(1);
    await pass(SILENCE_MS + 1_100);
    expect(states).toContainEqual(expect.objectContaining({ name: 'waiting', why: 'no heartbeat' }));
    expect(server.asked).toHaveLength(2);
    stop.abort();
    await ended;
  });

  test('tries a refusing server again, never more than 10 s apart', async () => {
    const { server, states, stop, ended } = start();
    server.answer(503);
    server.end();
    await pass(60_000);
    const tries = server.asked.length;
    expect(tries).toBeGreaterThanOrEqual(7);
    expect(tries).toBeLessThanOrEqual(11);
    expect(states.at(-1)).toMatchObject({ name: 'waiting', why: 'HTTP 503' });
    server.answer(200);
    await pass(10_000);
    expect(states.at(-1)).toEqual({ name: 'live' });
    stop.abort();
    await ended;
  });
});
