/** The client's event stream against a server that breaks off, cuts its text anywhere, and refuses. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { followEvents, RefusedForGood, type SiagaEvent } from '../../../clients/typescript/event-stream.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(handler: Handler) {
  let calls = 0;
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    handler(request, response, calls++);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const open = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
const event = (number: number, type = 'reading') =>
  `id: run-${number}\nevent: ${type}\ndata: {"number":${number}}\n\n`;

/** The first events, and then no more. */
async function take(count: number, options: Parameters<typeof followEvents>[0]): Promise<SiagaEvent[]> {
  const events: SiagaEvent[] = [];
  for await (const each of followEvents(options)) {
    events.push(each);
    if (events.length === count) break;
  }
  return events;
}

test('goes on behind the last whole event after a break, and gives each once', async () => {
  const { url, asked } = await serve((_, response, call) => {
    open(response);
    if (call > 0) return void response.write(event(3));
    response.write(`retry: 1\n${event(1)}${event(2)}id: run-3\ndata: {"num`, () => response.destroy());
  });
  const events = await take(3, { url, token: 'siaga_x', types: ['reading', 'alert'] });
  expect(events.map(({ id, data }) => [id, data])).toEqual([
    ['run-1', { number: 1 }],
    ['run-2', { number: 2 }],
    ['run-3', { number: 3 }],
  ]);
  expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'run-2']);
  expect(asked[0]?.url).toBe('/v1/stream?types=reading,alert');
  expect(asked[0]?.headers.authorization).toBe('Bearer siaga_x');
});

test('reads the same wherever the text is cut, and takes no comment for an event', async () => {
  const text = `: heartbeat\n${event(1)}: heartbeat\n\nid: run-2\r\nevent: alert\r\ndata: {"name":\r\ndata: "Kali é"}\r\n\r\n`;
  const bytes = Buffer.from(text);
  for (const cut of [1, 15, 30, bytes.indexOf('é') + 1, bytes.length - 1]) {
    const { url } = await serve((_, response) => {
      open(response).write(bytes.subarray(0, cut), () => response.write(bytes.subarray(cut)));
    });
    expect((await take(2, { url })).map(({ type, data }) => [type, data])).toEqual([
      ['reading', { number: 1 }],
      ['alert', { name: 'Kali é' }],
    ]);
  }
});

test('waits where it is told to come again, and throws what is refused for good', async () => {
  const busy = await serve((_, response, call) => {
    if (call === 0) response.writeHead(503, { 'retry-after': '0.01' }).end('{}');
    else open(response).write(event(7));
  });
  expect((await take(1, { url: busy.url }))[0]?.id).toBe('run-7');
  const closed = await serve((_, response) => response.writeHead(401).end('{"detail":"no such token"}'));
  const refused = take(1, { url: closed.url });
  await expect(refused).rejects.toThrow(RefusedForGood);
  await expect(refused).rejects.toThrow('no such token');
});

test('takes a connection that says nothing for dead', async () => {
  const { url, asked } = await serve((_, response, call) => {
    open(response);
    response.write(call === 0 ? `retry: 1\n${event(1)}` : event(2));
  });
  expect((await take(2, { url, silenceMs: 50 })).map(({ id }) => id)).toEqual(['run-1', 'run-2']);
  expect(asked.length).toBeGreaterThan(1);
});

test('ends when it is no longer wanted', async () => {
  const stop = new AbortController();
  const { url } = await serve((_, response) => void open(response).write(event(1)));
  const seen: string[] = [];
  for await (const { id } of followEvents({ url, signal: stop.signal })) {
    seen.push(id);
    stop.abort();
  }
  expect(seen).toEqual(['run-1']);
});
