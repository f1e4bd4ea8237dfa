import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceConnection } from '../../../../firmware-sim/device/connection.ts';
import { SimulatedDevice } from '../../../../firmware-sim/device/device.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createTotals, type Totals } from '../../../../firmware-sim/totals.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { type RecordingBroker, startRecordingBroker, until } from '../support/recording-broker.ts';

let broker: RecordingBroker;
let clock: ManualClock;
let totals: Totals;
let devices: SimulatedDevice[];

beforeEach(async () => {
  broker = await startRecordingBroker();
  clock = createManualClock();
  totals = createTotals();
  devices = [];
});

afterEach(async () => {
  const closed = Promise.all(devices.map((device) => device.close(0)));
  clock.advance(0);
  await closed;
  await broker[Symbol.asyncDispose]();
});

function open(onCommand?: (payload: Buffer) => void): SimulatedDevice {
  const identity = { city: 'small', kind: 'river-gauge', id: 'upper' };
  const random = createRandom(1, 'upper');
  const connection = new DeviceConnection({
    url: broker.url,
    identity,
    firmware: 'test 1',
    bounds: { maxWaiting: 1000, maxInFlight: 4 },
    clock,
    random,
    totals,
    ...(onCommand ? { onCommand } : {}),
  });
  const behaviour = { measure: () => ({ levelM: 1 }), intervalMs: () => 60_000 };
  const device = new SimulatedDevice({ identity, connection, behaviour, clock, random });
  devices.push(device);
  return device;
}

const telemetry = () => broker.bodies('telemetry');
const presences = () => broker.received('status');

describe('connection of a device', () => {
  it('says that it is online, retained, and sends its readings below its own topics', async () => {
    open().start(0);
    clock.advance(0);
    await until(() => totals.acknowledged === 1);
    expect(presences()[0]).toEqual({
      topic: 'siaga/small/river-gauge/upper/status',
      body: { status: 'online', firmware: 'test 1' },
      retain: true,
    });
    expect(telemetry()[0]).toEqual({
      measuredAt: new Date(clock.now()).toISOString(),
      seq: 1,
      simulated: true,
      levelM: 1,
    });
  });

  it('leaves a will that says offline when its network breaks', async () => {
    const device = open();
    device.start(0);
    clock.advance(0);
    await until(() => totals.acknowledged === 1);
    device.setReachable(false);
    await until(() => presences().length === 2);
    expect(presences()[1]?.body).toEqual({ status: 'offline' });
  });

  it('buffers while it is cut off and sends one batch, in order, when it is back', async () => {
    const device = open();
    device.start(0);
    clock.advance(0);
    await until(() => totals.acknowledged === 1);
    device.setReachable(false);
    await until(() => presences().length === 2);
    clock.advance(10 * 60_000);
    expect(device.unacknowledged).toBeGreaterThanOrEqual(9);
    const buffered = device.unacknowledged;
    device.setReachable(true);
    clock.advance(2_000);
    await until(() => telemetry().length === 2);
    const batch = telemetry()[1] as { seq: number }[];
    expect(batch.map((reading) => reading.seq)).toEqual(Array.from({ length: buffered }, (_, at) => at + 2));
  });

  it('comes back by itself, and not before its back-off', async () => {
    const device = open();
    device.start(0);
    clock.advance(0);
    await until(() => totals.acknowledged === 1);
    for (const socket of broker.sockets) socket.destroy();
    await until(() => !device.connected);
    clock.advance(499);
    expect(broker.sockets.size).toBe(0);
    clock.advance(2_000);
    await until(() => device.connected);
    expect(totals).toMatchObject({ connected: 1, lost: 1 });
  });

  it('receives its commands', async () => {
    const commands: string[] = [];
    const subscribed = once(broker.aedes, 'subscribe');
    open((payload) => commands.push(payload.toString())).start(0);
    clock.advance(0);
    await subscribed;
    const delivered = once(broker.aedes, 'ack');
    broker.aedes.publish(
      {
        cmd: 'publish',
        topic: 'siaga/small/river-gauge/upper/command',
        payload: Buffer.from('go'),
        qos: 1,
        retain: false,
        dup: false,
      },
      () => {},
    );
    await delivered;
    expect(commands).toEqual(['go']);
  });

  it('says offline and awaits what is outstanding when it is closed', async () => {
    const device = open();
    device.start(0);
    clock.advance(0);
    await until(() => totals.acknowledged === 1);
    device.report();
    await device.close(5_000);
    expect(telemetry()).toHaveLength(2);
    expect(presences().at(-1)).toMatchObject({ body: { status: 'offline' }, retain: true });
    expect(totals).toMatchObject({ put: 2, acknowledged: 2, connected: 0, lost: 0 });
  });

  it('ends within its bound though the broker never acknowledges', async () => {
    broker.aedes.authorizePublish = () => {};
    const device = open();
    device.start(0);
    clock.advance(0);
    await until(() => totals.connected === 1);
    const closed = device.close(1_500);
    clock.advance(1_500);
    await closed;
    expect(device.unacknowledged).toBe(1);
  });
});
