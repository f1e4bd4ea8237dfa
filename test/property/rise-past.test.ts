/**
 * Whatever a gauge sends: its memory is bounded, chances are chances, and what was saved goes on as if nothing had
 * been.
 */
import fc from 'fast-check';
import { test } from 'vitest';
import {
  chanceOf,
  MAX_MARKS,
  RISE_PAST_START,
  type RisePast,
  riseOf,
  takeLevel,
} from '../../alerts/levels/rise-past.ts';

const START_MS = Date.UTC(2026, 0, 15);
const SCALE = { topM: 4, jumpM: 0.5 };
const steps = fc.array(
  fc.record({
    gapS: fc.oneof(fc.constantFrom(5, 60, 600, 1_800, 3_600), fc.integer({ min: 1, max: 40_000 })),
    levelM: fc.oneof(
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.constantFrom(0, 1, 1.01, 1.5, 2, 3.99, 4, 100),
    ),
  }),
  { minLength: 1, maxLength: 120 },
);

test('after any levels a chance lies between 0 and 1 and falls with the way, and the memory is bounded', () => {
  fc.assert(
    fc.property(steps, (levels) => {
      const past = { ...RISE_PAST_START };
      let at = START_MS;
      for (const { gapS, levelM } of levels) {
        at += gapS * 1_000;
        takeLevel(past, SCALE, levelM, at, gapS * 1_000);
        if (past.marks.length > MAX_MARKS) return false;
        const rise = riseOf(past, SCALE);
        if (!rise) continue;
        const chances = [0, 0.01, 0.1, 0.5, 1, 3, 50].map((wayM) => chanceOf(past, rise, wayM));
        if (!chances.every((chance, index) => chance >= 0 && chance <= (chances[index - 1] ?? 1)))
          return false;
      }
      return true;
    }),
  );
});

test('a memory that was saved and read at any moment goes on as one that was not', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (levels, where) => {
      const kept = { ...RISE_PAST_START };
      let saved: RisePast = { ...RISE_PAST_START };
      let at = START_MS;
      for (const [index, { gapS, levelM }] of levels.entries()) {
        at += gapS * 1_000;
        if (index === where % levels.length) {
          saved = { ...RISE_PAST_START, ...(JSON.parse(JSON.stringify(saved)) as RisePast) };
        }
        for (const past of [kept, saved]) takeLevel(past, SCALE, levelM, at, gapS * 1_000);
      }
      return JSON.stringify(kept) === JSON.stringify(saved);
    }),
  );
});
