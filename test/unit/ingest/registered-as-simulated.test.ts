/** A device that is registered as simulated: whatever it says, in whatever format, is never taken as real. */
import { describe, expect, test } from 'vitest';
import { createPipelineHouse } from '../../support/pipeline-house.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

const ID = 'bendung';
/** A level in a few ways of saying it. `siaga` says the opposite of the registry. */
const WORDS: readonly (readonly [string, string, unknown])[] = [
  ['siaga', `siaga/semarang/river-gauge/${ID}/telemetry`, { levelM: 1.4, simulated: false }],
  ['siaga', `siaga/semarang/river-gauge/${ID}/telemetry`, [{ levelM: 1.4 }, { levelM: 1.5 }]],
  ['value', `sensors/${ID}/levelM`, '1.4'],
  ['tasmota', `tele/${ID}/SENSOR`, { gauge: { levelM: 1.4 } }],
  ['senml', `sensors/${ID}`, [{ bn: `${ID}/`, n: 'levelM', u: 'm', v: 1.4 }]],
  [
    'chirpstack',
    `application/1/device/${ID}/event/up`,
    { deviceInfo: { devEui: ID }, object: { levelM: 1.4 } },
  ],
];

function houseOf(format: string, simulated: boolean | undefined) {
  const spoken = {
    ...(format === 'siaga' ? {} : { format }),
    ...(simulated === undefined ? {} : { simulated }),
  };
  return createPipelineHouse({
    city: buildSmallCity([gauge(ID, {})]),
    devices: { [ID]: spoken },
  });
}

describe('of a device that is registered as simulated', () => {
  test.each(WORDS)('each reading is, in %s on %s', async (format, topic, payload) => {
    const house = houseOf(format, true);
    expect(await house.publish(topic, payload, ID)).toMatchObject({ rejected: 0 });
    expect(house.readings.length).toBeGreaterThan(0);
    expect(house.readings.every(({ simulated }) => simulated)).toBe(true);
  });
});

describe('of one that is not', () => {
  test.each(WORDS)('none is, in %s on %s', async (format, topic, payload) => {
    const house = houseOf(format, undefined);
    await house.publish(topic, payload, ID);
    expect(house.readings.length).toBeGreaterThan(0);
    expect(house.readings.some(({ simulated }) => simulated)).toBe(false);
  });

  test('a word of its own says it still', async () => {
    const house = houseOf('siaga', undefined);
    await house.publish(`siaga/semarang/river-gauge/${ID}/telemetry`, { levelM: 1.4, simulated: true }, ID);
    expect(house.readings).toMatchObject([{ simulated: true }]);
  });
});
