/** Readings without a clock, published again after a restart of the server: known by their `seq`. */
import { describe, expect, it } from 'vitest';
import { QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createQuality } from '../../../ingest/quality.ts';

const START_MS = Date.UTC(2026, 0, 15);

function arrived(seq: number, atMs: number): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device: 'gauge-1',
    measuredAt: atMs,
    receivedAt: atMs,
    seq,
    simulated: false,
    quality: QualityFlag.serverTime,
    values: { levelM: seq / 100 },
  };
}

describe('a reading without a clock', () => {
  it('keeps the time of its first arrival when it is repeated after a restart', () => {
    const before = createQuality();
    const stored = [1, 2, 3].map((seq) => before.assess(arrived(seq, START_MS + seq)));
    const after = createQuality();
    for (const reading of stored) after.restoreSeq(reading);
    const repeated = [1, 2, 3].map((seq) => after.assess(arrived(seq, START_MS + 5_000 + seq)));
    expect(repeated.map(({ measuredAt }) => measuredAt)).toEqual(stored.map(({ measuredAt }) => measuredAt));
    expect(after.assess(arrived(4, START_MS + 6_000)).measuredAt).toBe(START_MS + 6_000);
  });
});
