/** What a gauge learns of its rises, and what it makes of it. */
import { describe, expect, test } from 'vitest';
import {
  chanceOf,
  lossOf,
  MAX_MARKS,
  RISE_PAST_START,
  type RisePast,
  type RiseScale,
  riseOf,
  takeLevel,
} from '../../../alerts/levels/rise-past.ts';
import { readShares } from '../../../alerts/levels/rise-shares.ts';

const MINUTE = 60_000;
const START_MS = Date.UTC(2026, 0, 15);
const SCALE: RiseScale = { topM: 4, jumpM: 0.5 };

function learn(
  levels: readonly number[],
  intervalMs: number,
  past: RisePast = { ...RISE_PAST_START },
): RisePast {
  const from = past.smoothAt > 0 ? past.smoothAt + intervalMs : START_MS;
  for (const [index, levelM] of levels.entries())
    takeLevel(past, SCALE, levelM, from + index * intervalMs, intervalMs);
  return past;
}

/** Rises by 0.6 m/h for so many minutes, then stands, then drains, then rests: one level each 10 min. */
function wave(riseMin: number): number[] {
  const top = 1 + (riseMin / 60) * 0.6;
  const rise = Array.from({ length: riseMin / 10 }, (_, index) => 1 + 0.1 * index);
  const fall = Array.from({ length: 40 }, (_, index) => Math.max(1, top - 0.05 * index));
  return [...rise, ...Array.from({ length: 18 }, () => top), ...fall, ...Array.from({ length: 30 }, () => 1)];
}

/** The chance of another 0.6 m after half an hour of such a rise. */
function chanceAfter(riseMin: number): number {
  const past = learn(Array.from({ length: 12 }, () => wave(riseMin)).flat(), 10 * MINUTE);
  learn([1, 1.1, 1.2, 1.3], 10 * MINUTE, past);
  const rise = riseOf(past, SCALE);
  return rise ? chanceOf(past, rise, 0.6) : Number.NaN;
}

test('a gauge whose rises went on expects them to, and one whose rises soon ended does not', () => {
  expect(chanceAfter(240)).toBeGreaterThan(0.8);
  expect(chanceAfter(40)).toBeLessThan(0.2);
});

test('the farther the way, the smaller the chance', () => {
  const past = learn([...wave(240), ...wave(60), ...wave(120), 1, 1.1, 1.2, 1.3], 10 * MINUTE);
  const rise = riseOf(past, SCALE);
  if (!rise) throw new Error('it rises');
  const chances = [0, 0.1, 0.3, 0.6, 0.9, 1.5, 3].map((wayM) => chanceOf(past, rise, wayM));
  expect(chances).toEqual(chances.toSorted((a, b) => b - a));
  expect(chances[0]).toBeGreaterThan(chances.at(-1) as number);
});

test.each([5_000, MINUTE, 10 * MINUTE, 60 * MINUTE])(
  'the memory of a gauge that reports each %d ms is bounded',
  (intervalMs) => {
    const past = { ...RISE_PAST_START };
    for (let index = 0; index < 20_000; index++) {
      const atMs = START_MS + index * intervalMs;
      const levelM = 2 + Math.sin(atMs / 9_000_000) + 0.3 * Math.sin(index);
      takeLevel(past, SCALE, levelM, atMs, intervalMs);
      expect(past.marks.length).toBeLessThanOrEqual(MAX_MARKS);
    }
    expect(past.shares.learnt).toBeGreaterThan(20);
    // 7 speeds × 7 bends × 12 heights of 15 counts is the most that there can be.
    expect(JSON.stringify(past.shares).length).toBeLessThan(60_000);
  },
);

test('a spike of one reading is no rise, and the way back from a drop-out is none', () => {
  const flat = Array.from({ length: 20 }, () => 1);
  const spiked = learn([...flat, 3], 10 * MINUTE);
  expect(riseOf(spiked, SCALE)).toBeUndefined();
  learn([1, 1], 10 * MINUTE, spiked);
  expect(riseOf(spiked, SCALE)).toBeUndefined();
  const dropped = learn([...flat, 0, 0, 0, 0, 1, 1, 1, 1, 1], 10 * MINUTE);
  expect(riseOf(dropped, SCALE)).toBeUndefined();
});

test('a jump that stands is a rise', () => {
  const flat = Array.from({ length: 20 }, () => 1);
  expect(riseOf(learn([...flat, 1.8, 1.9], 10 * MINUTE), SCALE)?.fastestMPerH).toBeGreaterThan(1);
});

test('a wave has turned when it has lost a tenth of its rise', () => {
  const risen = [1, 1, 1, 1.2, 1.4, 1.6, 1.8, 2];
  expect(lossOf(learn([...risen, 1.95], 10 * MINUTE)).hasTurned).toBe(false);
  expect(lossOf(learn([...risen, 1.95, 1.85], 10 * MINUTE)).hasTurned).toBe(true);
});

test('what was learnt before a pause is kept, and the pause itself teaches nothing', () => {
  const past = learn([...wave(120), 1, 1.1, 1.2], 10 * MINUTE);
  const { learnt } = past.shares;
  takeLevel(past, SCALE, 1.2, past.smoothAt + 12 * 60 * MINUTE, 10 * MINUTE);
  expect(past.shares.learnt).toBe(learnt);
  expect(past.marks).toHaveLength(1);
});

describe('what was saved', () => {
  const { shares } = learn([...wave(120), ...wave(60)], 10 * MINUTE);

  test('is read back as it was', () => {
    expect(readShares(JSON.parse(JSON.stringify(shares)))).toEqual(shares);
  });

  test.each([
    ['nothing', undefined],
    ['another layout', { ...shares, layout: 99 }],
    ['too few speeds', { ...shares, speeds: shares.speeds.slice(1) }],
    ['a cell that is none', { ...shares, speeds: shares.speeds.map(() => ({ all: [1], bends: [] })) }],
    ['a count below nothing', JSON.parse(JSON.stringify(shares).replaceAll(/\d+,0,/g, '-1,0,'))],
  ])('is not used where it is %s', (_, saved) => {
    expect(readShares(saved)).toBeUndefined();
  });
});
