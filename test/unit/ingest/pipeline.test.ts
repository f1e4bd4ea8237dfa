import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { createFormats } from '../../../devices/formats/index.ts';
import { QualityFlag, type Reading } from '../../../devices/reading.ts';
import type { RejectedMessage } from '../../../devices/rejection.ts';
import { createFleet, type Fleet } from '../../../fleet/fleet.ts';
import type { RegisteredDevice, Registry } from '../../../fleet/registry.ts';
import { createInbox } from '../../../ingest/inbox.ts';
import { createPipeline, type Pipeline } from '../../../ingest/pipeline.ts';
import { createQuality } from '../../../ingest/quality.ts';
import { createQuota } from '../../../ingest/quota.ts';
import { presenceOf } from '../../../journal/device-messages.ts';
import { JournalError } from '../../../journal/journal.ts';
import { ambulance, buildSmallCity, gauge } from '../../support/small-city.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
const GAUGE = 'siaga/semarang/river-gauge/bendung/telemetry';
const UNIT = 'siaga/semarang/ambulance/motor-1/telemetry';

// The gauge hangs 5 m above its zero and looks down.
const city = buildSmallCity([
  gauge('bendung', { sensorHeightM: 5, sensorRangeM: [0, 5] }),
  ambulance('motor-1'),
]);

let readings: Reading[];
let rejections: RejectedMessage[];
let acks: string[];
let presences: string[];
let failure: Error | undefined;
let fleet: Fleet;
let pipeline: Pipeline;

beforeEach(() => {
  readings = [];
  rejections = [];
  acks = [];
  presences = [];
  failure = undefined;
  const devices = city.devices.map((site): RegisteredDevice => ({ ...site, site }));
  const registry: Registry = {
    city: 'semarang',
    find: (id) => devices.find((device) => device.id === id),
    all: () => devices,
    gateways: () => [],
    reload: async () => undefined,
  };
  fleet = createFleet(registry);
  pipeline = createPipeline({
    config: { CLOCK_AHEAD_MAX_MS: 60_000 },
    city,
    registry,
    fleet,
    quality: createQuality(),
    quota: createQuota({ maxJournalBytes: 1, log: pino({ level: 'silent' }), monotonicNow: () => NOW }),
    formats: createFormats(),
    waiting: { note: () => undefined },
    inbox: createInbox(() => NOW),
    journal: {
      appendFor(waiter, newReadings, newRejections, newMessages = []) {
        if (failure) return waiter.refused(failure);
        readings.push(...newReadings);
        rejections.push(...newRejections);
        for (const message of newMessages) {
          if (message.channel === 'ack') acks.push(message.device);
          else presences.push(`${message.device} ${presenceOf(message)}`);
        }
        waiter.stored(newReadings.length, 0, newRejections.length);
      },
    },
    metrics: new Metrics(),
    findAckFault: (body) => (typeof body['assignment'] === 'string' ? undefined : 'assignment is missing'),
    hearConfig: () => undefined,
  });
});

const publish = (topic: string, payload: unknown, identity?: string) =>
  pipeline.accept({
    topic,
    payload: Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    receivedAt: NOW,
    clientId: 'test',
    ...(identity ? { identity } : {}),
  });

describe('what is understood', () => {
  test('becomes a reading in SI units with both clocks', async () => {
    const outcome = await publish(GAUGE, {
      measuredAt: '2026-01-15T09:29:50+07:00',
      seq: 7,
      levelM: 1.42,
      simulated: true,
    });
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    expect(readings).toEqual([
      {
        city: 'semarang',
        kind: 'river-gauge',
        device: 'bendung',
        measuredAt: NOW - 10_000,
        receivedAt: NOW,
        seq: 7,
        simulated: true,
        quality: 0,
        values: { levelM: 1.42 },
      },
    ]);
  });

  test('a distance becomes a level by the height of the sensor, and is kept', async () => {
    await publish(GAUGE, { distanceM: 3.5 });
    expect(readings[0]?.values).toEqual({ distanceM: 3.5, levelM: 1.5 });
  });

  test('a reading without a time has the time of receipt and says so', async () => {
    await publish(GAUGE, { levelM: 1 });
    expect(readings[0]).toMatchObject({ measuredAt: NOW, quality: QualityFlag.serverTime });
  });

  test('the same seq without a time is the same reading when it comes again', async () => {
    await publish(GAUGE, { levelM: 1, seq: 5 });
    await pipeline.accept({
      topic: GAUGE,
      payload: Buffer.from('{"levelM":1,"seq":5}'),
      receivedAt: NOW + 900,
      clientId: 'x',
    });
    expect(readings.map((reading) => reading.measuredAt)).toEqual([NOW, NOW]);
  });

  test('the same seq and values without a time are a new reading when they come much later', async () => {
    await publish(GAUGE, { levelM: 1, seq: 1 });
    const receivedAt = NOW + 3_600_000;
    await pipeline.accept({
      topic: GAUGE,
      payload: Buffer.from('{"levelM":1,"seq":1}'),
      receivedAt,
      clientId: 'x',
    });
    expect(readings.map((reading) => reading.measuredAt)).toEqual([NOW, receivedAt]);
  });

  test('an older reading after a newer one is flagged as late', async () => {
    await publish(GAUGE, [
      { measuredAt: NOW - 1000, levelM: 1 },
      { measuredAt: NOW - 9000, levelM: 1.1 },
    ]);
    expect(readings.map((reading) => reading.quality)).toEqual([0, QualityFlag.late]);
  });

  test('a level outside the span of the sensor is kept with the flag that stops an alert', async () => {
    await publish(GAUGE, { measuredAt: NOW, levelM: 65.55 });
    expect(readings[0]?.quality).toBe(QualityFlag.outsideSensorRange);
  });

  test('keys that the kind does not know are left out and flagged', async () => {
    await publish(GAUGE, { measuredAt: NOW, levelM: 1, humidity: 80 });
    expect(readings[0]).toMatchObject({ values: { levelM: 1 }, quality: QualityFlag.unknownFields });
  });

  test('a broken battery sensor does not hide a flood', async () => {
    const outcome = await publish(GAUGE, { measuredAt: NOW, levelM: 2.4, batteryV: -999 });
    expect(outcome).toEqual({ stored: 1, repeated: 0, rejected: 1 });
    expect(readings[0]?.values).toEqual({ levelM: 2.4 });
    expect(rejections[0]).toMatchObject({
      reason: 'out-of-range',
      detail: 'batteryV is -999; the least possible is 0',
    });
  });
});

describe('what is not understood is kept with its reason and its raw payload', () => {
  const level = { levelM: 1 };
  test.each([
    ['siaga/semarang/river-gauge/telemetry', level, 'bad-topic'],
    ['garbage', level, 'bad-topic'],
    ['siaga/semarang/river-gauge/bendung/command', level, 'bad-topic'],
    ['siaga/jakarta/river-gauge/bendung/telemetry', level, 'unknown-city'],
    ['siaga/semarang/toaster/bendung/telemetry', level, 'unknown-kind'],
    ['siaga/semarang/river-gauge/nobody/telemetry', level, 'unknown-device'],
    ['siaga/semarang/ambulance/bendung/telemetry', level, 'wrong-kind'],
    [GAUGE, '', 'not-json'],
    [GAUGE, '{"levelM":', 'not-json'],
    [GAUGE, Buffer.from([0x7b, 0xff, 0xfe]), 'not-utf8'],
    [GAUGE, '42', 'not-an-object'],
    [GAUGE, 'null', 'not-an-object'],
    [GAUGE, '[]', 'empty-batch'],
    [GAUGE, [[level]], 'not-an-object'],
    [GAUGE, {}, 'missing-quantity'],
    [GAUGE, { rainMm: 3 }, 'missing-quantity'],
    [GAUGE, { levelM: '1,4' }, 'wrong-type'],
    [GAUGE, { levelM: null }, 'missing-quantity'],
    [GAUGE, { levelM: -9999 }, 'out-of-range'],
    [UNIT, { lat: 110.4, lng: -7 }, 'swapped-coordinates'],
    [UNIT, { lat: -7 }, 'missing-quantity'],
    ['siaga/semarang/river-gauge/bendung/status', { status: 'fine' }, 'bad-status'],
    ['siaga/semarang/river-gauge/bendung/status', 'on line', 'bad-status'],
    ['siaga/semarang/ambulance/motor-1/ack', {}, 'bad-ack'],
  ])('%s %j is %s', async (topic, payload, reason) => {
    const outcome = await publish(topic, payload);
    expect(outcome).toEqual({ stored: 0, repeated: 0, rejected: 1 });
    expect(rejections.map((each) => each.reason)).toEqual([reason]);
    expect(rejections[0]?.detail.length).toBeGreaterThan(8);
    const raw = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    if (!Array.isArray(payload)) expect(Buffer.from(rejections[0]?.payload ?? []).equals(raw)).toBe(true);
    expect(readings).toEqual([]);
  });

  test('one bad reading of a batch costs only itself', async () => {
    const outcome = await publish(GAUGE, [
      { measuredAt: NOW - 2, levelM: 1 },
      { levelM: 'x' },
      { measuredAt: NOW - 1, levelM: 2 },
    ]);
    expect(outcome).toEqual({ stored: 2, repeated: 0, rejected: 1 });
    expect(Buffer.from(rejections[0]?.payload ?? []).toString()).toBe('{"levelM":"x"}');
  });

  test('a device that publishes for another is refused', async () => {
    await publish(GAUGE, { levelM: 1 }, 'motor-1');
    expect(rejections[0]).toMatchObject({ reason: 'wrong-device', device: 'motor-1' });
  });

  test('the device sees its rejections by reason in its data health', async () => {
    await publish(GAUGE, { levelM: -99 });
    expect(fleet.now('bendung')?.health.rejected).toEqual({ 'out-of-range': 1 });
  });
});

test.each([
  ['{"assignment":"a1","ack":"refused","ack":"accepted"}', 'ack'],
  ['{"assignment":"a1","assignment":"a2","ack":"accepted"}', 'assignment'],
  ['{"assignment":"a1","word":"1","word":"2","ack":"accepted"}', 'word'],
])('an ack that says two things is refused and answers nothing: %s', async (payload, key) => {
  await publish('siaga/semarang/ambulance/motor-1/ack', payload);
  expect(acks).toEqual([]);
  expect(rejections).toMatchObject([{ reason: 'bad-ack', detail: expect.stringContaining(key) }]);
});

describe('several answers in one message', () => {
  const ACK = 'siaga/semarang/ambulance/motor-1/ack';

  test.each([
    ['an array', '[{"assignment":"a1","ack":"accepted"},{"assignment":"a2","ack":"refused"}]'],
    ['a line each', '{"assignment":"a1","ack":"accepted"}\n{"assignment":"a2","ack":"refused"}'],
  ])('%s: each is taken', async (_name, payload) => {
    await publish(ACK, payload);
    expect({ acks, rejections }).toEqual({ acks: ['motor-1', 'motor-1'], rejections: [] });
  });

  test('what is wrong with one keeps no other from its order, and is kept by itself', async () => {
    await publish(ACK, '[{"ack":"accepted"},{"assignment":"a2","ack":"accepted"},7]');
    expect(acks).toEqual(['motor-1']);
    expect(rejections.map(({ reason, payload }) => [reason, Buffer.from(payload).toString()])).toEqual([
      ['bad-ack', '{"ack":"accepted"}'],
      ['not-an-object', '7'],
    ]);
  });

  test('one in which a key stands twice is refused as a whole, as are too many', async () => {
    await publish(ACK, '[{"assignment":"a1","ack":"refused","ack":"accepted"}]');
    await publish(ACK, new Array(51).fill({ assignment: 'a1', ack: 'accepted' }));
    await publish(ACK, []);
    expect(acks).toEqual([]);
    expect(rejections.map(({ reason }) => reason)).toEqual(['bad-ack', 'bad-ack', 'bad-ack']);
  });
});

test('status and ack go to the journal as entries of their own', async () => {
  await publish('siaga/semarang/ambulance/motor-1/status', { status: 'online' });
  await publish('siaga/semarang/ambulance/motor-1/ack', { assignment: 'a1', ack: 'accepted' });
  expect({ presences, acks }).toEqual({ presences: ['motor-1 online'], acks: ['motor-1'] });
});

test('a journal that cannot write makes accept fail, so that there is no PUBACK', async () => {
  failure = new JournalError('JOURNAL_IO', 'disk on fire');
  await expect(publish(GAUGE, { levelM: 1 })).rejects.toMatchObject({ code: 'JOURNAL_IO' });
  await expect(publish('garbage', 'x')).rejects.toMatchObject({ code: 'JOURNAL_IO' });
});

test('what a device sends beyond its share is refused with its payload, and the others are heard', async () => {
  const ack = { assignment: '7', ack: 'accepted' };
  for (let n = 0; n < 600; n++) await publish('siaga/semarang/ambulance/motor-1/ack', ack);
  expect(rejections).toEqual([]);
  await publish('siaga/semarang/ambulance/motor-1/ack', ack);
  const buffer = Array.from({ length: 10_000 }, (_, n) => ({ measuredAt: NOW - n * 1_000, levelM: 1 }));
  for (let n = 0; n < 10; n++) await publish(GAUGE, buffer);
  expect(readings).toHaveLength(100_000);
  await publish(GAUGE, { levelM: 1.5 });
  expect(readings).toHaveLength(100_000);
  expect(rejections.map(({ reason, device }) => `${device} ${reason}`)).toEqual([
    'motor-1 over-quota',
    'bendung over-quota',
  ]);
  await publish(UNIT, { lat: -6.99, lng: 110.42, speedMps: 0, status: 'available' });
  expect(readings).toHaveLength(100_001);
});
