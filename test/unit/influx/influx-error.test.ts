import { HttpError } from '@influxdata/influxdb-client';
import { describe, expect, it } from 'vitest';
import { classifyWriteError, parseRetryAfter } from '../../../influx/influx-error.ts';

const NOW = Date.UTC(2026, 0, 15);
const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  classifyWriteError(
    new HttpError(status, 'x', body, headers['retry-after'], 'application/json', undefined, headers),
    NOW,
  );

describe('what to do with a refusal', () => {
  it.each([
    [400, '{"error":"partial write: field type conflict: input field \\"a\\" dropped=1"}', 'bisect'],
    [400, '{"error":"unable to parse \'x\': missing fields"}', 'bisect'],
    [400, '{"error":"partial write: points beyond retention policy dropped=2"}', 'expired'],
    [400, '{"code":"invalid","message":"unable to parse \'x\'"}', 'bisect'],
    [
      422,
      '{"code":"unprocessable entity","message":"failure writing points: partial write: points beyond retention policy dropped=7"}',
      'expired',
    ],
    [422, '{"code":"unprocessable entity","message":"schema conflict"}', 'bisect'],
    [401, '{"code":"unauthorized","message":"unauthorized access"}', 'retry'],
    [403, '{"code":"forbidden","message":"forbidden"}', 'retry'],
    [404, '{"error":"database not found: \\"siaga\\""}', 'prepare'],
    [404, '{"code":"not found","message":"bucket \\"siaga\\" not found"}', 'prepare'],
    [413, '{"code":"request too large","message":"too large"}', 'split'],
    [429, '{"code":"too many requests","message":"slow down"}', 'retry'],
    [500, '{"error":"engine: cache maximum memory size exceeded"}', 'retry'],
    [500, '{"error":"timeout"}', 'retry'],
    [503, '{"code":"unavailable","message":"overloaded"}', 'retry'],
    [418, 'what?', 'retry'],
  ])('%i %s → %s', (status, body, remedy) => {
    expect(answer(status, body).remedy).toBe(remedy);
  });

  it('is to try again when the server cannot be reached, under the code of the network', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(classifyWriteError(refused, NOW)).toMatchObject({
      remedy: 'retry',
      code: 'ECONNREFUSED',
      waitMs: 0,
    });
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
