import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createInfluxServer, type InfluxTarget } from '../../../influx/influx-server.ts';
import { type FakeAnswer, startFakeInflux } from '../../support/fake-influx.ts';

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

  it('says the command to give when the token may not create the bucket', async () => {
    await using fake = await startFakeInflux({
      'GET /ping': V2_PING,
      'GET /api/v2/buckets': {
        status: 404,
        json: { code: 'not found', message: 'bucket "siaga" not found' },
      },
      'GET /api/v2/orgs': { status: 200, json: { orgs: [{ id: 'o1', name: 'siaga' }] } },
      'POST /api/v2/buckets': {
        status: 403,
        json: { code: 'forbidden', message: 'insufficient permissions' },
      },
    });
    await expect(open(target(fake.url)).prepare()).rejects.toThrow(
      /may not create it \(403\).*influx bucket create --org siaga --name siaga --retention 30d/,
    );
  });

  it.each([
    [{ status: 401, json: { code: 'unauthorized' } }, /INFLUX_TOKEN is not accepted/],
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

  it('answers InfluxQL with the token in a header, and a bucket without mapping as no series', async () => {
    await using fake = await startFakeInflux({
      'POST /query': [
        {
          status: 200,
          json: { results: [{ series: [{ name: 'm', columns: ['time', 'v'], values: [[5, 1]] }] }] },
        },
        { status: 404, json: { code: 'not found', message: 'no dbrp mapping found' } },
      ],
    });
    const server = open(target(fake.url));
    expect(await server.query('SELECT v FROM m')).toEqual([
      { name: 'm', columns: ['time', 'v'], values: [[5, 1]] },
    ]);
    expect(fake.seen[0]?.headers['authorization']).toBe('Token secret-token');
    expect(new URLSearchParams(fake.seen[0]?.body).get('epoch')).toBe('ms');
    expect(await server.query('SELECT v FROM m')).toEqual([]);
  });
});

describe('InfluxDB 3.x', () => {
  it('is recognised by the body of /ping, needs no bucket made, and is written to by the v2 API', async () => {
    await using fake = await startFakeInflux({ 'GET /ping': V3_PING, 'POST /api/v2/write': { status: 204 } });
    const server = open(target(fake.url));
    await server.prepare();
    expect(server).toMatchObject({ name: 'InfluxDB 3.4.1', generation: 3 });
    await server.write('m v=1 5\n');
    expect(fake.seen.map((request) => request.line)).toEqual([
      'GET /ping',
      'POST /api/v2/write?org=siaga&bucket=siaga&precision=ms',
    ]);
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
    expect(statements).toEqual(['SHOW DATABASES', 'CREATE DATABASE "city \\"one\\"" WITH DURATION 30d']);
    expect(fake.seen.at(-1)?.line).toBe('POST /write?db=city%20%22one%22&precision=ms');
  });

  it('with the database in place is left as it is, its retention too', async () => {
    const databases = { name: 'databases', columns: ['name'], values: [['_internal'], ['siaga']] };
    await using fake = await startFakeInflux({
      'GET /ping': V1_PING,
      'POST /query': { status: 200, json: { results: [{ series: [databases] }] } },
    });
    await open(target(fake.url)).prepare();
    expect(fake.seen).toHaveLength(2);
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
      'POST /tsdb/api/v2/write': { status: 204 },
    });
    const server = open(target(`${fake.url}/tsdb/`));
    await server.prepare();
    await server.write('m v=1 5\n');
    expect(fake.seen.at(-1)?.line).toContain('POST /tsdb/api/v2/write');
  });
});
