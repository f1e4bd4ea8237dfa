/** Who is refused and asks again at once waits on its own connection; nobody else does. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOAD_BOUNDS } from '../../api/server/load-bounds.ts';
import { REFUSED_REST_MS } from '../../api/server/paced-connection.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { dialHttp, type RawHttpClient } from '../support/raw-http-client.ts';

/** Far more than a connection that rests gets refused before a test gives up. */
const MANY = 300;

let api: TestApi;
let clients: RawHttpClient[];
beforeEach(() => {
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
});

async function start(config: Parameters<typeof openTestApi>[0]): Promise<() => Promise<RawHttpClient>> {
  const loadBounds = { ...LOAD_BOUNDS, maxLoopDelayMs: Number.POSITIVE_INFINITY, maxCallsPerMin: 1 };
  api = await openTestApi({ loadBounds, ...config });
  const port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port);
  return async () => {
    const client = await dialHttp(port);
    clients.push(client);
    return client;
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('after a refusal the next request waits, and is answered then', async () => {
  const dial = await start({});
  const client = await dial();
  const sentAt = performance.now();
  client.socket.write(get('/v1/devices').repeat(3));
  const text = await client.readUntil('HTTP/1.1 ', 3);
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(REFUSED_REST_MS - 1);
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 429', 'HTTP/1.1 429']);
});

test('who guesses tokens is refused as the document says, and not as a mistake of ours', async () => {
  const bounds = { STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
  await start({ loadBounds: LOAD_BOUNDS, config: { ...bounds, API_AUTH: true } });
  const guess = () => api.get('/v1/incidents', 'siaga_guessed');
  for (let n = 0; n < 20; n++) expect((await guess()).statusCode).toBe(401);
  const refused = await guess();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['content-type']).toContain('application/problem+json');
});

test('others are answered meanwhile, also at the same address', async () => {
  const dial = await start({});
  const refused = await dial();
  refused.socket.write(get('/v1/devices').repeat(MANY));
  await refused.readUntil('HTTP/1.1 429');
  const other = await dial();
  other.socket.write(get('/healthz').repeat(MANY));
  expect((await other.readUntil('HTTP/1.1 200', MANY)).match(/HTTP\/1\.1 200/g)).toHaveLength(MANY);
});

test('a connection of a trusted proxy never rests: others come on it as well', async () => {
  const bounds = { STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
  const dial = await start({ config: { ...bounds, API_AUTH: true, TRUST_PROXY: ['127.0.0.1'] } });
  const proxy = await dial();
  proxy.socket.write(get('/v1/devices').repeat(MANY));
  const text = await proxy.readUntil('HTTP/1.1 ', MANY);
  expect(text.match(/HTTP\/1\.1 429/g)).toHaveLength(MANY - 1);
});

test('a client that has gone while it rested is forgotten', async () => {
  const dial = await start({});
  const gone = await dial();
  gone.socket.write(get('/v1/devices').repeat(5));
  await gone.readUntil('HTTP/1.1 429');
  gone.socket.destroy();
  const other = await dial();
  other.socket.write(get('/healthz'));
  await other.readUntil('HTTP/1.1 200');
  await eventually(async () =>
    expect(await api.metrics.getSingleMetricAsString('siaga_http_connections')).toContain(
      'siaga_http_connections 1',
    ),
  );
});
