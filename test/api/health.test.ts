import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await openTestApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

describe('health', () => {
  test('ready says so, and not ready is 503 with every reason', async () => {
    expect((await api.get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await api.get('/readyz')).json()).toEqual({ status: 'ready' });
    api.problems.push('the disk is full since 10:02', 'InfluxDB does not answer');
    const answer = await api.get('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().problems).toEqual(['the disk is full since 10:02', 'InfluxDB does not answer']);
    expect((await api.get('/healthz')).statusCode).toBe(200);
  });

  test('what only engineers wait for is degraded, with its reason, and ready all the same', async () => {
    await api[Symbol.asyncDispose]();
    const lesser = ['the copy in InfluxDB: connect ECONNREFUSED 10.1.2.3:8086'];
    api = await openTestApi({ degraded: () => lesser });
    const answer = await api.get('/readyz');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ status: 'degraded', problems: lesser });
    api.problems.push('the disk is full since 10:02');
    expect((await api.get('/readyz')).statusCode).toBe(503);
  });

  test('metrics count requests by the pattern of the route and never by what a caller wrote', async () => {
    await api.get('/v1/devices/bendung');
    await api.get('/v1/devices/evil-1');
    await api.get('/evil-2');
    const { body, headers } = await api.get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('siaga_http_requests_total{route="/v1/devices/:id",method="GET",status="2xx"} 1');
    expect(body).toContain('{route="/v1/devices/:id",method="GET",status="4xx"} 1');
    expect(body).toContain('{route="unmatched",method="GET",status="4xx"} 1');
    expect(body).not.toContain('evil');
  });
});

describe('health where others than this machine can call', () => {
  test.each([
    ['on an address of a network', { HTTP_HOST: '0.0.0.0' }],
    ['behind a proxy on loopback', { HTTP_HOST: '127.0.0.1', TRUST_PROXY: ['127.0.0.1'] }],
  ])('%s: figures and reasons are for those who run it', async (_where, reach) => {
    await api[Symbol.asyncDispose]();
    const bounds = { STREAM_MAX_CLIENTS: 5, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    const degraded: string[] = [];
    const config = { API_AUTH: true, ...reach, ...bounds };
    api = await openTestApi({ config, degraded: () => degraded });
    expect((await api.get('/healthz')).statusCode).toBe(200);
    expect((await api.get('/readyz')).json()).toEqual({ status: 'ready' });
    api.problems.push('connect ECONNREFUSED 10.1.2.3:8086');
    const toAnybody = await api.get('/readyz');
    expect(toAnybody.statusCode).toBe(503);
    expect(toAnybody.body).not.toContain('10.1.2.3');
    const partner = await api.tokenFor('public');
    expect((await api.get('/readyz', partner)).body).not.toContain('10.1.2.3');
    const desk = await api.tokenFor('desk');
    expect((await api.get('/readyz', desk)).json().problems).toEqual(api.problems);

    api.problems.length = 0;
    degraded.push('the copy in InfluxDB: connect ECONNREFUSED 10.1.2.3:8086');
    expect((await api.get('/readyz')).json()).toEqual({ status: 'degraded' });
    expect((await api.get('/readyz', desk)).json().problems).toEqual(degraded);

    expect((await api.get('/metrics')).statusCode).toBe(401);
    expect((await api.get('/metrics', partner)).statusCode).toBe(403);
    const figures = await api.get('/metrics', await api.tokenFor('engineer'));
    expect(figures.statusCode).toBe(200);
    expect(figures.body).toContain('siaga_stream_clients 0');
  });
});

describe('health on loopback, asked through a proxy that nobody named', () => {
  test.each([
    ['x-forwarded-for', '203.0.113.7'],
    ['forwarded', 'for=203.0.113.7'],
    ['x-real-ip', '203.0.113.7'],
    ['via', '1.1 proxy'],
    ['x-forwarded-for', ''],
  ])('%s: %j closes figures and reasons to those without a token', async (name, value) => {
    await api[Symbol.asyncDispose]();
    const bounds = { STREAM_MAX_CLIENTS: 5, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    api = await openTestApi({ config: { API_AUTH: true, HTTP_HOST: '127.0.0.1', ...bounds } });
    expect((await api.get('/metrics')).statusCode).toBe(200);
    const through = (url: string, token?: string) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return api.app.inject({ url, headers: { [name]: value, ...authorization } });
    };
    expect((await through('/metrics')).statusCode).toBe(401);
    expect((await through('/metrics', await api.tokenFor('desk'))).statusCode).toBe(403);
    expect((await through('/metrics', await api.tokenFor('engineer'))).statusCode).toBe(200);
    api.problems.push('connect ECONNREFUSED 10.1.2.3:8086');
    expect((await through('/readyz')).body).not.toContain('10.1.2.3');
    expect((await api.get('/readyz')).body).toContain('10.1.2.3');
  });
});
