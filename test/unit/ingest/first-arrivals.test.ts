/** What is remembered of readings that we dated: as long as a repeat may come, and no longer. */
import { expect, test } from 'vitest';
import { QualityFlag, type Reading } from '../../../devices/reading.ts';
import { type FirstArrivals, firstTimeOf, remember } from '../../../ingest/first-arrivals.ts';

const START_MS = Date.UTC(2026, 0, 15);
const MIN_MS = 60_000;

function arrived(seq: number, atMs: number): Reading {
  return {
    ...{ city: 'semarang', kind: 'river-gauge', device: 'gauge-1', seq, simulated: false },
    ...{ measuredAt: atMs, receivedAt: atMs, quality: QualityFlag.serverTime, values: { levelM: 1 } },
  };
}

function takeMany(count: number, everyMs: number): FirstArrivals {
  const past: FirstArrivals = { lastUndated: undefined, firstByCount: new Map() };
  for (let seq = 0; seq < count; seq++) {
    const atMs = START_MS + seq * everyMs;
    remember(past, arrived(seq, atMs), atMs);
  }
  return past;
}

test('a gauge that reports each minute for a day costs ten minutes of readings', () => {
  const past = takeMany(1_440, MIN_MS);
  expect([...past.firstByCount.keys()]).toEqual(
    Array.from({ length: 11 }, (_, n) => `seq ${1_429 + n} levelM=1`),
  );
});

test('a whole flight of 256 that comes again is known, and no more is kept', () => {
  const past = takeMany(1_000, 10);
  expect(past.firstByCount.size).toBe(256);
  for (let seq = 744; seq < 1_000; seq++) {
    expect(firstTimeOf(past, arrived(seq, START_MS + 60_000))).toBe(START_MS + seq * 10);
  }
});

test('one that was replayed with an old time does not make the others forgotten', () => {
  const past = takeMany(5, MIN_MS);
  remember(past, arrived(900, START_MS - 86_400_000), START_MS - 86_400_000);
  expect(past.firstByCount.size).toBe(6);
});
