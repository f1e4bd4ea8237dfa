/** Who finds room on the listener while others hold as many connections as they can. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openTestApi, type TestApi, type TestApiOptions } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

let api: TestApi;
let port: number;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await api[Symbol.asyncDispose]();
});

async function open(
  bounds: NonNullable<TestApiOptions['bounds']>,
  options: TestApiOptions = {},
): Promise<void> {
  api = await openTestApi({ ...options, bounds });
  port = Number(new URL(await api.app.listen({ host: '0.0.0.0', port: 0 })).port);
}

/** Every address of 127.0.0.0/8 is this machine. */
async function dial(localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').resume();
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Asks on this connection; resolves with the head of the answer. */
async function ask(socket: Socket, path = '/healthz', token?: string): Promise<string> {
  const authorization = token ? `Authorization: Bearer ${token}\r\n` : '';
  const head = once(socket, 'data');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${authorization}\r\n`);
  return String((await head)[0]).split('\r\n')[0] as string;
}

const OK = 'HTTP/1.1 200 OK';
const openNow = async () => {
  const text = await api.metrics.getSingleMetricAsString('siaga_http_connections');
  return Number(text.trim().split(' ').at(-1));
};
const ended = (why: string) =>
  api.metrics
    .getSingleMetric('siaga_http_connections_ended_total')
    ?.get()
    .then(({ values }) => values.find(({ labels }) => labels['why'] === why)?.value ?? 0);

describe('2,000 silent connections of one address', () => {
  test('hold no more than the share of an address, and everybody else finds room', async () => {
    await open({});
    const dialled = [];
    for (let each = 0; each < 2_000; each++) {
      dialled.push(dial());
      if (dialled.length % 50 === 0) await Promise.all(dialled);
    }
    await eventually(async () => expect(await openNow()).toBe(256));
    expect(await ask(await dial('127.0.0.2'))).toBe(OK);
    // Also from the very address: the one that is silent for the longest gives way.
    expect(await ask(await dial())).toBe(OK);
    expect(await openNow()).toBe(257);
    expect(await ended('gave-way')).toBe(2_001 - 256);
  });
});

describe('where every place is taken', () => {
  test('the connection that is idle longest gives way, one that is being answered and one of staff do not', async () => {
    await open({ maxConnections: 4 });
    const staff = await dial('127.0.0.2');
    await ask(staff, '/v1/rejections', await api.tokenFor('desk'));
    api.clock.ms += 1_000;
    const stream = await dial('127.0.0.3');
    await ask(stream, '/v1/stream');
    api.clock.ms += 1_000;
    const [older, newer] = [await dial('127.0.0.4'), await dial('127.0.0.5')];
    await ask(older);
    api.clock.ms += 1_000;
    await ask(newer);
    const closed = once(older, 'close');
    expect(await ask(await dial('127.0.0.6'))).toBe(OK);
    await closed;
    expect(await openNow()).toBe(4);
    for (const kept of [staff, stream, newer]) expect(kept.closed).toBe(false);
  });

  test('by streams alone, the oldest gives way to a health check, and by staff alone nobody does', async () => {
    await open({ maxConnections: 3 });
    const streams = [await dial('127.0.0.2'), await dial('127.0.0.3'), await dial('127.0.0.4')];
    for (const stream of streams) {
      await ask(stream, '/v1/stream');
      api.clock.ms += 1_000;
    }
    const closed = once(streams[0] as Socket, 'close');
    const health = await dial('127.0.0.5');
    expect(await ask(health)).toBe(OK);
    await closed;
    const token = await api.tokenFor('desk');
    await ask(health, '/v1/rejections', token);
    for (const host of ['127.0.0.6', '127.0.0.7']) await ask(await dial(host), '/v1/rejections', token);
    const refused = await dial('127.0.0.8');
    if (!refused.closed) await once(refused, 'close');
    expect(await ended('full')).toBe(1);
    expect(await ask(health)).toBe(OK);
  });

  test('a proxy that is trusted has as many as it needs', async () => {
    const config = { API_AUTH: true, STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    await open({ maxConnectionsPerAddress: 2 }, { config: { ...config, TRUST_PROXY: ['127.0.0.0/30'] } });
    for (let each = 0; each < 5; each++) await ask(await dial('127.0.0.1'));
    for (let each = 0; each < 5; each++) await ask(await dial('127.0.0.9'));
    expect(await openNow()).toBe(7);
  });
});

describe('a connection that asks nothing', () => {
  const bounds = { headersMs: 50, requestMs: 100, keepAliveMs: 50, lookEveryMs: 20 };

  test.each([
    ['from the beginning', ''],
    ['whole', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: '],
  ])('%s is told that it is too slow, and closed', async (_what, text) => {
    await open(bounds);
    const socket = await dial();
    let answer = '';
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    const closed = once(socket, 'close');
    if (text) socket.write(text);
    // A byte now and then buys no time.
    const trickle = setInterval(() => text && socket.write('x'), 10);
    await closed;
    clearInterval(trickle);
    expect(answer).toContain('HTTP/1.1 408 ');
    expect(answer).toContain('urn:siaga:problem:request-too-slow');
  });

  test('after an answer is closed, however many it had before', async () => {
    await open({ ...bounds, headersMs: 600_000, requestMs: 600_000 });
    const socket = await dial();
    for (let each = 0; each < 3; each++) expect(await ask(socket)).toBe(OK);
    await once(socket, 'close');
    await eventually(async () => expect(await openNow()).toBe(0));
  });
});
