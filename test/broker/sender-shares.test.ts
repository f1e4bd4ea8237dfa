/** One secret has one rate, however many connections show it, and only so many of them. */
import { generate, type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_CONNECTIONS_OF_A_SENDER } from '../../broker/clients/sender-shares.ts';
import { eventually } from '../support/eventually.ts';
import { publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, STORED, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const open: TestBroker[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const broker of open.splice(0)) await broker[Symbol.asyncDispose]();
});

/** On a clock that stands still: 100 units of work a second over 2 s, 10 publishes a second over 10 s. */
async function start(): Promise<TestBroker> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const siaga = await openTestBroker(
    { MQTT_MAX_WORK_PER_CLIENT_PER_S: '100', MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '10' },
    { now: () => 1_700_000_000_000 },
  );
  open.push(siaga);
  return siaga;
}
const times = (count: number, make: (index: number) => Packet) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => generate(make(index))));
async function countAnswers(clients: readonly RawMqttClient[], cmd: Packet['cmd']): Promise<number> {
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  return clients.flatMap((client) => client.take()).filter((packet) => packet.cmd === cmd).length;
}
const connectMany = (siaga: TestBroker, count: number) =>
  Promise.all(Array.from({ length: count }, (_, box) => siaga.device('gauge-1', { clientId: `box-${box}` })));

describe('ten connections with the secret of one device', () => {
  test('have the work of one, and another device has its own', async () => {
    const siaga = await start();
    const boxes = await connectMany(siaga, 10);
    for (const box of boxes) box.sendBytes(times(300, () => ({ cmd: 'pingreq' })));
    expect(await countAnswers(boxes, 'pingresp')).toBe(200);
    const honest = await siaga.device('gauge-2');
    honest.sendBytes(times(50, () => ({ cmd: 'pingreq' })));
    expect(await countAnswers([honest], 'pingresp')).toBe(50);
  });

  test('have the publishes of one', async () => {
    const siaga = await start();
    const boxes = await connectMany(siaga, 10);
    const readings = times(50, (index) => publishPacket(TELEMETRY, '{}', { qos: 1, messageId: index + 1 }));
    for (const box of boxes) box.sendBytes(readings);
    expect(await countAnswers(boxes, 'puback')).toBe(100);
  });

  test('have no new rate when they come back', async () => {
    const siaga = await start();
    const first = await siaga.device('gauge-1');
    first.sendBytes(times(300, () => ({ cmd: 'pingreq' })));
    expect(await countAnswers([first], 'pingresp')).toBe(200);
    first.destroy();
    await countAnswers([first], 'pingresp');
    const again = await siaga.device('gauge-1');
    again.sendBytes(times(300, () => ({ cmd: 'pingreq' })));
    expect(await countAnswers([again], 'pingresp')).toBe(0);
  });
});

test('a large message that takes long is paid for by its time, and what comes behind it waits', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let clockMs = 0;
  const siaga = await openTestBroker(
    // 1,000 at once.
    { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '100' },
    { now: () => 1_700_000_000_000, monotonicNow: () => clockMs },
  );
  open.push(siaga);
  siaga.pipeline.judge = ({ payload }) => {
    if (payload.length > 4_096) clockMs += 40;
    return STORED;
  };
  const device = await siaga.device('gauge-1');
  device.send(publishPacket(TELEMETRY, 'x'.repeat(5_000), { qos: 1, messageId: 1 }));
  await device.next('puback');
  device.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 2 }));
  expect(await countAnswers([device], 'puback')).toBe(0);
  clockMs += 20_000;
  await vi.advanceTimersByTimeAsync(100);
  expect(await countAnswers([device], 'puback')).toBe(1);
});

test('a device that makes up a client id for each connect loses its oldest connection, and no other does', async () => {
  const siaga = await openTestBroker();
  open.push(siaga);
  const neighbour = await siaga.device('gauge-2');
  const boxes: RawMqttClient[] = [];
  for (let box = 0; box <= MAX_CONNECTIONS_OF_A_SENDER; box++) {
    boxes.push(await siaga.device('gauge-1', { clientId: `box-${box}` }));
  }
  await boxes[0]?.closed();
  for (const stays of [...boxes.slice(1), neighbour]) await stays.ping();
  await eventually(async () => {
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'gave-way' })).toBe(1);
  });
});
