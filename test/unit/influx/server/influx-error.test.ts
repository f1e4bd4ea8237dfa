import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { HttpError } from '@influxdata/influxdb-client';
import { describe, expect, it } from 'vitest';
import {
  classifyWriteError,
  describeError,
  parseRetryAfter,
} from '../../../../influx/server/influx-error.ts';

/** A port of loopback where nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const NOW = Date.UTC(2026, 0, 15);
const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  classifyWriteError(
    new HttpError(status, 'x', body, headers['retry-after'], 'application/json', undefined, headers),
    NOW,
  );

describe('what to do with a refusal', () => {
  it.each([
    [400, '{"error":"partial write: field type conflict: input field \\"a\\" dropped=1"}', 'search'],
    [400, '{"error":"unable to parse \'x\': missing fields"}', 'search'],
    [400, '{"error":"partial write: points beyond retention policy dropped=2"}', 'expired'],
    [400, '{"code":"invalid","message":"unable to parse \'x\'"}', 'search'],
    [
      422,
      '{"code":"unprocessable entity","message":"failure writing points: partial write: points beyond retention policy dropped=7"}',
      'expired',
    ],
    [422, '{"code":"unprocessable entity","message":"schema conflict"}', 'search'],
    [401, '{"code":"unauthorized","message":"unauthorized access"}', 'prepare'],
    [403, '{"code":"forbidden","message":"forbidden"}', 'prepare'],
    [404, '{"error":"database not found: \\"siaga\\""}', 'prepare'],
    [404, '{"code":"not found","message":"bucket \\"siaga\\" not found"}', 'prepare'],
    [413, '{"code":"request too large","message":"too large"}', 'split'],
    [429, '{"code":"too many requests","message":"slow down"}', 'hold'],
    [500, '{"error":"engine: cache maximum memory size exceeded"}', 'hold'],
    [500, '{"error":"timeout"}', 'hold'],
    [503, '{"code":"unavailable","message":"overloaded"}', 'hold'],
    [418, 'what?', 'hold'],
    [404, '{"code":"not found","message":"organization name \\"x\\" not found"}', 'prepare'],
    [400, '{"error":"retention policy not found: \\"week\\""}', 'search'],
    [400, '{"code":"invalid","message":"write buffer error: parsing for line protocol failed"}', 'search'],
    [400, '{"code":"invalid","message":"write buffer error: error from wal: full"}', 'hold'],
    [503, '{"status":"starting"}', 'hold'],
    [
      422,
      '{"code":"unprocessable entity","message":"failure writing points to database: partial write: input field \\"s\\" on measurement \\"m\\" is too long, 1100000 > 1048576 dropped=1"}',
      'search',
    ],
  ])('%i %s → %s', (status, body, remedy) => {
    expect(answer(status, body).remedy).toBe(remedy);
  });

  it('a redirect says where it leads', () => {
    expect(answer(302, '', { location: 'http://portal/' }).sentence).toContain('302 x to http://portal/');
  });

  it('is to try again when the server cannot be reached, under the code of the network', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(classifyWriteError(refused, NOW)).toMatchObject({
      remedy: 'hold',
      code: 'ECONNREFUSED',
      waitMs: 0,
    });
  });

  it('shows the cause that "fetch failed" hides, with the address', async () => {
    const port = await closedPort();
    const error = await fetch(`http://127.0.0.1:${port}/ping`).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toBe('fetch failed');
    expect(classifyWriteError(error, NOW)).toMatchObject({
      sentence: `InfluxDB cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
      code: 'ECONNREFUSED',
    });
  });

  it.each([
    [new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
    [Object.assign(new Error('Request timed out'), { name: 'RequestTimedOutError' })],
    [new TypeError('fetch failed', { cause: new DOMException('late', 'TimeoutError') })],
  ])('says of a server that hangs that it did not answer in time', (error) => {
    expect(classifyWriteError(error, NOW)).toMatchObject({
      sentence: 'InfluxDB cannot be reached: it did not answer in time',
      code: 'ETIMEDOUT',
    });
  });

  it('shows each address of a name that leads to several', () => {
    const cause = new AggregateError([new Error('connect ECONNREFUSED ::1:8086'), new Error('no 127.0.0.1')]);
    expect(describeError(new TypeError('fetch failed', { cause }))).toBe(
      'connect ECONNREFUSED ::1:8086, no 127.0.0.1',
    );
  });

  it('tells how many lines the server left out, where it counts them', () => {
    expect(answer(400, '{"error":"partial write: points beyond retention policy dropped=2"}').dropped).toBe(
      2,
    );
  });

  it('says to the operator which variable is wrong', () => {
    expect(answer(401, '{"message":"unauthorized access"}').sentence).toContain('INFLUX_TOKEN');
  });
});

describe('Retry-After', () => {
  it('is taken in seconds, as HTTP has it, and not in milliseconds', () => {
    expect(answer(429, '{}', { 'retry-after': '7' }).waitMs).toBe(7_000);
  });
  it('is taken as a date', () => {
    expect(parseRetryAfter(new Date(NOW + 30_000).toUTCString(), NOW)).toBe(30_000);
  });
  it.each([undefined, 'soon', new Date(NOW - 5_000).toUTCString()])('%s is no wait', (header) => {
    expect(parseRetryAfter(header, NOW)).toBe(0);
  });
  it('of a day is cut to five minutes: one answer must not stop history for long', () => {
    expect(parseRetryAfter('86400', NOW)).toBe(300_000);
  });
});
