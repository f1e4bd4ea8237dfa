/**
 * Property: what a timeline holds, and saves, depends on the readings and not on the order in which they came,
 * also where a device reports so fast that only the newest can be reordered.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createWatch,
  type DeviceWatch,
  restoreWatch,
  saveWatch,
} from '../../alerts/judgement/device-watch.ts';
import { MAX_ENTRIES } from '../../alerts/judgement/timeline.ts';
import { trackRules } from '../../alerts/rules/index.ts';
import { createClock } from '../../alerts/wording.ts';
import { readingOf, START_MS } from '../support/alert-house.ts';
import { countRuns } from '../support/property-runs.ts';
import { smallCity } from '../support/small-city.ts';

/** Places by which a reading may come too early or too late: fewer than can be reordered. */
const SHUFFLE = MAX_ENTRIES / 4;

function openWatch(): DeviceWatch {
  const site = smallCity.devices.find(({ id }) => id === 'hulu');
  if (!site) throw new Error('the city of the tests has no gauge hulu');
  return createWatch({ ...site, site }, trackRules, [], 60_000, createClock('Asia/Jakarta'));
}

const save = (watch: DeviceWatch): unknown => JSON.parse(JSON.stringify(saveWatch(watch)));

test('any order, any repetition and a restart in the middle leave the same timeline', () => {
  const reading = fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 90_000 })),
    cm: fc.integer({ min: 20, max: 560 }),
    shift: fc.integer({ min: -SHUFFLE / 2, max: SHUFFLE / 2 }),
    again: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(reading, { minLength: 2, maxLength: 150 }), fc.nat(), (steps, restart) => {
      let at = START_MS;
      const readings = steps.map(({ gapMs, cm }) => {
        at += gapMs;
        return readingOf('hulu', at, { levelM: cm / 100 });
      });
      // None is late by the clock: that is what the property of the alerts is about.
      const near = readings.filter(({ measuredAt }) => at - measuredAt < 100_000);
      const first = readings.length - near.length;
      const arrivals = near
        .map((each, index) => ({ each, place: index + (steps[first + index]?.shift ?? 0) }))
        .sort((a, b) => a.place - b.place)
        .map(({ each }) => each);
      const ordered = openWatch();
      for (const each of readings) ordered.timeline.insert(each);
      let shuffled = openWatch();
      for (const each of readings.slice(0, first)) shuffled.timeline.insert(each);
      for (const [index, each] of arrivals.entries()) {
        shuffled.timeline.insert(each);
        if (steps[first + index]?.again) expect(shuffled.timeline.insert(each)).toBe('repeated');
        if (index !== restart % arrivals.length) continue;
        const saved = saveWatch(shuffled);
        shuffled = openWatch();
        restoreWatch(shuffled, JSON.parse(JSON.stringify(saved)));
      }
      expect(save(shuffled)).toEqual(save(ordered));
      expect(shuffled.timeline.head).toEqual(ordered.timeline.head);
    }),
    { numRuns: countRuns(200) },
  );
});
