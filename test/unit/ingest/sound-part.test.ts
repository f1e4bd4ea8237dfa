/** A message is kept for its sound part: what real firmware sends wrong, and what is read of it all the same. */
import { beforeEach, describe, expect, test } from 'vitest';
import { formatQuality } from '../../../devices/reading.ts';
import { createPipelineHouse, HOUSE_START_MS, type PipelineHouse } from '../../support/pipeline-house.ts';

const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const STATUS = 'siaga/semarang/river-gauge/bendung/status';
const UNIT = 'siaga/semarang/ambulance/motor-1/telemetry';
const POINT = 'siaga/semarang/wifi-access-point/ap-1/telemetry';
const NOW = HOUSE_START_MS;

let house: PipelineHouse;
beforeEach(() => {
  house = createPipelineHouse();
});

const values = () => house.readings.map((reading) => reading.values);
const flags = () => house.readings.map((reading) => formatQuality(reading.quality));
const times = () => house.readings.map((reading) => reading.measuredAt - NOW);
const metric = async (name: string) =>
  ((await house.metrics.getSingleMetric(name)?.get())?.values ?? []).map(({ labels, value }) => [
    Object.values(labels)[0],
    value,
  ]);

describe('what is no number', () => {
  test.each([
    ['{"levelM":3.1,"rainMm":nan}', 'ArduinoJson'],
    ['{"levelM":3.1,"rainMm":NaN}', 'Python'],
    ['{"levelM":3.1,"rainMm":-nan}', 'printf'],
    ['{"levelM":3.1,"batteryV":-Infinity,"rainMm":inf}', 'two of them'],
    ['{"rainMm":NAN,"levelM":3.1}', 'capitals'],
    ['{"levelM":3.1,"rainMm":null}', 'null'],
    ['{"levelM":3.1,"rainMm":null,"seq":null,"measuredAt":null,"simulated":null}', 'null everywhere'],
    ['{"levelM":3.1,"rainMm":ovf}', 'a print of Arduino that overflows'],
    ['{"levelM":3.1,"rainMm":-1.#IND,"batteryV":1.#QNAN00}', 'printf of Microsoft'],
    ['{"levelM":3.1,"rainMm":None}', 'Python in a template'],
    ['{"levelM":3.1,"rainMm":undefined}', 'JavaScript in a template'],
    ['{"levelM":3.1,"rainMm":}', 'nothing at all'],
    ['{"levelM":3.1,"rainMm": ,"batteryV":\n}', 'nothing, twice'],
  ])('is no value: %s (%s)', async (payload, _maker) => {
    expect(await house.publish(GAUGE, payload)).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
    expect(flags()).toEqual([['serverTime']]);
  });

  test('is left alone inside a word', async () => {
    await house.publish(GAUGE, '{"levelM":3.1,"note":"nan, \\" inf","rainMm":nan}');
    expect(values()).toEqual([{ levelM: 3.1 }]);
    await house.publish(GAUGE, '{"levelM":nanometre}');
    expect(house.rejections.map(({ reason }) => reason)).toEqual(['not-json']);
  });

  test('of a long payload of backslashes and quotes costs no time', async () => {
    const payload = `{"levelM":nan,"note":"${'\\"'.repeat(120_000)}`;
    expect(await house.publish(GAUGE, payload)).toMatchObject({ rejected: 1 });
  });
});

describe('a number in quotes', () => {
  test.each<[string, object]>([
    ['{"levelM":"3.10"}', { levelM: 3.1 }],
    ['{"levelM":" +3.1 ","batteryV":"12."}', { levelM: 3.1, batteryV: 12 }],
    ['{"levelM":"-.5","rssiDbm":"-7e1"}', { levelM: -0.5, rssiDbm: -70 }],
    ['{"levelM":"3.1","rainMm":"nan","batteryV":"","rssiDbm":"null"}', { levelM: 3.1 }],
  ])('is that number: %s', async (payload, expected) => {
    expect(await house.publish(GAUGE, payload)).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(values()).toEqual([expected]);
  });

  test.each(['"3,1"', '"1.234.567"', '"0x3"', '"3.1 m"', '"1e400"', '"three"', '"900"', '"-999"'])(
    'is none where it could mean another thing, or is out of range: %s',
    async (levelM) => {
      expect(await house.publish(GAUGE, `{"levelM":${levelM}}`)).toMatchObject({ stored: 0, rejected: 1 });
      expect(house.rejections[0]?.detail).toContain('levelM is ');
    },
  );

  test('is one of a position as well', async () => {
    await house.publish(UNIT, { lat: '-7.0', lng: '110.4' });
    expect(values()).toEqual([{ lat: -7, lng: 110.4 }]);
    await house.publish(UNIT, { lat: '110.4', lng: '-7.0', status: 'available' });
    expect(house.rejections.map(({ reason }) => reason)).toEqual(['swapped-coordinates']);
  });
});

test.each([
  ['its latitude', { lat: 7, lng: 110.4 }],
  ['its longitude', { lat: -7, lng: -110.4 }],
  ['both', { lat: 7, lng: -110.4 }],
])('a position that has lost the sign of %s is refused, and the status kept', async (_, fix) => {
  await house.publish(UNIT, { ...fix, status: 'available' });
  expect(values()).toEqual([{ status: 'available' }]);
  expect(house.rejections[0]).toMatchObject({ reason: 'swapped-coordinates' });
  expect(house.rejections[0]?.detail).toContain('is a sign lost?');
});

describe('a word of few, as others write it', () => {
  test.each(['Off-Duty', 'OFF_DUTY', ' off duty ', 'offDuty'])('is that word: %s', async (status) => {
    expect(await house.publish(UNIT, { status })).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(values()).toEqual([{ status: 'off-duty' }]);
  });

  test.each(['off', 'duty', 'busy', '-'])('is none where it is another: %s', async (status) => {
    expect(await house.publish(UNIT, { status })).toMatchObject({ stored: 0, rejected: 1 });
    expect(house.rejections[0]?.detail).toContain('expected one of available, ');
  });
});

describe('a number, or a list, as firmware without a JSON library prints it', () => {
  test.each<[string, string, Readonly<Record<string, number>>?]>([
    ['{"levelM":+3.1}', '%+.1f'],
    ['{"levelM":03.10}', '%05.2f'],
    ['{"levelM":3.1,}', 'a comma too many'],
    ['[{"levelM":3.1 , } ,\r\n]', 'a loop that ends each with a comma'],
    ['{"rainMm":.0,"levelM":3.1}', 'no zero before the point', { levelM: 3.1, rainMm: 0 }],
    ['{"levelM":-.5,"rainMm":2.}', 'none behind it either', { levelM: -0.5, rainMm: 2 }],
    ['{"levelM":31.e-1,"note":"a , } b, +1 \\" ,}"}', 'and texts stay'],
  ])('is read: %s (%s)', async (payload, _how, expected = { levelM: 3.1 }) => {
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 1, rejected: 0 });
    expect(values()).toEqual([expected]);
  });

  test.each(['{"levelM":3,1}', '{"levelM":3.1.2}', '{"levelM":--3}', '{"levelM":0x3}', '{"levelM":3.1,,}'])(
    'is refused where it could mean more than one thing: %s',
    async (payload) => {
      expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 0, rejected: 1 });
    },
  );

  test('of a quarter of a million digits costs no time', async () => {
    expect(await house.publish(GAUGE, `{"levelM":${'1'.repeat(250_000)}x}`)).toMatchObject({ rejected: 1 });
  });
});

describe('bytes around the JSON', () => {
  test.each([
    [Buffer.from('{"levelM":3.1,"note":"25 \xb0C"}', 'latin1'), 'a degree sign in Latin-1'],
    [Buffer.from('[{"levelM":3.1,"note":"d\xe9bit"},]', 'latin1'), 'Latin-1 and a comma too many'],
    ['{"levelM":3.1}\0', 'one NUL'],
    [`{"levelM":3.1}${'\0'.repeat(64)}`, 'a buffer that is not full'],
    ['{"levelM":3.1}\0"rainMm":0.2}', 'the rest of a longer message'],
    ['\ufeff{"levelM":3.1}', 'a byte order mark'],
    ['{"levelM":3.1,"rainMm":nan}\0', 'and no number'],
  ])('are cut off: %j (%s)', async (payload, _what) => {
    await house.publish(GAUGE, payload);
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });

  test('are cut off though they are no UTF-8', async () => {
    await house.publish(GAUGE, Buffer.concat([Buffer.from('{"levelM":3.1}\0'), Buffer.from([0xff, 0xfe])]));
    expect(values()).toEqual([{ levelM: 3.1 }]);
  });
});

describe('a key beside the quantities', () => {
  test.each([
    [{ seq: '12' }, 'seq'],
    [{ seq: 1.5 }, 'seq'],
    [{ seq: -1 }, 'seq'],
    [{ seq: 1e300 }, 'seq'],
    [{ simulated: 1 }, 'simulated'],
    [{ simulated: 'yes' }, 'simulated'],
  ])('that is no such thing is left out, flagged and counted: %j', async (envelope, key) => {
    const outcome = await house.publish(GAUGE, { measuredAt: NOW, levelM: 3.1, ...envelope });
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(house.readings[0]).toMatchObject({ values: { levelM: 3.1 }, simulated: false });
    expect(house.readings[0]).not.toHaveProperty('seq');
    expect(flags()).toEqual([['badEnvelope']]);
    expect(await metric('siaga_left_out_total')).toEqual([[key, 1]]);
    expect(house.fleet.now('bendung')?.health.leftOut).toEqual({ [key]: 1 });
  });

  test('costs nothing of a whole buffer', async () => {
    await house.publish(GAUGE, [
      { measuredAt: NOW - 2_000, levelM: 3, seq: '1' },
      { measuredAt: NOW - 1_000, levelM: 3.1, seq: 2 },
    ]);
    expect(house.readings.map(({ seq }) => seq)).toEqual([undefined, 2]);
  });
});

describe('a time that cannot be', () => {
  test.each([
    [34_567, 34_567_000, 'milliseconds since it was switched on'],
    ['1970-01-01T00:00:07Z', 7_000, 'no NTP'],
    ['2004-01-01T00:00:00Z', Date.UTC(2004, 0, 1), 'a clock that a power cut reset'],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000, 'the year 1'],
    [NOW + 7 * 3_600_000, NOW + 7 * 3_600_000, 'local time sent as UTC'],
    [NOW + 60_001, NOW + 60_001, 'a minute ahead'],
    [NOW - 1_024 * 7 * 86_400_000, NOW - 1_024 * 7 * 86_400_000, 'the rollover of the GPS weeks'],
  ])('does not hide the level, and stays on record: %s', async (measuredAt, deviceClockMs, _what) => {
    const outcome = await house.publish(GAUGE, { measuredAt, levelM: 3.1 });
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(house.readings[0]).toMatchObject({ measuredAt: NOW, values: { levelM: 3.1, deviceClockMs } });
    expect(flags()).toEqual([['serverTime', 'clockRefused']]);
    expect(house.fleet.now('bendung')?.last?.values['levelM']).toBe(3.1);
    expect(await metric('siaga_left_out_total')).toEqual([['measuredAt', 1]]);
  });

  test.each([
    'yesterday',
    '05/01/2026 02:30',
    '15-01-26 09:30',
    '2026-02-30T00:00:00Z',
    '2026-06-31T00:00:00Z',
    true,
    {},
  ])('or is no time at all is refused beside the level: %j', async (measuredAt) => {
    const outcome = await house.publish(GAUGE, { measuredAt, levelM: 3.1 });
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 1 });
    expect(house.readings[0]).toMatchObject({ measuredAt: NOW, values: { levelM: 3.1 } });
    expect(house.rejections[0]).toMatchObject({ reason: 'bad-time', device: 'bendung' });
  });

  test.each([
    [1_768_444_190, 'seconds'],
    ['1768444190', 'seconds as text'],
    ['2026-01-15T09:29:50+0700', 'strftime'],
    ['20260115092950', 'digits on the clock of the city'],
    [20_260_115_092_950, 'the same as a number'],
    ['2026-01-15T09:29:50', 'no offset'],
    ['15/01/2026 09:29:50', 'the day first'],
  ])('is not the one that is written otherwise: %s (%s)', async (measuredAt, _what) => {
    await house.publish(GAUGE, { measuredAt, levelM: 3.1 });
    expect(times()).toEqual([-10_000]);
    expect(flags()).toEqual([[]]);
  });

  test('of a message that is sent again tells that it is the same one', async () => {
    await house.publish(GAUGE, { measuredAt: 34_567, levelM: 3.1 });
    house.clock.ms += 5_000;
    const again = await house.publish(GAUGE, { measuredAt: 34_567, levelM: 3.1 });
    expect(again).toEqual({ stored: 0, repeated: 1, rejected: 0 });
    expect(await house.publish(GAUGE, { measuredAt: 94_567, levelM: 3.1 })).toMatchObject({ stored: 1 });
  });

  test.each([34_567, '2004-01-01T00:00:00Z', NOW + 86_400_000])(
    'after right ones is doubted once with its whole reading, and from the second on it is the clock: %s',
    async (measuredAt) => {
      await house.publish(GAUGE, { measuredAt: NOW, levelM: 1 });
      house.clock.ms += 60_000;
      await house.publish(GAUGE, { measuredAt, levelM: 3.1 });
      expect(flags().at(-1)).toEqual(['serverTime', 'clockRefused', 'clockDoubted']);
      expect(house.fleet.now('bendung')?.last?.values['levelM']).toBe(1);
      expect(house.fleet.now('bendung')?.unusable?.why).toBe('clockDoubted');
      house.clock.ms += 60_000;
      await house.publish(GAUGE, { measuredAt, levelM: 3.2 });
      expect(flags().at(-1)).toEqual(['serverTime', 'clockRefused']);
      expect(house.fleet.now('bendung')?.last?.values['levelM']).toBe(3.2);
    },
  );

  test('by a clock of ours that was behind is the right one when it is replayed by one that is set', async () => {
    const message = { topic: GAUGE, receivedAt: NOW, clientId: 'bendung' };
    const payload = (levelM: number) => Buffer.from(JSON.stringify({ measuredAt: NOW + 3_600_000, levelM }));
    await house.pipeline.accept({ ...message, payload: payload(3.1) });
    expect(flags()).toEqual([['serverTime', 'clockRefused']]);
    const replay = { isReplay: true, replayedAt: NOW + 3_700_000 };
    await house.pipeline.accept({ ...message, ...replay, payload: payload(3.2) });
    expect(times()).toEqual([0, 3_600_000]);
    expect(flags()[1]).toEqual([]);
  });

  test('that drifts beyond the bound is not doubted', async () => {
    await house.publish(GAUGE, { measuredAt: NOW + 59_000, levelM: 1 });
    house.clock.ms += 60_000;
    await house.publish(GAUGE, { measuredAt: NOW + 121_000, levelM: 1.1 });
    expect(flags().at(-1)).toEqual(['serverTime', 'clockRefused']);
  });

  test('is not accepted from the device under the name that we note it by', async () => {
    await house.publish(GAUGE, { measuredAt: NOW, levelM: 3.1, deviceClockMs: 5 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
    expect(flags()).toEqual([['unknownFields']]);
  });
});

describe('several readings without a time', () => {
  const five = [1, 1.5, 2, 2.5, 3];

  test('in one message are spaced by the report interval, the last one now', async () => {
    await house.publish(
      GAUGE,
      five.map((levelM) => ({ levelM, ts: 1 })),
    );
    expect(times()).toEqual([-240_000, -180_000, -120_000, -60_000, 0]);
    expect(flags()[0]).toEqual(['serverTime', 'unknownFields', 'timeEstimated']);
    expect(house.fleet.now('bendung')?.last?.values['levelM']).toBe(3);
  });

  test('are put in the order of their seq', async () => {
    await house.publish(
      GAUGE,
      five.map((levelM, index) => ({ levelM, seq: 9 - index })),
    );
    expect(values().map(({ levelM }) => levelM)).toEqual([3, 2.5, 2, 1.5, 1]);
    expect(times()).toEqual([-240_000, -180_000, -120_000, -60_000, 0]);
  });

  test('are put in the order of the clock that was refused', async () => {
    await house.publish(GAUGE, [
      { levelM: 3, measuredAt: 40_000 },
      { levelM: 1, measuredAt: 20_000 },
    ]);
    expect(values().map(({ levelM }) => levelM)).toEqual([1, 3]);
    expect(times()).toEqual([-60_000, 0]);
  });

  test('come after what was sent before them', async () => {
    await house.publish(GAUGE, { levelM: 0.9 });
    house.clock.ms += 50_000;
    await house.publish(
      GAUGE,
      five.map((levelM) => ({ levelM })),
    );
    expect(times()).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(flags().flat()).not.toContain('late');
  });

  test('of two messages in one instant are twenty moments', async () => {
    await house.publish(
      GAUGE,
      five.map((levelM) => ({ levelM })),
    );
    await house.publish(
      GAUGE,
      five.map((levelM) => ({ levelM: levelM + 0.1 })),
    );
    for (const levelM of five) await house.publish(GAUGE, { levelM: levelM + 0.2 });
    expect(new Set(times()).size).toBe(15);
    expect(times()).toEqual(times().toSorted((a, b) => a - b));
    expect(flags().slice(-1)).toEqual([['serverTime', 'timeEstimated']]);
  });

  test('are known again when the same message comes twice', async () => {
    const payload = five.map((levelM) => ({ levelM }));
    await house.publish(GAUGE, payload);
    house.clock.ms += 20_000;
    expect(await house.publish(GAUGE, payload)).toEqual({ stored: 0, repeated: 5, rejected: 0 });
    house.clock.ms += 3_600_000;
    expect(await house.publish(GAUGE, payload)).toMatchObject({ stored: 5 });
  });

  test('among others that have one are the only ones that are spaced', async () => {
    await house.publish(GAUGE, [{ levelM: 1, measuredAt: NOW - 600_000 }, { levelM: 2 }, { levelM: 3 }]);
    expect(times()).toEqual([-600_000, -60_000, 0]);
  });
});

describe('a buffer of thousands', () => {
  test('is taken in slices and answered once', async () => {
    const many = Array.from({ length: 5_001 }, (_, n) => ({
      measuredAt: NOW - 1_000 * (5_001 - n),
      levelM: 1,
    }));
    expect(await house.publish(GAUGE, many)).toEqual({ stored: 5_001, repeated: 0, rejected: 0 });
    expect(house.appends).toHaveLength(11);
    expect(Math.max(...house.appends)).toBe(500);
  });

  test('of which nothing is sound keeps it all in a bounded number of rejections', async () => {
    const many = Array.from({ length: 3_000 }, (_, n) => ({ levelM: 'x', n }));
    expect(await house.publish(GAUGE, many)).toEqual({ stored: 0, repeated: 0, rejected: 100 });
    const kept = house.rejections.flatMap(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
    expect(kept).toEqual(many);
  });
});

describe('a refusal', () => {
  test('names every quantity that was left out', async () => {
    const payload = { measuredAt: NOW, levelM: 3.1, batteryV: -999, rainMm: 'x', rssiDbm: 5 };
    expect(await house.publish(GAUGE, payload)).toEqual({ stored: 1, repeated: 0, rejected: 1 });
    expect(values()).toEqual([{ levelM: 3.1 }]);
    expect(house.rejections[0]?.detail).toBe(
      'rainMm is "x"; expected a number, in mm; batteryV is -999; the least possible is 0; rssiDbm is 5; the most possible is 0; without its sign? 5 would be -5 dBm',
    );
  });

  test.each([
    [GAUGE, { LevelM: 3.1 }, 'LevelM (did you mean levelM?)'],
    [GAUGE, { level: 3.1, battery: 12 }, 'level (did you mean levelM?), battery (did you mean batteryV?)'],
    [GAUGE, { water_level: 310 }, 'water_level (did you mean levelM?)'],
    [GAUGE, { levelCm: 310 }, 'levelCm (did you mean levelM? in cm, 310 would be 3.1 m)'],
    [GAUGE, { lvelM: 3.1 }, 'lvelM (did you mean levelM?)'],
    [GAUGE, { distance: 3.1, ts: 5 }, 'distance (did you mean distanceM?), ts (did you mean measuredAt?)'],
    [UNIT, { lat: -7, lon: 110.4 }, 'lat, lon (did you mean lng?)'],
    [
      UNIT,
      { latitude: -7, longitude: 110.4, speed: 3 },
      'longitude (did you mean lng?), speed (did you mean speedMps?)',
    ],
    [POINT, { Clients: 3 }, 'Clients (did you mean clients?)'],
    [GAUGE, {}, 'the object is empty'],
  ])('says which keys were found: %s %j', async (topic, payload, sentence) => {
    await house.publish(topic, payload);
    expect(house.rejections[0]).toMatchObject({ reason: 'missing-quantity' });
    expect(house.rejections[0]?.detail).toContain(sentence);
  });

  test('stays short however many keys there are', async () => {
    const keys = Array.from({ length: 5_000 }, (_, n) => [`k${n}${'x'.repeat(100)}`, n]);
    await house.publish(GAUGE, Object.fromEntries(keys));
    expect(house.rejections[0]?.detail.length).toBeLessThan(1_500);
    expect(house.rejections[0]?.detail).toContain('and 4980 more');
  });
});

describe('an ambulance', () => {
  test('may say its status alone, and keeps its place', async () => {
    await house.publish(UNIT, { measuredAt: NOW, lat: -7, lng: 110.4, status: 'available' });
    house.clock.ms += 5_000;
    const outcome = await house.publish(UNIT, { measuredAt: NOW + 5_000, status: 'off-duty' });
    expect(outcome).toMatchObject({ stored: 1, rejected: 0 });
    const unit = house.fleet.now('motor-1');
    expect(unit?.last?.values).toEqual({ status: 'off-duty' });
    expect(unit?.lastFix?.values['lat']).toBe(-7);
  });

  test('may say its place alone', async () => {
    expect(await house.publish(UNIT, { lat: -7, lng: 110.4 })).toMatchObject({ stored: 1, rejected: 0 });
  });

  test.each([
    [{ lat: 110.4, lng: -7, status: 'off-duty' }, 'swapped-coordinates'],
    [{ lat: -7, status: 'off-duty' }, 'missing-quantity'],
    [{ lat: -7, lng: 'x', status: 'off-duty' }, 'wrong-type'],
    [{ lat: -7, lng: 999, status: 'off-duty' }, 'out-of-range'],
  ])('keeps its status though its place is none: %j', async (payload, reason) => {
    expect(await house.publish(UNIT, payload)).toMatchObject({ stored: 1, rejected: 1 });
    expect(values()).toEqual([{ status: 'off-duty' }]);
    expect(house.rejections[0]?.reason).toBe(reason);
  });

  test.each([{ batteryPct: 5 }, { lat: -7 }, { lng: 110.4, speedMps: 3 }])(
    'that says neither is refused: %j',
    async (payload) => {
      expect(await house.publish(UNIT, payload)).toMatchObject({ stored: 0, rejected: 1 });
    },
  );
});

describe('a word that moves nothing', () => {
  test('is heard all the same: a repeat', async () => {
    await house.publish(GAUGE, { seq: 1, levelM: 1 });
    house.clock.ms += 400_000;
    expect(await house.publish(GAUGE, { seq: 1, levelM: 1 })).toMatchObject({ repeated: 1 });
    const gauge = house.fleet.now('bendung');
    expect(gauge && house.fleet.liveness(gauge, house.clock.ms)).toBe('online');
    expect(gauge?.unusable).toEqual({ atMs: house.clock.ms, why: 'the same reading again' });
  });

  test.each([
    [GAUGE, '{"LevelM":1}', 'did you mean levelM?'],
    [GAUGE, 'garbage', 'not valid JSON'],
    [STATUS, 'dancing', 'the status is "dancing"; it must be one of online, '],
    [GAUGE, '{"levelM":77}', 'outsideSensorRange'],
  ])('is heard all the same: %s %s', async (topic, payload, why) => {
    await house.publish(topic, payload, 'bendung');
    const gauge = house.fleet.now('bendung');
    expect(gauge && house.fleet.liveness(gauge, house.clock.ms)).toBe('online');
    expect(gauge?.unusable?.why).toContain(why);
    await house.publish(GAUGE, { levelM: 1 });
    expect(gauge?.unusable).toBeUndefined();
  });

  test('of one device under the name of another speaks for the one that sent it', async () => {
    await house.publish(GAUGE, { levelM: 1 }, 'hulu');
    expect(house.fleet.now('bendung')?.lastHeardAt).toBe(0);
    expect(house.fleet.now('hulu')?.lastHeardAt).toBe(NOW);
  });
});

describe('a status', () => {
  test.each([
    ['online', 'online'],
    ['Online', 'online'],
    ['"OFFLINE"', 'offline'],
    ['offline\0', 'offline'],
    ['{"state":"online"}', 'online'],
    ['{"status":"Online"}', 'online'],
    ['{"state":"lost"}', 'offline'],
    ['{"status":"sleeping"}', 'sleeping'],
    ['Sleeping', 'sleeping'],
  ])('%s is %s', async (payload, presence) => {
    expect(await house.publish(STATUS, payload)).toMatchObject({ rejected: 0 });
    expect(house.presences).toEqual([['bendung', presence]]);
  });

  test.each(['dancing', '{"status":"fine"}', '{"status":1}', '{}', 'true', '[]', '{"statuses":"online"}'])(
    '%s is refused',
    async (payload) => {
      expect(await house.publish(STATUS, payload)).toMatchObject({ rejected: 1 });
      expect(house.presences).toEqual([]);
    },
  );
});
