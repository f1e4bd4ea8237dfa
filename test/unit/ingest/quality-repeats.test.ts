/** Readings without a clock are told apart by their `seq`: across a restart of the server, and of the device. */
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

  it('is a new one when its device has restarted and counts anew', () => {
    const quality = createQuality();
    for (const seq of [1, 2, 3]) quality.assess(arrived(seq, START_MS + seq));
    const risen = { ...arrived(1, START_MS + 60_000), values: { levelM: 3 } };
    expect(quality.assess(risen)).toEqual(risen);
    // And it is this one that may be repeated now.
    const repeated = { ...arrived(1, START_MS + 61_000), values: { levelM: 3 } };
    expect(quality.assess(repeated).measuredAt).toBe(START_MS + 60_000);
  });
});
