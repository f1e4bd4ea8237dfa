/** How much of the journal one device may fill, on a clock that the test moves. */
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createQuota, type Quota } from '../../../ingest/quota.ts';

const GAUGE = { reportIntervalS: 60 };
/** 5 % of 10 GiB at 115 bytes a reading. */
const SHARE = 4_668_442;

let clock: { ms: number };
let logged: { device: string; msg: string }[];
let quota: Quota;

beforeEach(() => {
  clock = { ms: 1_000 };
  logged = [];
  const log = pino({}, { write: (line) => void logged.push(JSON.parse(line)) });
  quota = createQuota({ maxJournalBytes: 10 * 1024 ** 3, log, monotonicNow: () => clock.ms });
});

/** Sends in messages of 10,000 until it is refused; how many were taken. */
function flood(device: string): number {
  for (let taken = 0; ; taken += 10_000) if (quota.spend(device, GAUGE, 10_000)) return taken;
}

describe('the share of a device', () => {
  test('is taken at once, and not more; others have theirs', () => {
    expect(flood('gauge-1')).toBe(Math.floor(SHARE / 10_000) * 10_000);
    expect(quota.spend('gauge-1', GAUGE, 10_000)).toMatchObject({ reason: 'over-quota' });
    expect(quota.spend('gauge-2', GAUGE, 10_000)).toBeUndefined();
  });

  test('comes back ten times as fast as the kind reports', () => {
    flood('gauge-1');
    while (!quota.spend('gauge-1', GAUGE, 1));
    expect(quota.spend('gauge-1', GAUGE, 1)).toBeDefined();
    clock.ms += 60_000;
    for (let n = 0; n < 10; n++) expect(quota.spend('gauge-1', GAUGE, 1)).toBeUndefined();
    expect(quota.spend('gauge-1', GAUGE, 1)).toBeDefined();
  });

  test('is never met by one that reports ten times too often for a year', () => {
    for (let day = 0; day < 365; day++) {
      clock.ms += 86_400_000;
      expect(quota.spend('gauge-1', GAUGE, 14_400)).toBeUndefined();
    }
    expect(logged).toEqual([]);
  });

  test('is said to people when half of it is gone, and once an hour', () => {
    flood('gauge-1');
    flood('gauge-1');
    expect(logged.map(({ device, msg }) => `${device}: ${msg}`)).toEqual([
      'gauge-1: a device sends far more often than its kind reports',
    ]);
    clock.ms += 3_600_000;
    flood('gauge-1');
    expect(logged).toHaveLength(2);
  });

  test('of status and ack is 600 at once and one a second, and the others have theirs', () => {
    for (let n = 0; n < 600; n++) expect(quota.spendMessage('motor-1')).toBeUndefined();
    expect(quota.spendMessage('motor-1')).toMatchObject({ reason: 'over-quota' });
    expect(quota.spendMessage('motor-2')).toBeUndefined();
    clock.ms += 1_000;
    expect(quota.spendMessage('motor-1')).toBeUndefined();
    expect(quota.spendMessage('motor-1')).toBeDefined();
  });

  test('lets an offline buffer of two months through however small the journal is', () => {
    const log = pino({ level: 'silent' });
    const small = createQuota({ maxJournalBytes: 1, log, monotonicNow: () => clock.ms });
    expect(small.spend('gauge-1', GAUGE, 60 * 24 * 60)).toBeUndefined();
  });
});
