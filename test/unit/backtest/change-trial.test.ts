/** Alerts of the rules as they are beside those of the rules as they would be: which are the same thing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairAlerts, type TrialAlert } from '../../../backtest/change-trial.ts';

const alert = (startedAt: number, endedAt?: number): TrialAlert => ({
  ...{ rule: 'river-level', startedAt, endedAt, highestSeverity: 'minor', peak: undefined },
});

test('what shares a moment is one thing, and what was split is one of the two', () => {
  const [one, two, three] = [alert(10, 20), alert(30, 40), alert(60)];
  expect(pairAlerts([one, two], [alert(5, 50), three])).toEqual([
    { before: one, after: alert(5, 50) },
    { before: two, after: undefined },
    { before: undefined, after: three },
  ]);
  expect(pairAlerts([], [one])).toEqual([{ before: undefined, after: one }]);
  expect(pairAlerts([alert(1)], [alert(9)])).toEqual([{ before: alert(1), after: alert(9) }]);
});

/** Alerts of one rule and device: in order, each ending before the next begins. */
const alerts = fc
  .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 20 })
  .map((times) => times.sort((a, b) => a - b))
  .map((times) =>
    times.flatMap((at, index) =>
      index % 2 === 0 && times[index + 1] !== undefined ? [alert(at, times[index + 1])] : [],
    ),
  );

test('each alert is in one pair, in order, and a pair of two shares a moment', () => {
  fc.assert(
    fc.property(alerts, alerts, (before, after) => {
      const pairs = pairAlerts(before, after);
      expect(pairs.flatMap((pair) => pair.before ?? [])).toEqual(before);
      expect(pairs.flatMap((pair) => pair.after ?? [])).toEqual(after);
      for (const { before: one, after: other } of pairs) {
        if (!one || !other) continue;
        expect(one.startedAt).toBeLessThanOrEqual(other.endedAt ?? Number.POSITIVE_INFINITY);
        expect(other.startedAt).toBeLessThanOrEqual(one.endedAt ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});
