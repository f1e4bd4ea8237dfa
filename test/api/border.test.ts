/** What no request may be, and what no answer may take from its caller. */
import type { FastifyPluginAsync } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { capFeedRoutes } from '../../api/alerts/cap-feed.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { dialHttp } from '../support/raw-http-client.ts';
import { smallCity } from '../support/small-city.ts';

let api: TestApi;
let reached: number;
let bodies: unknown[];

const taking: FastifyPluginAsync = async (app) => {
  const config = { access: 'public' } as const;
  app.get('/take/:text', { config }, async () => {
    reached++;
    return {};
  });
  app.post('/take', { config, schema: { hide: true, body: z.unknown() } }, async ({ body }) => {
    reached++;
    bodies.push(body);
    return {};
  });
};
const cap = (publicUrl?: string) =>
  capFeedRoutes({
    alerts: {
      listCap: async () => [
        {
          id: 1,
          identifier: 'a b',
          alert: 'a',
          messageType: 'Alert',
          title: 'Flood',
          sentAt: 0,
          document: '<alert/>',
        },
      ],
      findCap: async () => undefined,
    },
    city: smallCity,
    publicUrl,
    now: () => 0,
  });

beforeEach(async () => {
  reached = 0;
  bodies = [];
  api = await openTestApi({ routes: [taking] });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

describe('a NUL', () => {
  test.each([
    ['a path', '/v1/take/a%00b', 'params', 'text'],
    ['a query', '/v1/take/a?q=%00', 'query', 'q'],
    ['the name of a query', '/v1/take/a?q%00=1', 'query', ''],
    ['the id of a device', '/v1/devices/bendung%00', 'params', 'id'],
  ])('in %s is 400 with the name of the field, and reaches no handler', async (_where, url, part, field) => {
    const answer = await api.get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors[0]).toMatchObject({ in: part, field });
    expect(reached).toBe(0);
  });

  test.each([
    ['a text', { note: 'a\0' }, 'note'],
    ['a text deep within', { a: [{ b: 'x' }, { b: '\0' }] }, 'a.1.b'],
    ['a name', { a: { 'b\0': 1 } }, 'a'],
  ])('in %s of a body is 400 with the way to it', async (_where, body, field) => {
    const answer = await api.call('POST', '/v1/take', undefined, body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors).toMatchObject([{ in: 'body', field }]);
    expect(answer.json().detail).toContain('NUL');
    expect(reached).toBe(0);
  });

  test('is looked for at any depth, and its escape as a text of six characters is none', async () => {
    const deep = `${'['.repeat(100_000)}"x"${']'.repeat(100_000)}`;
    const headers = { 'content-type': 'application/json' };
    const send = (payload: string) => api.app.inject({ method: 'POST', url: '/v1/take', headers, payload });
    expect((await send(deep)).statusCode).toBe(200);
    expect((await send(deep.replace('x', '\\u0000'))).statusCode).toBe(400);
    expect((await send('{"note":"\\\\u0000"}')).statusCode).toBe(200);
  });
});

describe('null in a request', () => {
  test('is a member that is absent, at any depth', async () => {
    const token = api.adminToken;
    const made = await api.call('POST', '/v1/tokens', token, { name: 'Dewi', role: 'desk', lifeDays: null });
    expect(made.statusCode).toBe(201);
    const missing = await api.call('POST', '/v1/tokens', token, { name: null, role: 'desk' });
    expect(missing.json().errors).toEqual([{ in: 'body', field: 'name', detail: 'is missing: a string' }]);
    const unknown = await api.call('POST', '/v1/tokens', token, { name: 'Budi', role: 'desk', extra: null });
    expect(unknown.statusCode).toBe(201);
    await api.call('POST', '/v1/take', undefined, { a: { b: null, c: [{ d: null, e: 1 }, null] } });
    expect(bodies.at(-1)).toEqual({ a: { c: [{ e: 1 }, null] } });
  });

  test('as the whole body is none', async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${api.adminToken}` };
    const answer = await api.app.inject({ method: 'POST', url: '/v1/tokens', headers, payload: 'null' });
    expect(answer.statusCode).toBe(400);
  });
});

describe('on the wire', () => {
  const exchange = async (text: string): Promise<string> => {
    const port = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port;
    using client = await dialHttp(Number(port));
    client.socket.write(text);
    return await client.readUntil('}');
  };

  test.each([
    ['a request without Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400, 'no-host'],
    ['a request without Host to nowhere', 'GET /nothing HTTP/1.1\r\n\r\n', 400, 'no-host'],
    [
      'an expectation',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n',
      417,
      'expectation-failed',
    ],
  ])('%s is refused with a problem', async (_what, text, status, slug) => {
    const answer = await exchange(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    expect(answer).toContain(`urn:siaga:problem:${slug}`);
  });

  test('HTTP/1.0 needs no Host, and 100-continue is met', async () => {
    expect(await exchange('GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    await api[Symbol.asyncDispose]();
    api = await openTestApi({ routes: [taking] });
    const head =
      'POST /v1/take HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Type: application/json\r\n';
    expect(await exchange(`${head}Content-Length: 2\r\n\r\n{}`)).toMatch(
      /^HTTP\/1\.1 100 .*HTTP\/1\.1 200 /s,
    );
  });
});

describe('an answer about people', () => {
  test.each(['/v1/tokens', '/%761/tokens', '/v1/%74okens', '/v1/nothing', '/v1/tokens/', '/v1/tokens?x=1'])(
    'is kept by nobody, as %s',
    async (url) => {
      expect((await api.get(url, api.adminToken)).headers['cache-control']).toBe('no-store');
    },
  );
});

describe('the links of the CAP feed', () => {
  const links = async (headers: Record<string, string>) => {
    const { body } = await api.app.inject({ url: '/v1/cap', headers });
    return new Set([...body.matchAll(/(https?:\/\/[^<"]+)\/v1\/cap/g)].map((match) => match[1]));
  };
  const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };

  test('lead to PUBLIC_URL, whatever the caller says', async () => {
    await api[Symbol.asyncDispose]();
    api = await openTestApi({ routes: [cap('https://siaga.test/')] });
    expect(await links(evil)).toEqual(new Set(['https://siaga.test']));
  });

  test('lead to the listener without it, behind a proxy too', async () => {
    await api[Symbol.asyncDispose]();
    const config = { API_AUTH: true, STREAM_MAX_CLIENTS: 3, STREAM_MAX_CLIENTS_PER_ADDRESS: 3 };
    api = await openTestApi({ routes: [cap()], config: { ...config, TRUST_PROXY: ['127.0.0.1'] } });
    const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
    expect(await links(evil)).toEqual(new Set([address]));
  });
});

describe('figures and reasons, open on loopback', () => {
  test.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'are closed to what comes through a proxy that says so by %s',
    async (name) => {
      api.problems.push('connect ECONNREFUSED 10.1.2.3:8086');
      const ask = (url: string) => api.app.inject({ url, headers: { [name]: 'for=203.0.113.9' } });
      expect((await ask('/metrics')).statusCode).toBe(401);
      expect((await ask('/readyz')).body).not.toContain('10.1.2.3');
      expect((await ask('/healthz')).statusCode).toBe(200);
      expect((await api.get('/metrics')).statusCode).toBe(200);
    },
  );
});
