import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../../firmware-sim/clock.ts';
import { DeviceConnection } from '../../../../firmware-sim/device/connection.ts';
import { SimulatedDevice } from '../../../../firmware-sim/device/device.ts';
import { createRandom } from '../../../../firmware-sim/random.ts';
import { createTotals, type Totals } from '../../../../firmware-sim/totals.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

interface Received {
  readonly topic: string;
  readonly body: unknown;
  readonly retain: boolean;
}

let broker: Aedes;
let server: Server;
let sockets: Set<Socket>;
let received: Received[];
let clock: ManualClock;
let totals: Totals;
let devices: SimulatedDevice[];

beforeEach(async () => {
  broker = await Aedes.createBroker();
  sockets = new Set();
  received = [];
  broker.on('publish', (packet: PublishPacket, client) => {
    if (!client && !packet.topic.startsWith('siaga/')) return;
    const text = packet.payload.toString();
    received.push({ topic: packet.topic, body: text === '' ? '' : parseOrText(text), retain: packet.retain });
  });
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  clock = createManualClock();
  totals = createTotals();
  devices = [];
});

afterEach(async () => {
  const closed = Promise.all(devices.map((device) => device.close(0)));
  clock.advance(0);
  await closed;
  server.close();
  await new Promise<void>((resolve) => broker.close(resolve));
});

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The network is real: what it brings is awaited, the device's own waiting is turned by hand. */
function until(seen: () => boolean): Promise<void> {
  return vi.waitFor(() => expect(seen()).toBe(true), { timeout: 10_000, interval: 5 });
}

function open(onCommand?: (payload: Buffer) => void, clockOfDevice: Clock = clock): SimulatedDevice {
  const identity = { city: 'small', kind: 'river-gauge', id: 'upper' };
  const random = createRandom(1, 'upper');
  const connection = new DeviceConnection({
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    identity,
    firmware: 'test 1',
    bounds: { maxWaiting: 1000, maxInFlight: 4 },
    clock: clockOfDevice,
    random,
    totals,
    ...(onCommand ? { onCommand } : {}),
  });
  const behaviour = { measure: () => ({ levelM: 1 }), intervalMs: () => 60_000 };
  const device = new SimulatedDevice({ identity, connection, behaviour, clock: clockOfDevice, random });
  devices.push(device);
  return device;
}

const telemetry = () => received.filter((each) => each.topic.endsWith('/telemetry')).map((each) => each.body);
const presences = () => received.filter((each) => each.topic.endsWith('/status'));

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
    for (const socket of sockets) socket.destroy();
    await until(() => !device.connected);
    clock.advance(499);
    expect(sockets.size).toBe(0);
    clock.advance(2_000);
    await until(() => device.connected);
    expect(totals).toMatchObject({ connected: 1, lost: 1 });
  });

  it('receives its commands', async () => {
    const commands: string[] = [];
    const subscribed = once(broker, 'subscribe');
    open((payload) => commands.push(payload.toString())).start(0);
    clock.advance(0);
    await subscribed;
    const delivered = once(broker, 'ack');
    broker.publish(
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
    broker.authorizePublish = () => {};
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
