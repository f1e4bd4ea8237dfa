/** A bucket that counts its rain since it was switched on: what is lost on the way is in the next total. */
import { describe, expect, it } from 'vitest';
import { addRainTotal, type RainSlot, type RainTotal, rainWithin } from '../../../alerts/rules/rain.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 15);

function rainOf(...totals: readonly (readonly [minute: number, totalMm: number])[]): number {
  const slots: RainSlot[] = [];
  let before: RainTotal | undefined;
  for (const [minute, totalMm] of totals)
    before = addRainTotal(slots, before, START + minute * MINUTE, totalMm);
  const last = totals.at(-1)?.[0] ?? 0;
  return Number(rainWithin(slots, START + (last - 180) * MINUTE).toFixed(6));
}

describe('rain by a counter', () => {
  it('is the difference of the totals, and the first one tells nothing', () => {
    expect(rainOf([0, 812.4])).toBe(0);
    expect(rainOf([0, 812.4], [1, 812.6], [2, 813])).toBe(0.6);
  });

  it('loses nothing with the reports that are lost', () => {
    expect(rainOf([0, 10], [30, 25])).toBe(15);
  });

  it('counts a repeat once, and one that comes late not at all', () => {
    expect(rainOf([0, 10], [5, 12], [5, 12], [3, 11], [10, 13])).toBe(3);
  });

  it('goes on from nothing when the counter was reset', () => {
    expect(rainOf([0, 999.8], [5, 0.4], [10, 0.6])).toBe(0.6);
  });

  it('that fell over a day of silence is not the rain of the last hours', () => {
    expect(rainOf([0, 0], [1_440, 96])).toBeLessThan(13);
  });
});
