/** What other sites' pages, pollers, generated clients and spreadsheets find: CORS, ETag, cursors, CSV. */
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CAP_PAGE_ENTRIES, listCap } from '../../alerts/notices/cap-feed.ts';
import { capFeedRoutes } from '../../api/alerts/cap-feed.ts';
import { cityRoutes } from '../../api/city/city.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { smallCity } from '../support/small-city.ts';

const ORIGIN = 'https://elsewhere.example';
let api: TestApi;
beforeEach(async () => {
  const feed = capFeedRoutes({
    alerts: {
      listCap: (before) => listCap(api.database, api.clock.ms, before),
      findCap: async () => undefined,
    },
    city: smallCity,
    publicUrl: 'https://siaga.test',
    now: () => api.clock.ms,
  });
  api = await openTestApi({ routes: [cityRoutes(() => smallCity), feed] });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const ask = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'OPTIONS' = 'GET') =>
  api.app.inject({ url, headers, method });
const PUBLIC = [
  '/v1/devices',
  '/v1/devices/bendung',
  '/v1/devices/bendung/readings',
  '/v1/city',
  '/v1/cap',
  '/openapi.json',
];

describe("another site's page", () => {
  test.each(PUBLIC)('may read %s', async (url) => {
    const { headers } = await ask(url, { origin: ORIGIN });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
    expect(headers['access-control-expose-headers']).toContain('ETag');
  });

  test.each(['/v1/tokens', '/v1/rejections', '/healthz', '/readyz', '/metrics', '/v1/nothing'])(
    'may not read %s',
    async (url) => {
      expect((await ask(url, { origin: ORIGIN })).headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  test('may read a failure of what is public, and follow the stream', async () => {
    const failed = await ask('/v1/devices/nothing', { origin: ORIGIN });
    expect([failed.statusCode, failed.headers['access-control-allow-origin']]).toEqual([404, '*']);
    const stream = await api.app.inject({
      url: '/v1/stream',
      headers: { origin: ORIGIN },
      payloadAsStream: true,
    });
    expect(stream.headers['access-control-allow-origin']).toBe('*');
    stream.raw.res.destroy();
  });

  test('is told what it may ask, and never that it may send a token', async () => {
    const preflight = (url: string, method = 'GET') =>
      ask(url, { origin: ORIGIN, 'access-control-request-method': method }, 'OPTIONS');
    const allowed = await preflight('/v1/devices/bendung/readings');
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'If-None-Match, Last-Event-ID, Cache-Control',
    });
    expect((await preflight('/v1/tokens')).statusCode).toBe(405);
    expect((await preflight('/v1/devices', 'POST')).statusCode).toBe(405);
    expect((await ask('/v1/devices', {}, 'OPTIONS')).statusCode).toBe(405);
  });
});

describe('who asks again', () => {
  test.each(['/v1/devices', '/v1/city', '/v1/cap', '/openapi.json'])(
    'for %s is told when nothing changed',
    async (url) => {
      const first = await ask(url);
      const etag = String(first.headers.etag);
      expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
      expect(first.headers['cache-control']).toBe('no-cache');
      for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
        const again = await ask(url, { 'if-none-match': known });
        expect([known, again.statusCode, again.body, again.headers.etag]).toEqual([known, 304, '', etag]);
      }
      expect((await ask(url, { 'if-none-match': '"other"' })).statusCode).toBe(200);
      const head = await ask(url, {}, 'HEAD');
      expect([head.statusCode, head.body]).toEqual([200, '']);
    },
  );

  test('keeps its ETag where the answer is compressed', async () => {
    const plain = await ask('/v1/city');
    const packed = await ask('/v1/city', { 'accept-encoding': 'gzip' });
    expect(packed.headers.etag).toBe(plain.headers.etag);
    expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
    const again = await ask('/v1/city', {
      'accept-encoding': 'gzip',
      'if-none-match': String(plain.headers.etag),
    });
    expect(again.statusCode).toBe(304);
  });

  test('with another answer finds another ETag', async () => {
    const before = await ask('/v1/devices/bendung');
    await api.publish('siaga/semarang/river-gauge/bendung/telemetry', { levelM: 1.4 });
    const headers = { 'if-none-match': String(before.headers.etag) };
    expect((await ask('/v1/devices/bendung', headers)).statusCode).toBe(200);
  });

  test('with a token is given nothing to keep', async () => {
    const { headers } = await api.get('/v1/devices', api.adminToken);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.vary).toContain('authorization');
  });
});

interface Page {
  readonly devices: readonly { readonly id: string }[];
  readonly next?: string;
}

describe('a list', () => {
  test('goes on by its cursor, which holds all that was asked', async () => {
    const all = (await api.get('/v1/devices', api.adminToken)).json<Page>().devices.map(({ id }) => id);
    const seen: string[] = [];
    let url = '/v1/devices?limit=1';
    for (let page = 0; url && page < 20; page++) {
      const answer = await api.get(url, api.adminToken);
      const { devices, next } = answer.json<Page>();
      seen.push(...devices.map(({ id }) => id));
      expect(answer.headers['link']).toBe(next && `<${next}>; rel="next"`);
      url = next ? `/v1/devices?cursor=${encodeURIComponent(next)}` : '';
    }
    expect(seen).toEqual(all);
  });

  test('goes on where clients send what they asked beside the cursor, and where they follow it as a path', async () => {
    const first = (await api.get('/v1/devices?limit=1&kind=river-gauge')).json<Page>();
    const next = first.next as string;
    const cursor = encodeURIComponent(next);
    const byPath = (await api.get(next)).json<Page>();
    const byCursor = (await api.get(`/v1/devices?limit=1&kind=river-gauge&cursor=${cursor}`)).json<Page>();
    expect(byCursor).toEqual(byPath);
    expect(byPath.devices[0]?.id).not.toBe(first.devices[0]?.id);
  });

  test.each([
    'x',
    '',
    '/v1/alerts?limit=1',
    '/v1/devices',
    'https://evil.example/v1/devices?limit=1',
    '/v1/devices?cursor=x',
  ])('refuses %s as a cursor', async (cursor) => {
    const answer = await api.get(`/v1/devices?cursor=${encodeURIComponent(cursor)}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors).toMatchObject([{ in: 'query', field: 'cursor' }]);
  });

  test('judges what a cursor holds like any question, and other calls take none', async () => {
    const forged = encodeURIComponent('/v1/devices?limit=0x10');
    expect((await api.get(`/v1/devices?cursor=${forged}`)).json().errors).toMatchObject([{ field: 'limit' }]);
    expect((await api.get('/v1/stream?cursor=x')).statusCode).toBe(400);
  });
});

describe('readings as CSV', () => {
  beforeEach(async () => {
    for (let minute = 0; minute < 3; minute++) {
      api.clock.ms = START_MS + minute * 60_000;
      const reading = { levelM: 1 + minute / 10, ...(minute === 1 ? { batteryV: 12.6 } : {}) };
      await api.publish('siaga/semarang/river-gauge/bendung/telemetry', reading);
    }
    api.clock.ms = START_MS + 180_000;
  });
  const read = (query: string, accept = 'text/csv') =>
    ask(`/v1/devices/bendung/readings?${query}`, { accept });

  test('have one row a reading, one column a quantity, empty where there is none', async () => {
    const answer = await read('');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    const [head = '', ...rows] = answer.body.trimEnd().split('\r\n');
    const columns = head.split(',');
    expect(columns[0]).toBe('at');
    expect(columns.at(-1)).toBe('quality');
    const cells = rows.map((row) =>
      Object.fromEntries(row.split(',').map((cell, index) => [columns[index], cell])),
    );
    expect(cells.map(({ at, levelM, batteryV }) => [at, levelM, batteryV])).toEqual([
      ['2026-01-15T02:30:00.000Z', '1', ''],
      ['2026-01-15T02:31:00.000Z', '1.1', '12.6'],
      ['2026-01-15T02:32:00.000Z', '1.2', ''],
    ]);
  });

  test('in windows have the quantities that were asked for', async () => {
    const { body } = await read('every=1h&fn=max&quantities=levelM&tz=UTC');
    expect(body).toBe('at,levelM\r\n2026-01-15T02:00:00.000Z,1.2\r\n');
  });

  test('go on by Link, with the same columns', async () => {
    const first = await read('limit=2');
    const next = /^<(.+)>; rel="next"$/.exec(String(first.headers.link))?.[1] as string;
    const second = await ask(next, { accept: 'text/csv' });
    expect(second.body.split('\r\n')[0]).toBe(first.body.split('\r\n')[0]);
    expect(second.body.split('\r\n')).toHaveLength(3);
    expect(second.headers).not.toHaveProperty('link');
  });

  test.each([
    ['text/csv', true],
    ['text/csv, application/json;q=0.5', true],
    ['text/CSV;q=0.9, */*;q=0.1', true],
    ['application/json, text/csv', false],
    ['application/json;q=0.9, text/csv;q=0.8', false],
    ['text/csv;q=0', false],
    ['*/*', false],
    ['text/html', false],
  ])('are given for Accept: %s: %s', async (accept, isCsv) => {
    const { headers } = await read('', accept);
    expect(String(headers['content-type']).startsWith('text/csv')).toBe(isCsv);
    expect(headers.vary).toContain('accept');
  });

  test('that are refused are a problem all the same', async () => {
    const answer = await read('limit=x');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/problem+json']);
  });
});

describe('the CAP feed with more messages than a page holds', () => {
  const issue = async (alert: string, count: number) => {
    for (let each = 0; each < count; each++) {
      const message = {
        identifier: `${alert}-${each}`,
        alert,
        message_type: each === 0 ? 'Alert' : 'Update',
        title: alert,
        sent_at: START_MS,
        expires_at: START_MS + 3_600_000,
        document: '<alert/>',
      };
      await api.database.insertInto('cap_messages').values(message).execute();
    }
  };
  const open = (id: string, state: string) =>
    api.database
      .insertInto('alerts')
      .values({
        id,
        rule: 'river-level',
        subject: 'bendung',
        state,
        severity: 'severe',
        started_at: START_MS,
        raised_at: START_MS,
        closed_at: null,
        audience: 'public',
        document: '{}',
      })
      .execute();
  const identifiers = (body: string) =>
    [...body.matchAll(/<id>https:\/\/siaga\.test\/v1\/cap\/([^<]+)<\/id>/g)].map((match) => match[1]);

  test('holds an open warning on its first page and every message on some page', async () => {
    await open('old-flood', 'acknowledged');
    await open('old-drizzle', 'resolved');
    await issue('old-flood', 3);
    await issue('old-drizzle', 1);
    await issue('newer', 2 * CAP_PAGE_ENTRIES + 5);
    const first = await ask('/v1/cap');
    expect(identifiers(first.body)).toHaveLength(CAP_PAGE_ENTRIES + 1);
    expect(identifiers(first.body)).toContain('old-flood-2');
    const seen = new Set<string | undefined>();
    let url = '/v1/cap';
    for (let page = 0; url && page < 10; page++) {
      const { body } = await ask(url);
      for (const identifier of identifiers(body)) seen.add(identifier);
      url = /<link rel="next" [^>]*href="https:\/\/siaga\.test([^"]+)"/.exec(body)?.[1] ?? '';
    }
    expect(seen.size).toBe(3 + 1 + 2 * CAP_PAGE_ENTRIES + 5);
    expect((await ask('/v1/cap?before=0x1')).statusCode).toBe(400);
  });
});
