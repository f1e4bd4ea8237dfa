/** Hints on units: what a number would be in the unit in which it was probably sent. */
import { describe, expect, test } from 'vitest';
import { describeKeys } from '../../../devices/did-you-mean.ts';
import { judgeQuantities } from '../../../devices/judge-quantities.ts';
import { ambulance } from '../../../devices/kinds/ambulance.ts';
import { riverGauge } from '../../../devices/kinds/river-gauge.ts';
import { hintUnit } from '../../../devices/unit-hints.ts';
import { createPipelineHouse } from '../../support/pipeline-house.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

test.each<[number, string, number, number, string | undefined]>([
  [4.2, 'm', 0, 4, 'in feet? 4.2 would be 1.28 m; in cm? 0.042 m'],
  [142, 'm', 0, 4, 'in cm? 142 would be 1.42 m; in mm? 0.142 m'],
  [1_420, 'm', 0, 4, 'in mm? 1420 would be 1.42 m'],
  [90, 'm/s', 0, 60, 'in km/h? 90 would be 25 m/s; in knots? 46.3 m/s'],
  [12_600, 'V', 0, 60, 'in mV? 12600 would be 12.6 V'],
  [71, 'dBm', -150, 0, 'without its sign? 71 would be -71 dBm'],
  [1e9, 'm', 0, 4, undefined],
  [0, 'm', 1, 4, undefined],
  [5, 'x', 0, 1, undefined],
])('%d, which is no %s between %d and %d: %s', (value, unit, min, max, hint) => {
  expect(hintUnit(value, unit, min, max)).toBe(hint);
});

describe('a refusal says the likely unit', () => {
  test.each([
    [{ levelCm: 142 }, riverGauge, 'levelCm (did you mean levelM? in cm, 142 would be 1.42 m)'],
    [{ level_ft: 4.2 }, riverGauge, 'level_ft (did you mean levelM? in feet, 4.2 would be 1.28 m)'],
    [{ levelmm: 1_420 }, riverGauge, 'levelmm (did you mean levelM? in mm, 1420 would be 1.42 m)'],
    [{ LevelM: 1.4 }, riverGauge, 'LevelM (did you mean levelM?)'],
    [{ speed_kmh: 36 }, ambulance, 'speed_kmh (did you mean speedMps? in km/h, 36 would be 10 m/s)'],
    [{ speedKnots: 10 }, ambulance, 'speedKnots (did you mean speedMps? in knots, 10 would be 5.14 m/s)'],
    [{ levelCm: '142' }, riverGauge, 'levelCm (did you mean levelM?)'],
  ])('%j', (item, kind, said) => {
    expect(describeKeys(item, kind)).toBe(`the keys are ${said}`);
  });

  test('of a value beyond all that can be', () => {
    expect(judgeQuantities({ levelM: 1_420 }, riverGauge).rejection?.detail).toContain('in mm? 1.42 m');
    const tooFast = judgeQuantities({ status: 'available', lat: -7, lng: 110, speedMps: 250 }, ambulance);
    expect(tooFast.rejection?.detail).toContain('in km/h? 250 would be 69.4 m/s');
  });
});

test('a level that the sensor cannot see is told in the inbox, also while nobody watches', async () => {
  const house = createPipelineHouse({ city: buildSmallCity([gauge('bendung', { sensorRangeM: [0, 4] })]) });
  await house.publish('siaga/semarang/river-gauge/bendung/telemetry', { levelM: 4.2 }, 'bendung');
  expect(house.inbox.look('bendung')[0]?.outcome).toBe(
    'stored; its sensor can see 0 to 4 m; in feet? 4.2 would be 1.28 m; in cm? 0.042 m',
  );
});
