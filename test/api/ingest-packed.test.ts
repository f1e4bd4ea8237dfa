/** What devices post packed: unpacked within the bound of a message, and whatever else is refused as a problem. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '../../api/border/problem.ts';
import { ingestRoutes } from '../../api/ingest/ingest.ts';
import { osmandIngestRoutes } from '../../api/ingest/ingest-osmand.ts';
import { BYTES_AVERAGED_OVER_S, BYTES_PER_S, createIngestTurns } from '../../api/ingest/ingest-turns.ts';
import { PACKINGS, readPostedBody } from '../../api/ingest/posted-body.ts';
import { createFormats } from '../../devices/formats/index.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { createPipelineHouse, HOUSE_START_MS, type PipelineHouse } from '../support/pipeline-house.ts';

const DEVICE = 'bendung';
const SECRET = 's3cret';
const MAX_BODY_BYTES = 4_096;
const GOOD = { authorization: `Bearer ${DEVICE}:${SECRET}` };
const READING = JSON.stringify({ levelM: 1.25, measuredAt: HOUSE_START_MS - 1_000 });

let api: TestApi;
let house: PipelineHouse;
let metrics: Registry;
beforeEach(async () => {
  metrics = new Registry();
  house = createPipelineHouse({ devices: { [DEVICE]: { format: 'siaga' } } });
  const dependencies = {
    deviceAuthenticator: {
      verify: async (id: string, secret: Buffer) =>
        id === DEVICE && secret.toString() === SECRET ? { role: 'device', id } : undefined,
    },
    pipeline: house.pipeline,
    formats: createFormats(),
    turns: createIngestTurns({ metrics, monotonicNow: () => house.clock.ms }),
    maxBodyBytes: MAX_BODY_BYTES,
    now: () => house.clock.ms,
  };
  api = await openTestApi({ pages: [ingestRoutes(dependencies), osmandIngestRoutes(dependencies)] });
});
afterEach(() => api[Symbol.asyncDispose]());

const post = (payload: string | Buffer, headers: Record<string, string> = {}, format = 'siaga') =>
  api.app.inject({ method: 'POST', url: `/ingest/${format}`, payload, headers: { ...GOOD, ...headers } });
const levels = () => house.readings.map(({ values }) => values['levelM']);
async function countUnpacked(): Promise<number> {
  const counter = await metrics.getSingleMetric('siaga_http_ingest_refused_total')?.get();
  return counter?.values.find(({ labels }) => labels['bound'] === 'unpacked')?.value ?? 0;
}

describe.each<[string, string, (bytes: Buffer | string) => Buffer]>([
  ['gzip', 'not-gzip', gzipSync],
  ['x-gzip', 'not-gzip', gzipSync],
  ['deflate', 'not-deflate', deflateSync],
  // Not what the word means, and what some send.
  ['Deflate', 'not-deflate', deflateRawSync],
  ['br', 'not-br', brotliCompressSync],
])('a reading that is packed as %s', (encoding, wrong, pack) => {
  const headers = { 'content-encoding': encoding };

  test('is stored as one that is not', async () => {
    const answer = await post(pack(READING), headers);
    expect([answer.statusCode, answer.json()]).toEqual([200, { stored: 1, repeated: 0, rejected: 0 }]);
    expect(levels()).toEqual([1.25]);
  });

  test('is bounded once it is unpacked, and the bound is counted', async () => {
    const bomb = pack(Buffer.alloc(MAX_BODY_BYTES * 100, ' '));
    expect(bomb.length).toBeLessThan(MAX_BODY_BYTES);
    const answer = await post(bomb, headers);
    expect(answer.statusCode).toBe(413);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ type: 'urn:siaga:problem:body-too-large' });
    expect(answer.json().detail).toContain(`${MAX_BODY_BYTES} bytes`);
    expect(await countUnpacked()).toBe(1);
    expect((await post(pack(READING.padEnd(MAX_BODY_BYTES)), headers)).statusCode).toBe(200);
  });

  test('and ends early, or is something else, is refused, and nothing of it is kept', async () => {
    const packed = pack(`[${READING},${READING.replace('1.25', '1.26')}]`);
    const twice = Buffer.concat([packed, Buffer.from(' and more')]);
    for (const broken of [packed.subarray(0, packed.length - 9), Buffer.from(READING), twice]) {
      const answer = await post(broken, headers);
      expect([answer.statusCode, answer.json().type]).toEqual([400, `urn:siaga:problem:${wrong}`]);
    }
    expect([house.readings, house.rejections]).toEqual([[], []]);
  });

  test('costs its sender as much as the largest message where it is found to be none', async () => {
    const turns = createIngestTurns({ metrics: new Registry(), monotonicNow: () => 0 });
    const options = { turns, maxBodyBytes: BYTES_PER_S, packings: PACKINGS };
    const bomb = pack(Buffer.alloc(2 * BYTES_PER_S));
    const cut = pack(READING).subarray(0, 20);
    const tell = async (body: Buffer, sender: string) => {
      const answer = await readPostedBody({ headers, body }, sender, options).catch((error) => error);
      return answer instanceof Problem ? answer.status : 200;
    };
    for (const [sender, body, status] of [
      ['bomber', bomb, 413],
      ['cutter', cut, 400],
    ] as const) {
      for (let n = 0; n < BYTES_AVERAGED_OVER_S; n++) expect(await tell(body, sender)).toBe(status);
      expect(await tell(body, sender)).toBe(429);
    }
    expect(await tell(pack(READING), 'another')).toBe(200);
  });

  test('is not unpacked for whoever shows no credential', async () => {
    const bomb = pack(Buffer.alloc(MAX_BODY_BYTES * 100));
    expect((await post(bomb, { ...headers, authorization: 'Bearer bendung:wrong' })).statusCode).toBe(401);
    expect(await countUnpacked()).toBe(0);
  });
});

test.each(['zstd', 'compress', 'gzip, gzip', 'x', '__proto__', 'constructor'])(
  'a body in %s is refused, and the ways that are taken are named',
  async (encoding) => {
    const answer = await post(READING, { 'content-encoding': encoding });
    expect([answer.statusCode, answer.json().type]).toEqual([415, 'urn:siaga:problem:unsupported-encoding']);
    expect(answer.json().detail).toContain('gzip, deflate, br');
    expect(house.readings).toEqual([]);
  },
);

test.each(['identity', ''])('a body in "%s" is not packed', async (encoding) => {
  expect((await post(READING, { 'content-encoding': encoding })).statusCode).toBe(200);
  expect(levels()).toEqual([1.25]);
});

test('a query whose credential may be in the body is taken unpacked only', async () => {
  const body = gzipSync('id=bendung&lat=-7&lon=110.4');
  const answer = await post(body, { 'content-encoding': 'gzip' }, 'osmand');
  expect([answer.statusCode, answer.json().detail]).toEqual([415, expect.stringContaining('unpacked')]);
});
