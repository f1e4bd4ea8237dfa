import { expect, test } from 'vitest';
import { hospital } from '../../../../devices/kinds/hospital.ts';
import { createHospital } from '../../../../firmware-sim/hospitals/hospital.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createStoryClock } from '../../../../firmware-sim/story-clock.ts';

const STARTED_AT = Date.UTC(2026, 0, 15);
const site = { beds: { emergency: 20, intensive: 10, ward: 200 } };

test('a hospital never reports more free beds than it has, and nobody waits while an emergency bed is free', () => {
  const story = createStoryClock(STARTED_AT, 60);
  let full = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const ward = createHospital(site, 6, story, createRandom(seed, 'hospital'));
    for (let hour = 0; hour < 24; hour++) {
      const values = hospital.quickParse(ward.measure(STARTED_AT + hour * 60_000) ?? {}) ?? {};
      expect(hospital.assess?.(values, site)).toBe(0);
      if (values['queue'] !== 0) {
        full++;
        expect(values['emergencyFree']).toBe(0);
      }
    }
  }
  // Full sometimes, and not always: both are what a dispatcher must see.
  expect(full).toBeGreaterThan(10);
  expect(full).toBeLessThan(240);
});

test('it reports once an hour of the story, and never faster than each half minute', () => {
  const intervalMs = (speed: number) =>
    createHospital(site, 6, createStoryClock(STARTED_AT, speed), createRandom(1, 'hospital')).intervalMs();
  expect([1, 60, 1_000].map(intervalMs)).toEqual([3_600_000, 60_000, 30_000]);
});
