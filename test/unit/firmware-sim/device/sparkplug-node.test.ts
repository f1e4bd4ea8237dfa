/** A simulated edge node of Sparkplug B: births, counts and deaths that a strict host would take. */
import type { PublishPacket } from 'aedes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFields } from '../../../../devices/formats/protobuf-reader.ts';
import { readSparkplugPayload } from '../../../../devices/formats/sparkplug-payload.ts';
import { DeviceConnection } from '../../../../firmware-sim/device/connection.ts';
import { SimulatedDevice } from '../../../../firmware-sim/device/device.ts';
import { encoderOf } from '../../../../firmware-sim/device/formats/encoder.ts';
import { sparkplugB } from '../../../../firmware-sim/device/formats/sparkplug-b.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createTotals } from '../../../../firmware-sim/totals.ts';
import { createPipelineHouse, HOUSE_START_MS } from '../../../support/pipeline-house.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { type RecordingBroker, startRecordingBroker, until } from '../support/recording-broker.ts';

const speaker = { city: 'semarang', kind: 'river-gauge', id: 'hulu' };
const reportAt = (measuredAtMs: number, levelM = 1.25) => ({ measured: { levelM }, measuredAtMs, seq: 1 });

function countOf(payload: string | Buffer | undefined): number | undefined {
  for (const { number, integer } of readFields(payload as Buffer)) if (number === 3) return integer;
  return undefined;
}

function birthNumberOf(payload: string | Buffer | undefined): unknown {
  return readSparkplugPayload(payload as Buffer).metrics.find(({ name }) => name === 'bdSeq')?.value;
}

describe('what an edge node says', () => {
  test('counts from its birth at 0, and from 255 to 0', () => {
    const node = encoderOf(sparkplugB);
    node.begin?.(HOUSE_START_MS);
    const birth = node.formatPresence?.(speaker, 'online', '');
    const data = Array.from({ length: 257 }, (_, n) => node.encode(speaker, reportAt(HOUSE_START_MS + n)));
    const expected = [0, ...Array.from({ length: 255 }, (_, n) => n + 1), 0, 1];
    expect([birth, ...data].map((words) => countOf(words?.payload))).toEqual(expected);
  });

  test('names its metrics in the birth alone, and dies without a count', () => {
    const node = encoderOf(sparkplugB);
    node.begin?.(HOUSE_START_MS);
    const death = node.formatPresence?.(speaker, 'offline', '');
    const birth = node.formatPresence?.(speaker, 'online', '');
    const data = node.encode(speaker, reportAt(HOUSE_START_MS));
    const born = readSparkplugPayload(birth?.payload as Buffer).metrics;
    const [metric] = readSparkplugPayload(data.payload as Buffer).metrics;
    expect(metric).not.toHaveProperty('name');
    expect(born.find(({ alias }) => alias === metric?.alias)).toMatchObject({
      name: 'Weir/levelM',
      unit: 'm',
    });
    expect(countOf(death?.payload)).toBeUndefined();
    expect([birth, death, data].map((words) => words?.isRetained)).toEqual([false, false, false]);
  });

  test('has one number for birth and death, and another with each connection', () => {
    const node = encoderOf(sparkplugB);
    const numbers = Array.from({ length: 257 }, () => {
      node.begin?.(HOUSE_START_MS);
      const said = (['offline', 'online', 'offline'] as const).map((presence) =>
        birthNumberOf(node.formatPresence?.(speaker, presence, '')?.payload),
      );
      expect(new Set(said).size).toBe(1);
      return said[0];
    });
    expect([numbers[0], numbers[1], numbers[255], numbers[256]]).toEqual([0, 1, 255, 0]);
  });

  test('is understood by Siaga: the birth after a break says the last value once more, and it is stored once', async () => {
    const house = createPipelineHouse({ devices: { hulu: { format: 'sparkplug-b' } } });
    const node = encoderOf(sparkplugB);
    const say = (presence: 'online' | 'offline') => node.formatPresence?.(speaker, presence, '');
    const publish = async (words: { topic: string; payload: string | Buffer } | undefined) =>
      words && (await house.publish(words.topic, words.payload, 'hulu'));
    node.begin?.(HOUSE_START_MS - 9_000);
    const death = say('offline');
    await publish(say('online'));
    await publish(node.encode(speaker, reportAt(HOUSE_START_MS - 8_000)));
    await publish(death);
    node.begin?.(HOUSE_START_MS - 5_000);
    await publish(say('online'));
    // The will of the connection before, that the broker noticed late: the node is there.
    await publish(death);
    expect(house.presences.at(-1)).toEqual(['hulu', 'online']);
    await publish(node.encode(speaker, reportAt(HOUSE_START_MS - 4_000, 1.3)));
    expect(house.rejections).toEqual([]);
    expect(
      new Set(house.readings.map(({ measuredAt, values }) => `${measuredAt} ${values['levelM']}`)),
    ).toEqual(new Set([`${HOUSE_START_MS - 8_000} 1.25`, `${HOUSE_START_MS - 4_000} 1.3`]));
  });
});

describe('over a connection', () => {
  let broker: RecordingBroker;
  beforeEach(async () => {
    broker = await startRecordingBroker();
  });
  afterEach(() => broker[Symbol.asyncDispose]());

  test('its will is the death of its birth, and what it says when it is back is a new life', async () => {
    const clock = createManualClock();
    const random = createRandom(1, 'hulu');
    const encoder = encoderOf(sparkplugB);
    const heard: PublishPacket[] = [];
    broker.aedes.on('publish', (packet) => packet.topic.startsWith('spBv1.0/') && heard.push(packet));
    const typesOf = () => heard.map(({ topic }) => topic.split('/')[2]);
    const connection = new DeviceConnection({
      ...{ url: broker.url, identity: speaker, firmware: 'test', bounds: { maxWaiting: 10, maxInFlight: 4 } },
      ...{ clock, random, totals: createTotals(), onConnecting: (nowMs) => encoder.begin?.(nowMs) },
      formatPresence: (...words) => encoder.formatPresence?.(...words),
    });
    const behaviour = { measure: () => ({ levelM: 1 }), intervalMs: () => 3_600_000 };
    const device = new SimulatedDevice({ identity: speaker, connection, behaviour, encoder, clock, random });
    device.start(0);
    clock.advance(0);
    await until(() => typesOf().join() === 'NBIRTH');
    device.report();
    await until(() => typesOf().at(-1) === 'NDATA');
    device.setReachable(false);
    await until(() => typesOf().at(-1) === 'NDEATH');
    // Nobody hears it, and it is not kept: it would count by a connection that is no more.
    device.report();
    device.setReachable(true);
    clock.advance(60_000);
    await until(() => typesOf().at(-1) === 'NBIRTH');
    device.report();
    await until(() => heard.length === 5);
    expect(typesOf()).toEqual(['NBIRTH', 'NDATA', 'NDEATH', 'NBIRTH', 'NDATA']);
    expect(heard.map(({ payload }) => countOf(payload as Buffer))).toEqual([0, 1, undefined, 0, 1]);
    expect(heard.map(({ payload }) => birthNumberOf(payload as Buffer))).toEqual([
      0,
      undefined,
      0,
      1,
      undefined,
    ]);
    expect(heard.map(({ retain }) => retain)).toEqual([false, false, false, false, false]);
    const closed = device.close(0);
    clock.advance(0);
    await closed;
  });
});
