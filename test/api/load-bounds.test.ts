/** What callers without a token of staff may ask, and what everybody is told beside an answer. */
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cityRoutes } from '../../api/city/city.ts';
import { LOAD_BOUNDS } from '../../api/server/load-bounds.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

let api: TestApi;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS });
});
afterEach(async () => {
  vi.useRealTimers();
  await api[Symbol.asyncDispose]();
});

const from = (remoteAddress: string, url = '/v1/devices', token?: string) =>
  api.app.inject({
    url,
    remoteAddress,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
const refused = async (bound: string) => {
  const values = (await api.metrics.getSingleMetric('siaga_http_refused_total')?.get())?.values ?? [];
  return values.find(({ labels }) => labels['bound'] === bound)?.value ?? 0;
};

describe('more calls in a minute than one address may make', () => {
  beforeEach(async () => {
    api = await openTestApi({ loadBounds: { maxLoopDelayMs: Number.POSITIVE_INFINITY, maxCallsPerMin: 3 } });
    for (let call = 0; call < 3; call++) expect((await from('203.0.113.9')).statusCode).toBe(200);
  });

  test('are told to wait, whatever they ask, until the minute is over', async () => {
    const answer = await from('203.0.113.9');
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('60');
    expect(answer.json()).toMatchObject({ type: 'urn:siaga:problem:too-many-calls' });
    for (const path of ['/v1/nothing', '/openapi.json', '/v1/alerts/none', '/v1/stream']) {
      expect([path, (await from('203.0.113.9', path)).statusCode]).toEqual([path, 429]);
    }
    expect(await refused('calls')).toBe(5);
    api.clock.ms += 60_000;
    expect((await from('203.0.113.9')).statusCode).toBe(200);
  });

  test('hold up no other address, no staff behind the same one, and no health check', async () => {
    expect((await from('203.0.113.10')).statusCode).toBe(200);
    for (let call = 0; call < 5; call++) {
      expect((await from('203.0.113.9', '/v1/tokens', api.adminToken)).statusCode).toBe(200);
      expect((await from('203.0.113.9', '/healthz')).statusCode).toBe(200);
      expect((await from('203.0.113.9', '/readyz')).statusCode).toBe(200);
    }
  });

  test('count for a partner by its token, wherever it calls from', async () => {
    const partner = await api.tokenFor('public');
    for (const host of [1, 2, 3])
      expect((await from(`10.0.0.${host}`, '/v1/devices', partner)).statusCode).toBe(200);
    const answer = await from('10.0.0.4', '/v1/devices', partner);
    expect([answer.statusCode, answer.json().detail]).toEqual([
      429,
      expect.stringContaining('from the public'),
    ]);
  });

  test('count together for one subscriber of IPv6, and as IPv4 where that is what it is', async () => {
    for (const host of ['1', '2:3', 'ffff']) await from(`2001:db8:1:2::${host}`);
    expect((await from('2001:db8:1:2::99')).statusCode).toBe(429);
    expect((await from('2001:db8:1:3::1')).statusCode).toBe(200);
    expect((await from('::ffff:203.0.113.9')).statusCode).toBe(429);
  });
});

describe('while the event loop is late', () => {
  test('the public is told to come again, staff and health checks are answered', async () => {
    api = await openTestApi({ loadBounds: { ...LOAD_BOUNDS, maxLoopDelayMs: Number.MIN_VALUE } });
    await expect.poll(async () => (await from('10.0.0.1')).statusCode, { timeout: 20_000 }).toBe(503);
    const answer = await from('10.0.0.1');
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json()).toMatchObject({ type: 'urn:siaga:problem:overloaded' });
    expect((await from('10.0.0.1', '/v1/tokens', api.adminToken)).statusCode).toBe(200);
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect([path, (await from('10.0.0.1', path)).statusCode]).toEqual([path, 200]);
    }
    // Staff at a page that has yet to sign in is the public until then.
    const signsIn = await api.app.inject({
      ...{ method: 'POST', url: '/v1/session', remoteAddress: '10.0.0.1' },
      headers: { 'x-siaga-session': '1', 'sec-fetch-site': 'same-origin' },
      payload: { token: api.adminToken },
    });
    expect(signsIn.statusCode).toBe(201);
    const headers = { cookie: String(signsIn.headers['set-cookie']).split(';', 1)[0] as string };
    const asStaff = await api.app.inject({ method: 'GET', url: '/v1/devices', headers });
    expect(asStaff.statusCode).toBe(200);
    expect(await refused('pressure')).toBeGreaterThan(0);
  });
});

describe('beside every answer', () => {
  beforeEach(async () => {
    api = await openTestApi({ routes: [cityRoutes(() => smallCity)] });
  });

  test.each(['/v1/devices', '/v1/nothing', '/healthz', '/v1/tokens', '/openapi.json'])(
    'of %s a browser is told what it may not do with it',
    async (path) => {
      const { headers } = await api.get(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'content-security-policy':
          "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      });
      expect(headers).not.toHaveProperty('strict-transport-security');
    },
  );

  test('a long one is compressed for who takes it, a short one and a stream are not', async () => {
    const get = async (url: string, encoding: string) =>
      api.app.inject({ url, headers: { 'accept-encoding': encoding } });
    const packed = await get('/v1/city', 'br, gzip');
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: 'authorization, cookie, accept, accept-encoding',
    });
    expect(JSON.parse(gunzipSync(packed.rawPayload).toString()).city.id).toBe('semarang');
    for (const [url, encoding] of [
      ['/v1/city', 'identity'],
      ['/v1/city', 'gzip;q=0'],
      ['/healthz', 'gzip'],
    ] as const) {
      expect((await get(url, encoding)).headers).not.toHaveProperty('content-encoding');
    }
    const stream = await api.app.inject({
      url: '/v1/stream',
      headers: { 'accept-encoding': 'gzip' },
      payloadAsStream: true,
    });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    stream.raw.res.destroy();
  });
});
