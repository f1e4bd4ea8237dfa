import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createInfluxServer } from '../../../../influx/server/influx-server.ts';
import type { InfluxTarget } from '../../../../influx/server/prepare-server.ts';
import { type FakeAnswer, startFakeInflux } from '../../../support/fake-influx.ts';

const V2_PING: FakeAnswer = {
  status: 204,
  headers: { 'x-influxdb-version': 'v2.7.12', 'x-influxdb-build': 'OSS' },
};
const V3_PING: FakeAnswer = { status: 200, json: { version: '3.4.1', revision: 'abc', process_id: 'x' } };
const V1_PING: FakeAnswer = { status: 204, headers: { 'x-influxdb-version': '1.8.10' } };
const target = (url: string, more: Partial<InfluxTarget> = {}): InfluxTarget => ({
  url,
  token: 'secret-token',
  org: 'siaga',
  bucket: 'siaga',
  retentionDays: 30,
  ...more,
});
const open = (where: InfluxTarget) => createInfluxServer(where, new Agent(), new AbortController().signal);

describe('InfluxDB 2.x', () => {
  const bucket = { id: 'b1', name: 'siaga', orgID: 'o1' };

  it('is recognised, its bucket found, and written to by the v2 API with the token', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V2_PING,
      'GET /api/v2/buckets': { status: 200, json: { buckets: [bucket] } },
      'POST /api/v2/write': { status: 204 },
    });
    const server = open(target(fake.url));
    await server.prepare();
    expect(server).toMatchObject({ name: 'InfluxDB 2.7.12', generation: 2 });
    await server.write('m v=1 5\n');
    const write = fake.seen.at(-1);
    expect(write?.line).toBe('POST /api/v2/write?org=siaga&bucket=siaga&precision=ms');
    expect(write?.headers['authorization']).toBe('Token secret-token');
    expect(write?.body).toBe('m v=1 5\n');
    expect(fake.seen.some((request) => request.line.startsWith('POST /api/v2/buckets'))).toBe(false);
  });

  it('gets its bucket with the retention, where the token may', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V2_PING,
      'GET /api/v2/buckets': { status: 200, json: { buckets: [] } },
      'GET /api/v2/orgs': { status: 200, json: { orgs: [{ id: 'o1', name: 'siaga' }] } },
      'POST /api/v2/buckets': { status: 201, json: bucket },
    });
    await open(target(fake.url)).prepare();
    const created = fake.seen.find((request) => request.line === 'POST /api/v2/buckets');
    expect(JSON.parse(created?.body ?? '')).toEqual({
      orgID: 'o1',
      name: 'siaga',
      retentionRules: [{ type: 'expire', everySeconds: 30 * 86_400 }],
    });
  });

  it.each([
    [
      'the token may not create it',
      { status: 200, json: { orgs: [{ id: 'o1', name: 'siaga' }] } },
      /cannot be made \(403 insufficient permissions\).*influx bucket create --org siaga --name siaga --retention 30d/,
    ],
    [
      'the token sees no organisation, as those of single buckets do',
      { status: 200, json: { orgs: [] } },
      /sees neither the bucket siaga nor the organisation siaga.*influx bucket create/,
    ],
  ] as const)('is a doubt and no failure where the bucket is not seen and %s', async (_, orgs, doubt) => {
    await using fake = await startFakeInflux({
      'GET /ping': V2_PING,
      'GET /api/v2/buckets': {
        status: 404,
        json: { code: 'not found', message: 'bucket "siaga" not found' },
      },
      'GET /api/v2/orgs': orgs,
      'POST /api/v2/buckets': {
        status: 403,
        json: { code: 'forbidden', message: 'insufficient permissions' },
      },
    });
    expect((await open(target(fake.url)).prepare()).doubt).toMatch(doubt);
  });

  it('takes an organisation of 16 hexadecimal digits for an id', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V2_PING,
      'GET /api/v2/buckets': { status: 200, json: { buckets: [{ ...bucket, retentionRules: [] }] } },
    });
    const server = open(target(fake.url, { org: '0123456789abcdef' }));
    expect(await server.prepare()).toMatchObject({ retentionMs: 0 });
    expect(fake.seen[1]?.line).toBe('GET /api/v2/buckets?orgID=0123456789abcdef&name=siaga');
  });

  it.each([
    [
      'a mapping that leads elsewhere',
      'v2.9.1',
      [{ id: 'm9', bucketID: 'b2' }],
      /leads to the bucket b2 and not to b1: influx v1 dbrp delete --id m9/,
    ],
    [
      'no mapping before 2.4',
      'v2.3.0',
      [],
      /2\.3\.0 has no mapping by itself: influx v1 dbrp create --bucket-id b1 --db siaga/,
    ],
    ['a token of another organisation', 'v2.9.1', [], /is it a token of siaga \(INFLUX_ORG\)\?/],
  ])('explains why what was written is not found: %s', async (_, version, content, why) => {
    await using fake = await startFakeInflux({
      'GET /ping': { status: 204, headers: { 'x-influxdb-version': version } },
      'GET /api/v2/buckets': { status: 200, json: { buckets: [bucket] } },
      'GET /api/v2/dbrps?orgID=o1&db=siaga': { status: 200, json: { content } },
    });
    const server = open(target(fake.url));
    await server.prepare();
    expect(await server.explainNotFound('no mark')).toMatch(why);
  });

  it.each([
    [{ status: 401, json: { code: 'unauthorized' } }, /INFLUX_TOKEN is missing or not accepted/],
    [{ status: 500, json: { code: 'internal error' } }, /buckets cannot be listed: 500/],
  ] as const)('that answers %o says what is wrong', async (answer, sentence) => {
    await using fake = await startFakeInflux({ 'GET /ping': V2_PING, 'GET /api/v2/buckets': answer });
    await expect(open(target(fake.url)).prepare()).rejects.toThrow(sentence);
  });

  it('is recognised by /health where /ping does not tell', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': { status: 204 },
      'GET /health': { status: 200, json: { name: 'influxdb', status: 'pass', version: 'v2.0.9' } },
      'GET /api/v2/buckets': { status: 200, json: { buckets: [bucket] } },
    });
    const server = open(target(fake.url));
    await server.prepare();
    expect(server.name).toBe('InfluxDB 2.0.9');
  });

  it('answers InfluxQL with the token in a header, and throws in its own words', async () => {
    await using fake = await startFakeInflux({
      'POST /query': [
        {
          status: 200,
          json: { results: [{ series: [{ name: 'm', columns: ['time', 'v'], values: [[5, 1]] }] }] },
        },
        { status: 404, json: { code: 'not found', message: 'no dbrp mapping found' } },
        { status: 200, json: { results: [{ error: 'database not found: siaga' }] } },
        { status: 401, json: { code: 'unauthorized', message: 'unauthorized access' } },
      ],
    });
    const server = open(target(fake.url));
    expect(await server.query('SELECT v FROM m')).toEqual([
      { name: 'm', columns: ['time', 'v'], values: [[5, 1]] },
    ]);
    expect(fake.seen[0]?.headers['authorization']).toBe('Token secret-token');
    expect(new URLSearchParams(fake.seen[0]?.body).get('epoch')).toBe('ms');
    const missing = { message: '404 no dbrp mapping found', isMissing: true };
    await expect(server.query('SELECT v FROM m')).rejects.toMatchObject(missing);
    await expect(server.query('SELECT v FROM m')).rejects.toMatchObject({ isMissing: true });
    await expect(server.query('SELECT v FROM m')).rejects.toMatchObject({ status: 401, isMissing: false });
  });
});

describe('InfluxDB 3.x', () => {
  it('is recognised by the body of /ping, gets its retention, and is written to where it names bad lines', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V3_PING,
      'POST /api/v3/configure/database': { status: 200 },
      'POST /api/v3/write_lp': { status: 204 },
    });
    const server = open(target(fake.url));
    expect(await server.prepare()).toEqual({ retentionMs: 30 * 86_400_000 });
    expect(server).toMatchObject({ name: 'InfluxDB 3.4.1', generation: 3 });
    await server.write('m v=1 5\n');
    expect(fake.seen.map((request) => request.line)).toEqual([
      'GET /ping',
      'POST /api/v3/configure/database',
      'POST /api/v3/write_lp?db=siaga&precision=millisecond&accept_partial=true',
    ]);
    expect(JSON.parse(fake.seen[1]?.body ?? '')).toEqual({ db: 'siaga', retention_period: '30d' });
  });

  it('with the database in place is left as it is', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V3_PING,
      'POST /api/v3/configure/database': { status: 409 },
    });
    expect(await open(target(fake.url)).prepare()).toEqual({ retentionMs: undefined });
  });

  it('does not take a name with a blank, which is said before anything is written', async () => {
    await using fake = await startFakeInflux({ 'GET /ping': V3_PING });
    await expect(open(target(fake.url, { bucket: 'kota semarang' })).prepare()).rejects.toThrow(
      /INFLUX_BUCKET: .* and not "kota semarang"/,
    );
    expect(fake.seen).toHaveLength(1);
  });

  it('says at the start what it cannot', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V3_PING,
      'POST /api/v3/configure/database': { status: 409 },
    });
    const server = open(target(fake.url));
    await server.prepare();
    expect(server.notes.join()).toMatch(/five databases.*72 hours.*either may stay/);
  });

  it('that answers 401 without a version wants a token', async () => {
    await using fake = await startFakeInflux({ '': { status: 401 } });
    await expect(open(target(fake.url)).prepare()).rejects.toThrow(/INFLUX_TOKEN is missing or not accepted/);
  });
});

describe('InfluxDB 1.x', () => {
  it('gets a database with its retention, and is written to by its own path', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V1_PING,
      'POST /query': { status: 200, json: { results: [{ statement_id: 0 }] } },
      'POST /write': { status: 204 },
    });
    const server = open(target(fake.url, { bucket: 'city "one"' }));
    await server.prepare();
    await server.write('m v=1 5\n');
    const statements = fake.seen
      .filter((request) => request.line === 'POST /query')
      .map((request) => new URLSearchParams(request.body).get('q'));
    expect(statements).toEqual([
      'SHOW DATABASES',
      'CREATE DATABASE "city \\"one\\"" WITH DURATION 30d',
      'SHOW RETENTION POLICIES ON "city \\"one\\""',
    ]);
    expect(fake.seen.at(-1)?.line).toBe('POST /write?db=city%20%22one%22&precision=ms');
  });

  it('with the database in place is left as it is, its retention too', async () => {
    const databases = { name: 'databases', columns: ['name'], values: [['_internal'], ['siaga']] };
    const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'];
    const values = [
      ['autogen', '0s', '168h0m0s', 1, false],
      ['month', '720h0m0s', '24h0m0s', 1, true],
    ];
    const answerOf = (series: object) => ({ status: 200, json: { results: [{ series: [series] }] } });
    await using fake = await startFakeInflux({
      'GET /ping': V1_PING,
      'POST /query': [answerOf(databases), answerOf({ columns, values })],
    });
    const server = open(target(fake.url, { retentionDays: 400 }));
    expect(await server.prepare()).toEqual({ retentionMs: 720 * 3_600_000 });
    expect(fake.seen).toHaveLength(3);
    expect(server.notes).toEqual([
      'siaga keeps 30 days, and INFLUX_RETENTION_DAYS asks for 400 days: change it in InfluxDB',
    ]);
  });

  it('that knows neither user nor password says which variable holds them', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V1_PING,
      'POST /query': { status: 401, json: { error: 'unable to parse authentication credentials' } },
    });
    await expect(open(target(fake.url)).prepare()).rejects.toThrow(
      /INFLUX_TOKEN \(user:password\).*unable to/,
    );
  });
});

describe('what is no InfluxDB', () => {
  it('is told in one sentence', async () => {
    await using fake = await startFakeInflux({ 'GET /ping': { status: 200, json: { hello: 'world' } } });
    await expect(open(target(fake.url)).prepare()).rejects.toThrow(/does not say that it is InfluxDB/);
  });
});

describe('the path of a URL', () => {
  it('stays, for a server behind a proxy', async () => {
    await using fake = await startFakeInflux({
      'GET /tsdb/ping': V3_PING,
      'POST /tsdb/api/v3/configure/database': { status: 200 },
      'POST /tsdb/api/v3/write_lp': { status: 204 },
    });
    const server = open(target(`${fake.url}/tsdb/`));
    await server.prepare();
    await server.write('m v=1 5\n');
    expect(fake.seen.at(-1)?.line).toContain('POST /tsdb/api/v3/write_lp');
  });
});
