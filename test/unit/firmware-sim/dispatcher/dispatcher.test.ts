import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Dispatcher, describeDispatcher } from '../../../../firmware-sim/dispatcher/dispatcher.ts';
import type { Call } from '../../../../firmware-sim/dispatcher/incident-stream.ts';
import { createSiagaApi } from '../../../../firmware-sim/dispatcher/siaga-api.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/recording-broker.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly token: string | undefined;
  readonly body: unknown;
}

/** What the API answers to a call: a status and a body. */
type Answer = (asked: Asked) => [status: number, body: object];

let server: Server | undefined;
let dispatcher: Dispatcher | undefined;

afterEach(async () => {
  await dispatcher?.stop();
  server?.closeAllConnections();
  server?.close();
});

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

/** The far side of the wire: records what is asked, and answers as the API's documents say. */
async function listen(answer: Answer): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const key = headers['idempotency-key'] as string | undefined;
    const one = { method, path, key, token: headers.authorization, body: await bodyOf(request) };
    asked.push(one);
    const [status, body] = answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const call: Call = {
  gapMs: 60_000,
  classification: 'real',
  category: 'fall',
  priority: 2,
  needsTransport: false,
  place: 'Simpang Lima',
  position: { lat: -6.99, lng: 110.42 },
};

function start(url: string): ManualClock {
  const clock = createManualClock();
  dispatcher = Dispatcher.start({
    api: createSiagaApi(url, 'secret'),
    nextCall: () => call,
    clock,
    run: 'r1',
  });
  return clock;
}

const incident = (id: number, step?: string) => ({
  id,
  state: 'open',
  classification: 'real',
  needsTransport: false,
  assignments: step
    ? [{ id: 9, unit: 'motor-01', role: 'first-aid', step, timeline: { reservedAt: '2026-01-15T02:30:00Z' } }]
    : [],
});

describe('the automatic dispatcher', () => {
  it('serves a call through the public API from the report to the close', async () => {
    let step: string | undefined;
    const { url, asked } = await listen(({ method, path }) => {
      if (path.startsWith('/v1/incidents?')) return [200, { incidents: [] }];
      if (path.includes('/recommendation')) {
        return [
          200,
          {
            firstAid: {
              candidates: [{ unit: 'motor-01', unitVersion: 3, canTransport: false, warnings: [] }],
            },
          },
        ];
      }
      if (path.endsWith('/assignments')) step = 'completed';
      return [method === 'POST' ? 201 : 200, incident(5, step)];
    });
    const clock = start(url);
    clock.advance(60_000);
    await until(() => dispatcher?.totals.reported === 1);
    clock.advance(3_000);
    await until(() => dispatcher?.totals.assigned === 1);
    await until(() => {
      clock.advance(3_000);
      return dispatcher?.totals.closed === 1;
    });
    const writes = asked.filter((each) => each.method === 'POST').slice(0, 3);
    expect(writes.map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/v1/incidents',
        body: {
          classification: 'real',
          category: 'fall',
          priority: 2,
          needsTransport: false,
          place: 'Simpang Lima',
          lat: -6.99,
          lng: 110.42,
          simulated: true,
        },
      },
      { path: '/v1/incidents/5/assignments', body: { unit: 'motor-01', unitVersion: 3, role: 'first-aid' } },
      { path: '/v1/incidents/5/close', body: { outcome: 'treated on scene' } },
    ]);
    expect(asked.every((each) => each.token === 'Bearer secret')).toBe(true);
    expect(new Set([writes[0]?.key, writes[1]?.key]).size).toBe(2);
  });

  it('takes up what a run before it left open', async () => {
    const { url, asked } = await listen(({ path }) => {
      if (path.startsWith('/v1/incidents?')) {
        return [
          200,
          {
            incidents: [
              { id: 7, simulated: true },
              { id: 8, simulated: false },
            ],
          },
        ];
      }
      return [200, incident(7, 'en-route')];
    });
    const clock = start(url);
    await until(() => dispatcher?.open === 1);
    clock.advance(3_000);
    await until(() => asked.some((each) => each.path === '/v1/incidents/7'));
    expect(asked.some((each) => each.path.includes('/8'))).toBe(false);
  });

  it('looks again when a unit was taken by somebody else meanwhile', async () => {
    let taken = true;
    const { url } = await listen(({ path }) => {
      if (path.startsWith('/v1/incidents?')) return [200, { incidents: [{ id: 7, simulated: true }] }];
      if (path.includes('/recommendation')) {
        return [
          200,
          {
            firstAid: {
              candidates: [
                { unit: 'motor-01', unitVersion: 3, canTransport: false, warnings: ['stale fix'] },
              ],
            },
          },
        ];
      }
      if (path.endsWith('/assignments') && taken) {
        taken = false;
        return [409, { title: 'unit taken', detail: 'motor-01 was taken by assignment 4' }];
      }
      return [200, incident(7)];
    });
    const clock = start(url);
    await until(() => dispatcher?.open === 1);
    await until(() => {
      clock.advance(3_000);
      return (dispatcher?.totals.assigned ?? 0) > 0;
    });
    expect(dispatcher?.totals).toMatchObject({
      refusals: 1,
      lastProblem: 'motor-01 was taken by assignment 4',
    });
  });

  it('goes on when the API is away, counts the calls it could not take, and says why', async () => {
    const clock = start('http://127.0.0.1:9');
    clock.advance(60_000);
    await until(() => dispatcher?.totals.unanswered === 1);
    expect(dispatcher && describeDispatcher(dispatcher)).toMatch(/1 unanswered, \d+ failed \(.+\)$/);
  });

  it('is engaged when forty cases are open', async () => {
    const full = Array.from({ length: 40 }, (_, index) => ({ id: index + 1, simulated: true }));
    const { url, asked } = await listen(({ path }) =>
      path.startsWith('/v1/incidents?') ? [200, { incidents: full }] : [200, incident(1, 'en-route')],
    );
    const clock = start(url);
    await until(() => dispatcher?.open === 40);
    clock.advance(60_000);
    await until(() => dispatcher?.totals.unanswered === 1);
    expect(asked.filter((each) => each.method === 'POST')).toEqual([]);
  });
});
