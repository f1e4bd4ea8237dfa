/**
 * Clients of InfluxDB that write to Siaga: where they show their credential, what they ask first, how they are
 * answered.
 */
import { gzipSync } from 'node:zlib';
import type { InjectOptions } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { influxIngestRoutes } from '../../api/ingest/ingest-influx.ts';
import { BYTES_AVERAGED_OVER_S, BYTES_PER_S, createIngestTurns } from '../../api/ingest/ingest-turns.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { createPipelineHouse, HOUSE_START_MS, type PipelineHouse } from '../support/pipeline-house.ts';

const GATEWAY = 'gateway:telegraf';
const SECRET = 's3cret+&=';
const MAX_BODY_BYTES = 4_096;
const LINE = `water,device=bendung level=1.25 ${HOUSE_START_MS - 1_000}000000`;
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const GOOD = { authorization: `Token ${GATEWAY}:${SECRET}` };
const BOTH = ['/write?db=city', '/api/v2/write?org=o&bucket=b'] as const;

let api: TestApi;
let house: PipelineHouse;
let failure: Error | undefined;
beforeEach(async () => {
  failure = undefined;
  house = createPipelineHouse({
    gateways: [{ id: GATEWAY, format: 'line-protocol' }],
    devices: { bendung: { format: 'line-protocol' }, hulu: { format: 'line-protocol', aliases: ['g8'] } },
  });
  const routes = influxIngestRoutes({
    deviceAuthenticator: {
      verify: async (id, secret) =>
        id === GATEWAY && secret.toString() === SECRET ? { role: 'gateway', id } : undefined,
    },
    pipeline: {
      accept: (message) => (failure ? Promise.reject(failure) : house.pipeline.accept(message)),
    },
    city: { id: 'semarang' },
    turns: createIngestTurns({ metrics: new Registry(), monotonicNow: () => house.clock.ms }),
    maxBodyBytes: MAX_BODY_BYTES,
    readiness: () => api.problems,
    now: () => house.clock.ms,
  });
  api = await openTestApi({ pages: [routes] });
});
afterEach(() => api[Symbol.asyncDispose]());

const post = (url: string, payload: string | Buffer, headers: Record<string, string> = GOOD) =>
  api.app.inject({ method: 'POST', url, payload, headers });
const ask = (options: InjectOptions) => api.app.inject({ method: 'GET', headers: GOOD, ...options });
const levels = () => house.readings.map(({ values }) => values['levelM']);

describe.each(BOTH)('a post to %s', (url) => {
  test('is answered with 204 and nothing once it is stored', async () => {
    const answer = await post(url, `${LINE}\n`);
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');
    expect(answer.headers['x-influxdb-version']).toMatch(/^[12]\.\d/);
    expect(house.readings).toMatchObject([
      { device: 'bendung', measuredAt: HOUSE_START_MS - 1_000, values: { levelM: 1.25 } },
    ]);
  });

  test.each<[string, string, Record<string, string>]>([
    ['Token', '', GOOD],
    ['Bearer', '', { authorization: `Bearer ${GATEWAY}:${SECRET}` }],
    ['Basic', '', { authorization: basic(`${GATEWAY}:${SECRET}`) }],
    ['u and p', `&u=${GATEWAY}&p=${encodeURIComponent(SECRET)}`, {}],
  ])('is let in by its secret as %s', async (_how, more, headers) => {
    expect((await post(url + more, LINE, headers)).statusCode).toBe(204);
    expect(levels()).toEqual([1.25]);
  });

  test.each<[string, string, Record<string, string>]>([
    ['no credential', '', {}],
    ['a wrong one', '', { authorization: `Token ${GATEWAY}:wrong` }],
    ['a secret without a name', '', { authorization: `Token ${SECRET}` }],
    ['a wrong one in the query', `&u=${GATEWAY}&p=wrong`, {}],
    [
      'a wrong header, whatever the query says',
      `&u=${GATEWAY}&p=${encodeURIComponent(SECRET)}`,
      { authorization: 'Token a:b' },
    ],
  ])('is refused with %s, and nothing is stored', async (_how, more, headers) => {
    const answer = await post(url + more, LINE, headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBeDefined();
    expect(Object.keys(answer.json())).toEqual(url.startsWith('/write') ? ['error'] : ['code', 'message']);
    expect(house.readings).toEqual([]);
    expect(api.logged.join()).not.toContain(SECRET);
  });

  test('may be packed with gzip', async () => {
    const headers = { ...GOOD, 'content-encoding': 'gzip' };
    expect((await post(url, gzipSync(LINE), headers)).statusCode).toBe(204);
    expect(levels()).toEqual([1.25]);
    const broken = await post(url, gzipSync(LINE).subarray(0, 20), headers);
    expect([broken.statusCode, broken.body]).toEqual([400, expect.stringContaining('not valid gzip')]);
  });

  test('whose gzip ends early has its complete lines stored, and the last one named', async () => {
    const at = (n: number) => HOUSE_START_MS - 60_000 + n * 1_000;
    const lines = Array.from(
      { length: 40 },
      (_, n) => `water,device=bendung level=1.${n + 10} ${at(n)}000000`,
    );
    const packed = gzipSync(lines.join('\n'));
    const broken = await post(url, packed.subarray(0, packed.length - 30), {
      ...GOOD,
      'content-encoding': 'gzip',
    });
    expect(broken.statusCode).toBe(400);
    expect(broken.body).toContain('partial write');
    expect(broken.body).toContain('(the gzip ends here)');
    const stored = levels().length;
    expect(stored).toBeGreaterThan(0);
    expect(levels()).toEqual(lines.slice(0, stored).map((_, n) => Number(`1.${n + 10}`)));
    expect(house.rejections.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['bad-format', expect.stringContaining('(the gzip ends here)')],
    ]);
  });

  test('is bounded as it comes and once it is unpacked, and its credential is asked for first', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES * 100, '\n'));
    const headers = { ...GOOD, 'content-encoding': 'gzip' };
    expect(bomb.length).toBeLessThan(MAX_BODY_BYTES);
    for (const answer of [
      await post(url, `${LINE}\n`.padEnd(MAX_BODY_BYTES + 1, '#')),
      await post(url, bomb, headers),
    ]) {
      expect(answer.statusCode).toBe(413);
      if (!url.startsWith('/write')) expect(answer.json()).toMatchObject({ code: 'request too large' });
    }
    expect((await post(url, bomb, { 'content-encoding': 'gzip' })).statusCode).toBe(401);
    expect((await post(url, LINE, { ...GOOD, 'content-encoding': 'br' })).statusCode).toBe(415);
  });

  test('names the first bad line, and keeps the good ones beside it', async () => {
    const body = `${LINE}\nwater,device=g8 level=\nwater,device=g8 level=2\nnonsense\n`;
    const answer = await post(url, body);
    expect(answer.statusCode).toBe(400);
    const said = `partial write: unable to parse 'water,device=g8 level=': missing field value (line 2) dropped=2`;
    expect(answer.json()).toEqual(
      url.startsWith('/write') ? { error: said } : { code: 'invalid', message: said },
    );
    if (url.startsWith('/write')) expect(answer.headers['x-influxdb-error']).toBe(said);
    expect(levels()).toEqual([1.25, 2]);
    expect(house.rejections).toMatchObject([{ reason: 'bad-format' }]);
    expect(Buffer.from(house.rejections[0]?.payload ?? []).toString()).toBe(body);
  });

  test('without one good line is refused, and kept', async () => {
    const answer = await post(url, '{"levelM": 1}');
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain('unable to parse');
    expect(house.rejections).toMatchObject([{ reason: 'bad-format', device: GATEWAY }]);
    expect((await post(url, Buffer.from([0x61, 0xff, 0x20]))).statusCode).toBe(400);
  });

  test('of comments alone is none', async () => {
    expect((await post(url, '\n# nothing\n')).statusCode).toBe(204);
    expect(house.rejections).toEqual([]);
  });

  test('of a device that is nobody’s waits to be claimed', async () => {
    expect((await post(url, 'water,device=g9 level=1.5')).statusCode).toBe(204);
    expect(house.rejections).toMatchObject([{ reason: 'unclaimed', device: GATEWAY }]);
    expect(house.waiting).toEqual([`${GATEWAY} g9`]);
  });

  test('that the disk did not take is to be sent again', async () => {
    failure = Object.assign(new Error('no room'), { code: 'JOURNAL_FULL' });
    const answer = await post(url, LINE);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('30');
    expect(answer.body).toContain('disk is full');
  });

  test('counts its times as the query says', async () => {
    const at = `${(HOUSE_START_MS - 60_000) / 1_000}`;
    expect((await post(`${url}&precision=s`, `water,device=bendung level=1 ${at}`)).statusCode).toBe(204);
    expect(house.readings[0]?.measuredAt).toBe(HOUSE_START_MS - 60_000);
    const wrong = await post(`${url}&precision=fortnight`, LINE);
    expect([wrong.statusCode, wrong.body]).toEqual([400, expect.stringContaining('invalid precision')]);
  });

  test('keeps the precision of what waits until it is claimed', async () => {
    const at = (HOUSE_START_MS - 60_000) / 1_000;
    await post(`${url}&precision=s`, `water,device=g9 level=1 ${at}`);
    const [kept] = house.rejections;
    await house.pipeline.accept({
      ...{ topic: kept?.topic ?? '', payload: Buffer.from(`water,device=g8 level=1 ${at}`) },
      ...{ receivedAt: HOUSE_START_MS, clientId: 'replay', identity: GATEWAY, isReplay: true },
    });
    expect(house.readings[0]).toMatchObject({ device: 'hulu', measuredAt: HOUSE_START_MS - 60_000 });
  });
});

describe('before they write', () => {
  test.each(['GET', 'HEAD'] as const)('%s /ping says that a server of InfluxDB is there', async (method) => {
    const answer = await ask({ method, url: '/ping', headers: {} });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(answer.headers['x-influxdb-version']).toBe('1.8.10');
  });

  test('a ping that wants words gets the version, and /health whether lines are taken', async () => {
    expect((await ask({ url: '/ping?verbose=true' })).json()).toEqual({ version: '1.8.10' });
    expect((await ask({ url: '/health' })).json()).toMatchObject({ status: 'pass' });
    api.problems.push('the disk is full');
    const answer = await ask({ url: '/health', headers: {} });
    expect([answer.statusCode, answer.json().status]).toEqual([503, 'fail']);
    expect(answer.body).not.toContain('disk');
  });

  test('CREATE DATABASE is answered as if it were there, in a query or a form', async () => {
    const q = 'CREATE DATABASE "city" WITH DURATION 30d; create database b';
    const wanted = { results: [{ statement_id: 0 }, { statement_id: 1 }] };
    const asQuery = await post(`/query?q=${encodeURIComponent(q)}`, '');
    expect([asQuery.statusCode, asQuery.json()]).toEqual([200, wanted]);
    const headers = { ...GOOD, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post('/query', new URLSearchParams({ q }).toString(), headers)).json()).toEqual(wanted);
    expect((await ask({ url: '/query?q=SHOW%20DATABASES' })).json().results[0].series[0].values).toEqual([
      ['semarang'],
    ]);
  });

  test.each([
    ['DROP DATABASE city', 400],
    ['SELECT * FROM water', 400],
    ['CREATE DATABASE a; DROP DATABASE a', 400],
    [';'.repeat(1_000), 400],
    ['CREATE DATABASE a;'.repeat(21), 400],
  ])('%s is refused', async (q, status) => {
    const answer = await post(`/query?q=${encodeURIComponent(q)}`, '');
    expect(answer.statusCode).toBe(status);
    expect(Object.keys(answer.json())).toEqual(['error']);
  });

  test('a query needs the credential too', async () => {
    expect((await post('/query?q=CREATE%20DATABASE%20a', '', {})).statusCode).toBe(401);
  });
});

test('1.x wants a database, 2.x a bucket and more than an empty body', async () => {
  expect((await post('/write', LINE)).json()).toEqual({ error: 'database is required' });
  expect((await post('/api/v2/write?org=o', LINE)).json()).toMatchObject({ code: 'invalid' });
  expect((await post('/write?db=a', '')).statusCode).toBe(204);
  expect((await post('/api/v2/write?bucket=a', '')).json()).toEqual({
    code: 'invalid',
    message: 'writing requires points',
  });
});

test('who guesses secrets is held back, and one who knows his is not', async () => {
  const guess = () => post('/write?db=a', LINE, { authorization: 'Token gateway:telegraf:guess' });
  const statuses = new Set<number>();
  for (let n = 0; n < 30; n++) statuses.add((await guess()).statusCode);
  expect([...statuses]).toEqual([401, 429]);
  expect((await post('/write?db=a', LINE)).statusCode).toBe(204);
});

test('who writes without end is told in InfluxDB’s form when to come again, and nothing of it is stored', async () => {
  const comment = `# ${'x'.repeat(MAX_BODY_BYTES - 3)}\n`;
  let refused: Awaited<ReturnType<typeof post>> | undefined;
  for (let sent = 0; sent <= BYTES_PER_S * BYTES_AVERAGED_OVER_S && !refused; sent += comment.length) {
    const answer = await post('/write?db=city', comment);
    if (answer.statusCode !== 204) refused = answer;
  }
  expect(refused?.statusCode).toBe(429);
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
  expect((await post('/write?db=city', LINE)).statusCode).toBe(429);
  expect(house.readings).toEqual([]);
  house.clock.ms += 2_000;
  expect((await post('/write?db=city', LINE)).statusCode).toBe(204);
  expect(levels()).toEqual([1.25]);
});
