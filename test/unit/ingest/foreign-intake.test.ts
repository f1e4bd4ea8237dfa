/** Messages of other formats: whose they are, who may bring them, and what becomes of what is nobody's. */
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { createMapped } from '../../../devices/formats/mapped.ts';
import { isUnclaimed } from '../../../ingest/gather-claims.ts';
import { formatHttpOrigin, replayOf } from '../../../ingest/incoming-message.ts';
import { createQuota } from '../../../ingest/quota.ts';
import {
  createPipelineHouse,
  HOUSE_START_MS,
  type PipelineHouseOptions,
} from '../../support/pipeline-house.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

const GATEWAY = 'gateway:lora';
const EUI = 'a84041ffff123456';
const uplink = (devEui: string, object: object, more: object = {}) => ({
  deviceInfo: { devEui, deviceName: 'x' },
  time: new Date(HOUSE_START_MS - 1_000).toISOString(),
  fCnt: 7,
  object,
  ...more,
});
const topicOf = (devEui: string) => `application/1/device/${devEui}/event/up`;

const open: { [Symbol.asyncDispose](): PromiseLike<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});
function houseOf(options: PipelineHouseOptions) {
  return createPipelineHouse(options);
}

describe('what is no word of a device is left alone, and said to who brought it', () => {
  const house = () =>
    houseOf({
      gateways: [{ id: 'gateway:scada', format: 'sparkplug-b' }],
      devices: { bendung: { format: 'sparkplug-b', aliases: ['edge-1'] } },
    });

  test.each([
    ['spBv1.0/STATE/scada', '{"online":true,"timestamp":1}', 'gateway:scada'],
    ['STATE/scada', 'OFFLINE', 'gateway:scada'],
    ['spBv1.0/STATE/scada', 'ONLINE', 'bendung'],
    ['spBv1.0/water/NCMD/edge-9', 'x', 'gateway:scada'],
    ['spBv1.0/water/DCMD/edge-1/pump', 'x', 'gateway:scada'],
  ])('%s %s of %s', async (topic, payload, sender) => {
    const all = house();
    expect(await all.publish(topic, payload, sender)).toEqual({ stored: 0, repeated: 0, rejected: 0 });
    expect([all.rejections, all.waiting, all.presences]).toEqual([[], [], []]);
    expect(all.inbox.look(sender)[0]?.outcome).toContain('no measurement');
  });
});

describe('through a gateway', () => {
  const lora: PipelineHouseOptions = {
    gateways: [{ id: GATEWAY, format: 'chirpstack' }],
    devices: {
      bendung: { format: 'chirpstack', aliases: [EUI] },
      hulu: { format: 'chirpstack', aliases: ['other'] },
    },
  };

  test('a distance becomes a level by the height of the sensor, and is kept', async () => {
    const house = houseOf({
      ...lora,
      city: buildSmallCity([gauge('bendung', { sensorHeightM: 5, sensorRangeM: [0, 5] })]),
    });
    const outcome = await house.publish(
      topicOf(EUI),
      uplink(EUI, { Distance: '1234 mm', Bat: '3.4 V' }),
      GATEWAY,
    );
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(house.readings[0]).toMatchObject({
      device: 'bendung',
      kind: 'river-gauge',
      seq: 7,
      quality: 0,
      values: { distanceM: 1.234, levelM: 3.766, batteryV: 3.4 },
    });
  });

  test('the same event twice is stored once', async () => {
    const house = houseOf(lora);
    const message = uplink(EUI, { levelM: 1.4 });
    await house.publish(topicOf(EUI), message, GATEWAY);
    expect(await house.publish(topicOf(EUI), message, GATEWAY)).toEqual({
      stored: 0,
      repeated: 1,
      rejected: 0,
    });
  });

  test('what the kind has no use for is left out without a flag', async () => {
    const house = houseOf(lora);
    await house.publish(topicOf(EUI), uplink(EUI, { levelM: 1.4, lat: -7, lng: 110.4, clients: 3 }), GATEWAY);
    expect(house.readings[0]).toMatchObject({ quality: 0, values: { levelM: 1.4 } });
  });

  test('a failed sensor is told, and its device is heard', async () => {
    const house = houseOf(lora);
    await house.publish(topicOf(EUI), uplink(EUI, { Distance: 'Invalid Reading' }), GATEWAY);
    expect(house.rejections[0]).toMatchObject({ reason: 'missing-quantity', device: 'bendung' });
    expect(house.fleet.now('bendung')?.unusable?.why).toContain('Invalid Reading');
    expect(house.inbox.look('bendung')[0]?.outcome).toContain('Invalid Reading');
  });

  test('a name that is nobody’s waits, raw, in the name of the gateway', async () => {
    const house = houseOf(lora);
    const message = uplink('ffff000011112222', { levelM: 1.4 });
    expect(await house.publish(topicOf('ffff000011112222'), message, GATEWAY)).toMatchObject({ rejected: 1 });
    expect(house.rejections[0]).toMatchObject({ reason: 'unclaimed', device: GATEWAY });
    expect(JSON.parse(Buffer.from(house.rejections[0]?.payload ?? []).toString())).toEqual(message);
    expect(house.waiting).toEqual([`${GATEWAY} ffff000011112222`]);
  });

  test.each<[string, PipelineHouseOptions]>([
    [
      'is assigned to another gateway',
      { ...lora, devices: { bendung: { format: 'chirpstack', aliases: [EUI], gateway: 'gateway:b' } } },
    ],
    ['speaks another format', { ...lora, devices: { bendung: { format: 'owntracks', aliases: [EUI] } } }],
    ['has no format', { ...lora, devices: { bendung: { aliases: [EUI] } } }],
    [
      'could be of either of two gateways',
      { ...lora, gateways: [...(lora.gateways ?? []), { id: 'gateway:b', format: 'chirpstack' }] },
    ],
  ])('a device that %s is not spoken for', async (_why, options) => {
    const house = houseOf(options);
    expect(await house.publish(topicOf(EUI), uplink(EUI, { levelM: 9 }), GATEWAY)).toMatchObject({
      stored: 0,
    });
    expect(house.rejections[0]).toMatchObject({ reason: 'wrong-device', device: GATEWAY });
    expect(house.fleet.now('bendung')?.lastHeardAt).toBe(0);
  });

  test('a device that is assigned to it is, whatever other gateways there are', async () => {
    const house = houseOf({
      gateways: [
        { id: GATEWAY, format: 'chirpstack' },
        { id: 'gateway:b', format: 'chirpstack' },
      ],
      devices: { bendung: { format: 'chirpstack', aliases: [EUI], gateway: GATEWAY } },
    });
    expect(await house.publish(topicOf(EUI), uplink(EUI, { levelM: 1 }), GATEWAY)).toMatchObject({
      stored: 1,
    });
  });

  test('a message that names several is kept once, and found by each of the names', async () => {
    const house = houseOf({ gateways: [{ id: GATEWAY, format: 'line-protocol' }] });
    const lines = ['g1', 'g2', 'g2', 'a "b"'].map(
      (name) => `water,device=${name.replace(' ', '\\ ')} level=1\n`,
    );
    await house.publish('x', Buffer.from(`${lines.join('')}nonsense`), GATEWAY);
    const kept = house.rejections.filter(({ reason }) => reason === 'unclaimed');
    expect(kept).toHaveLength(1);
    const isOf = (name: string) => isUnclaimed(kept[0]?.detail ?? '', name, 'line-protocol');
    expect(['g1', 'g2', 'a "b"', 'g', 'g3'].map(isOf)).toEqual([true, true, true, false, false]);
  });

  test('a message that names nobody and cannot be read says why', async () => {
    const house = houseOf({
      gateways: [{ id: GATEWAY, format: 'line-protocol' }],
      devices: { hulu: { format: 'line-protocol' } },
    });
    await house.publish('x', Buffer.from('water,device=hulu level=1\nwater,device=hulu level=x'), GATEWAY);
    expect(house.readings).toMatchObject([{ device: 'hulu' }]);
    expect(house.rejections).toMatchObject([{ reason: 'bad-format', device: GATEWAY }]);
    expect(house.rejections[0]?.detail).toContain('line 2: unable to parse');
  });

  test('our own format goes by our own topics', async () => {
    const house = houseOf({
      gateways: [{ id: GATEWAY, format: 'siaga' }],
      devices: { bendung: { gateway: GATEWAY } },
    });
    await house.publish('siaga/semarang/river-gauge/bendung/telemetry', { levelM: 1 }, GATEWAY);
    await house.publish('siaga/semarang/river-gauge/hulu/telemetry', { levelM: 1 }, GATEWAY);
    expect(house.readings.map(({ device }) => device)).toEqual(['bendung']);
    expect(house.rejections.map(({ reason }) => reason)).toEqual(['wrong-device']);
  });

  test('a pack with the values of three is three devices, one of them nobody’s', async () => {
    const house = houseOf({
      gateways: [{ id: GATEWAY, format: 'senml' }],
      devices: { bendung: { format: 'senml' }, hulu: { format: 'senml', aliases: ['g8'] } },
    });
    const record = (bn: string, v: number) => ({
      bn: `${bn}/`,
      bt: HOUSE_START_MS / 1000,
      n: 'level',
      u: 'm',
      v,
    });
    const pack = [record('bendung', 1), record('g8', 2), record('g9', 3)];
    expect(await house.publish('x', pack, GATEWAY)).toEqual({ stored: 2, repeated: 0, rejected: 1 });
    expect(house.readings.map(({ device, values }) => [device, values['levelM']])).toEqual([
      ['bendung', 1],
      ['hulu', 2],
    ]);
  });

  test('a gateway that is not registered brings nothing', async () => {
    const house = houseOf({ devices: lora.devices ?? {} });
    expect(await house.publish(topicOf(EUI), uplink(EUI, { levelM: 1 }), GATEWAY)).toMatchObject({
      stored: 0,
    });
    expect(house.rejections[0]?.reason).toBe('wrong-device');
  });
});

describe('a device with a credential of its own', () => {
  const phone: PipelineHouseOptions = {
    devices: { 'motor-1': { format: 'owntracks', aliases: ['budi/phone'] } },
  };
  const fix = { _type: 'location', lat: -7, lon: 110.4, tst: HOUSE_START_MS / 1000, vel: 36 };

  test.each(['owntracks/motor-1/x', 'owntracks/budi/phone', 'owntracks/x/motor-1'])(
    'publishes in its format under a name of its own: %s',
    async (topic) => {
      const house = houseOf(phone);
      await house.publish(topic, fix, 'motor-1');
      expect(house.readings[0]).toMatchObject({
        device: 'motor-1',
        values: { lat: -7, lng: 110.4, speedMps: 10 },
      });
    },
  );

  test.each([
    ['owntracks/siti/phone', 'wrong-device'],
    ['owntracks/bendung/x', 'wrong-device'],
    ['owntracks', 'wrong-device'],
    ['tele/motor-1/SENSOR', 'bad-topic'],
    ['home/kitchen', 'bad-topic'],
    ['siaga/semarang/ambulance/motor-2/telemetry', 'unknown-device'],
  ])('publishes nowhere else: %s', async (topic, reason) => {
    const house = houseOf(phone);
    await house.publish(topic, fix, 'motor-1');
    expect(house.readings).toEqual([]);
    expect(house.rejections[0]?.reason).toBe(reason);
  });

  test('still speaks our own format on its own topics', async () => {
    const house = houseOf(phone);
    await house.publish('siaga/semarang/ambulance/motor-1/telemetry', { status: 'available' }, 'motor-1');
    expect(house.readings[0]?.values).toEqual({ status: 'available' });
  });

  test('that is not said to speak a format is told how to', async () => {
    const house = houseOf({});
    await house.publish('owntracks/motor-1/x', fix, 'motor-1');
    expect(house.rejections[0]).toMatchObject({ reason: 'bad-topic' });
    expect(house.rejections[0]?.detail).toContain('--format owntracks');
  });

  test('may not put the name of another into its payload', async () => {
    const house = houseOf({ devices: { 'motor-1': { format: 'traccar' } } });
    const forward = (uniqueId: string) => ({
      position: { latitude: -7, longitude: 110.4, deviceTime: '2026-01-15T02:30:00Z' },
      device: { uniqueId },
    });
    await house.publish('motor-1/traccar', forward('bendung'), 'motor-1');
    expect(house.rejections[0]?.reason).toBe('wrong-device');
    await house.publish('motor-1/traccar', forward('356307'), 'motor-1');
    expect(house.readings.map(({ device }) => device)).toEqual(['motor-1']);
  });

  test('of a format without topics of its own has its name as a level of the topic', async () => {
    const house = houseOf({
      devices: { bendung: { format: 'value', options: { columns: 'levelM:cm,batteryV' } } },
    });
    await house.publish('pdam/bendung', '142;12.6', 'bendung');
    await house.publish('pdam/other', '142;12.6', 'bendung');
    expect(house.readings.map(({ values }) => values)).toEqual([{ levelM: 1.42, batteryV: 12.6 }]);
    expect(house.rejections.map(({ reason }) => reason)).toEqual(['wrong-device']);
  });

  test('says by its will that it is gone', async () => {
    const house = houseOf({ devices: { bendung: { format: 'tasmota' } } });
    await house.publish('tele/bendung/LWT', 'Online', 'bendung');
    await house.publish('tele/bendung/LWT', 'Offline', 'bendung');
    expect(house.presences).toEqual([
      ['bendung', 'online'],
      ['bendung', 'offline'],
    ]);
  });

  test('says so no more often than on our own topics', async () => {
    const log = pino({ level: 'silent' });
    const quota = createQuota({ maxJournalBytes: 1024 ** 3, log, monotonicNow: () => 0 });
    const house = houseOf({ quota, devices: { bendung: { format: 'tasmota' } } });
    for (let n = 0; n < 600; n++) await house.publish('tele/bendung/LWT', 'Online', 'bendung');
    expect(house.rejections).toEqual([]);
    expect(await house.publish('tele/bendung/LWT', 'Offline', 'bendung')).toMatchObject({ rejected: 1 });
    expect(house.presences).toHaveLength(600);
    expect(house.rejections).toMatchObject([{ reason: 'over-quota', device: 'bendung' }]);
    expect(house.inbox.look('bendung')[0]?.outcome).toContain('without end');
  });

  test('may have a mapping of its own, and its messages stay in order', async () => {
    const mapped = createMapped();
    open.push(mapped);
    const mapping = '{ "levelM": { "value": tma, "unit": "cm" }, "measuredAt": t }';
    const house = houseOf({
      mapped,
      devices: { bendung: { format: 'mapped', options: { mapping } } },
    });
    const sent = [1, 2, 3, 4, 5].map((n) => ({ tma: 100 + n, t: HOUSE_START_MS / 1000 - 60 + n }));
    await Promise.all(sent.map((each) => house.publish('pdam/bendung', each, 'bendung')));
    expect(house.readings.map(({ values }) => values['levelM'])).toEqual([1.01, 1.02, 1.03, 1.04, 1.05]);
    expect(house.readings.every(({ quality }) => quality === 0)).toBe(true);
  });
});

test('what came by HTTP is tried again in the format in which it came', async () => {
  const house = houseOf({});
  const fix = { _type: 'location', lat: -7, lon: 110.4, tst: HOUSE_START_MS / 1000 - 1 };
  const payload = Buffer.from(JSON.stringify([fix, { _type: 'riddle' }]));
  const from = formatHttpOrigin('owntracks', '127.0.0.1');
  const message = { ...from, payload, receivedAt: house.clock.ms, identity: 'motor-1' };
  await house.pipeline.accept({ ...message, format: 'owntracks' });
  const kept = { id: 1, reason: 'bad-format' as const, detail: '', device: 'motor-1', ...message };
  expect(await house.pipeline.accept(replayOf(kept, 'motor-1', house.clock.ms))).toEqual({
    stored: 0,
    repeated: 1,
    rejected: 1,
  });
  expect(house.rejections.map(({ reason }) => reason)).toEqual(['bad-format', 'bad-format']);
});

test('what a device published on a topic that only looks like HTTP is not', async () => {
  const message = { topic: 'http/owntracks', clientId: 'motor-1', payload: Buffer.from('x'), receivedAt: 0 };
  expect(replayOf({ id: 1, reason: 'bad-topic', detail: '', ...message }, 'motor-1', 1)).not.toHaveProperty(
    'format',
  );
});

test('a plain number on a topic that names no quantity is told what to do', async () => {
  const house = houseOf({ devices: { bendung: { format: 'value' } } });
  await house.publish('pdam/bendung', '1.42', 'bendung');
  expect(house.rejections[0]?.detail).toBe(
    'no quantity that we know among bendung; which quantity is it? name the columns, or end the topic with one: …/levelM',
  );
});

test('an id in capitals is named, with what an id is', async () => {
  const house = houseOf({});
  await house.publish('siaga/semarang/river-gauge/Bendung/telemetry', { levelM: 1 }, 'bendung');
  expect(house.rejections[0]?.detail).toBe(
    'the device is "Bendung"; expected lower case letters, digits and hyphens, up to 64',
  );
});

describe('one part that is not understood hides no sound part, and is told', () => {
  const at = new Date(HOUSE_START_MS - 1_000).toISOString();
  const fix = { _type: 'location', lat: -7, lon: 110.4, tst: HOUSE_START_MS / 1000 - 1 };
  const level = { bn: 'bendung:', n: 'level', u: 'm', v: 1.4 };
  const location = { timestamp: at, coords: { latitude: -7, longitude: 110.4 } };
  const mapping = '[{"levelM": tma}, "x"]';

  test.each<[string, string, string, unknown, object?]>([
    ['owntracks', 'motor-1', 'owntracks/u/motor-1', [{ _type: 'riddle' }, fix, 7]],
    ['traccar', 'motor-1', 'x/motor-1', [{}, { device_id: 'motor-1', location }, null]],
    ['senml', 'bendung', 'x/bendung', [null, level, 'x']],
    ['siaga', 'bendung', 'siaga/semarang/river-gauge/bendung/telemetry', [null, { levelM: 1.4 }, 7]],
    ['value', 'bendung', 'x/bendung', 'level;volts\n1.4;12\n1.5;12;9', { columns: 'levelM,batteryV' }],
    ['mapped', 'bendung', 'x/bendung', { tma: 1.4 }, { mapping }],
  ])('in %s', async (format, device, topic, sent, options = {}) => {
    const mapped = createMapped();
    open.push(mapped);
    const house = houseOf({ mapped, devices: { [device]: { format, options: { ...options } } } });
    const { pipeline, clock } = house;
    const payload = Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent));
    const message = { topic, payload, receivedAt: clock.ms, clientId: 'x', identity: device, format };
    expect(await pipeline.accept(message)).toEqual({ stored: 1, repeated: 0, rejected: 1 });
    expect(house.readings.map((reading) => reading.device)).toEqual([device]);
    expect(Buffer.from(house.rejections[0]?.payload ?? [])).toEqual(payload);
  });

  test.each([
    ['{"tinggi": tma}', 'the mapping gave no quantity that we know; its keys are tinggi'],
    ['{"presence": "yes"}', 'the status is'],
  ])('in a mapping with a wrong key or word: %s', async (wrong, detail) => {
    const mapped = createMapped();
    open.push(mapped);
    const devices = { bendung: { format: 'mapped', options: { mapping: wrong } } };
    const house = houseOf({ mapped, devices });
    expect(await house.publish('pdam/bendung', { tma: 1.4 }, 'bendung')).toMatchObject({ rejected: 1 });
    expect(house.rejections[0]?.detail).toContain(detail);
  });

  test('through a gateway, where the part says nothing of whose it is', async () => {
    const devices = { 'motor-1': { format: 'traccar' } };
    const house = houseOf({ gateways: [{ id: GATEWAY, format: 'traccar' }], devices });
    await house.publish('fleet', [{ device_id: 'motor-1', location }, { hello: 1 }], GATEWAY);
    expect(house.readings.map(({ device }) => device)).toEqual(['motor-1']);
    expect(house.rejections.map(({ detail }) => detail)).toEqual([
      'expected {position, device} of the server, or {location, device_id}',
    ]);
  });

  test('in the history of a LoRaWAN node', async () => {
    const house = houseOf({ devices: { bendung: { format: 'chirpstack', aliases: [EUI] } } });
    const history = [{ level: 1.1 }, { timestamp: at, level: 'No Sensor' }, { timestamp: at, level: 1.2 }];
    await house.publish(topicOf(EUI), uplink(EUI, { level: 1.4, history }), 'bendung');
    expect(house.readings.map(({ values }) => values['levelM'])).toEqual([1.2, 1.4]);
    expect(house.rejections.map(({ detail }) => detail)).toEqual([
      'history, an entry has no timestamp: the codec must give one; history, level: the sensor says "No Sensor"',
    ]);
  });

  test('in Tasmota: a second sensor of the same quantity, and a distance that is a text', async () => {
    const city = buildSmallCity([gauge('bendung', { sensorHeightM: 8, sensorRangeM: [0, 8] })]);
    const house = houseOf({ city, devices: { bendung: { format: 'tasmota' } } });
    const sensors = { 'SR04-1': { Distance: '700' }, 'SR04-2': { Distance: 0 } };
    await house.publish('tele/bendung/SENSOR', sensors, 'bendung');
    expect(house.readings.map(({ values }) => values['levelM'])).toEqual([1]);
    expect(house.rejections[0]?.detail).toMatch(
      /^SR04-2 says distanceM too; the first sensor is taken; stored already: bendung at /,
    );
  });
});

describe('where nobody proves who he is', () => {
  test('the topic tells the format and the device', async () => {
    const house = houseOf({ devices: { 'motor-1': { aliases: ['phone'] }, bendung: { format: 'value' } } });
    await house.publish('owntracks/budi/phone', { _type: 'location', lat: -7, lon: 110.4 });
    await house.publish('bendung/levelM', '1.42');
    await house.publish('nobody/levelM', '1.42');
    expect(house.readings.map(({ device }) => device)).toEqual(['motor-1', 'bendung']);
    expect(house.rejections.map(({ reason }) => reason)).toEqual(['bad-topic']);
  });
});

describe('from an outside broker', () => {
  const options: PipelineHouseOptions = {
    gateways: [{ id: GATEWAY, format: 'value', options: { columns: 'levelM' } }],
    devices: { bendung: { format: 'value' } },
  };
  const bring = (house: ReturnType<typeof houseOf>, text: string, more: object) =>
    house.pipeline.accept({
      ...{ topic: 'pdam/bendung', payload: Buffer.from(text), receivedAt: house.clock.ms, clientId: 'x' },
      ...{ identity: GATEWAY, ...more },
    });

  test('what it had retained says nothing of now, unless it has a time of its own', async () => {
    const house = houseOf(options);
    expect(await bring(house, '9.9', { isRetained: true })).toEqual({ stored: 0, repeated: 0, rejected: 0 });
    expect(house.readings).toEqual([]);
    const timed = houseOf({
      ...options,
      gateways: [{ id: GATEWAY, format: 'value', options: { columns: 'time,levelM' } }],
    });
    await bring(timed, '2026-01-15T01:30:00Z;1.4', { isRetained: true });
    expect(timed.readings.map(({ measuredAt }) => measuredAt)).toEqual([HOUSE_START_MS - 3_600_000]);
  });

  test('what may have come before is the last one again, where it says the same', async () => {
    const house = houseOf(options);
    await bring(house, '1.4', {});
    house.clock.ms += 30_000;
    expect(await bring(house, '1.4', { isRepeat: true })).toMatchObject({ repeated: 1 });
    expect(await bring(house, '1.5', { isRepeat: true })).toMatchObject({ stored: 1 });
    house.clock.ms += 3_600_000;
    expect(await bring(house, '1.5', { isRepeat: true })).toMatchObject({ stored: 1 });
  });
});

describe('the inbox', () => {
  test('has the last twenty as they came, and what became of each', async () => {
    const house = houseOf({});
    const topic = 'siaga/semarang/river-gauge/bendung/telemetry';
    await house.publish(topic, { levelM: 1 }, 'bendung');
    expect(house.inbox.look('bendung')).toEqual([]);
    await house.publish(topic, { levelM: 1.1, seq: 1 }, 'bendung');
    await house.publish(topic, { levelM: 1.1, seq: 1 }, 'bendung');
    await house.publish(topic, { LevelM: 1.2 }, 'bendung');
    const outcomes = house.inbox.look('bendung').map(({ payload, outcome }) => `${payload} ${outcome}`);
    expect(outcomes[0]).toContain('{"LevelM":1.2} refused and kept; one of levelM, distanceM is required');
    expect(outcomes[0]).toContain('did you mean levelM?');
    expect(outcomes[1]).toContain('a repeat, known already');
    expect(outcomes[2]).toContain('stored');
    for (let n = 0; n < 40; n++) await house.publish(topic, 'garbage', 'bendung');
    expect(house.inbox.look('bendung')).toHaveLength(20);
  });
});

describe('what stands before a topic is passed over', () => {
  test.each([
    [
      'a leading slash before our own',
      undefined,
      '/siaga/semarang/river-gauge/bendung/telemetry',
      { levelM: 1.4 },
    ],
    [
      'a site before our own',
      undefined,
      'timur/siaga/semarang/river-gauge/bendung/telemetry',
      { levelM: 1.4 },
    ],
    ['a site before that of a format', 'tasmota', 'timur/tele/bendung/SENSOR', { Gauge: { Level: 1.4 } }],
    ['the other full topic of Tasmota', 'tasmota', 'bendung/tele/SENSOR', { Gauge: { Level: 1.4 } }],
  ])('%s', async (_what, format, topic, payload) => {
    const house = houseOf({ devices: { bendung: format === undefined ? {} : { format } } });
    expect(await house.publish(topic, JSON.stringify(payload), 'bendung')).toMatchObject({ stored: 1 });
    expect(house.readings[0]?.values).toEqual({ levelM: 1.4 });
  });

  test('and nobody speaks for another device by it', async () => {
    const house = houseOf({ devices: { bendung: {}, hulu: {} } });
    await house.publish('/siaga/semarang/river-gauge/hulu/telemetry', '{"levelM":1.4}', 'bendung');
    expect(house.readings).toEqual([]);
    expect(house.rejections[0]?.reason).toBe('wrong-device');
  });

  test('a topic in capitals is told', async () => {
    const house = houseOf({ devices: { bendung: {} } });
    await house.publish('SIAGA/Semarang/river-gauge/bendung/telemetry', '{"levelM":1.4}', 'bendung');
    expect(house.rejections[0]?.detail).toContain('topics tell upper case from lower');
  });
});
