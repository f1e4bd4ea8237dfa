/** Many devices behind one connection, over a real broker: who is heard, who is lost, who is said to be gone. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeviceConnection } from '../../../../firmware-sim/device/connection.ts';
import { SimulatedDevice } from '../../../../firmware-sim/device/device.ts';
import { chirpstack } from '../../../../firmware-sim/device/formats/chirpstack.ts';
import type { Encoder } from '../../../../firmware-sim/device/formats/encoder.ts';
import { unifi } from '../../../../firmware-sim/device/formats/unifi.ts';
import { Gateway } from '../../../../firmware-sim/device/gateway.ts';
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
  // Closing is asked for at the end of the turn.
  await Promise.resolve();
  clock.advance(0);
  await closed;
  await broker[Symbol.asyncDispose]();
});

/** Devices `one` and `two`, started, once both were heard. */
async function openTwo(encoder: Encoder, kind: string): Promise<readonly SimulatedDevice[]> {
  const random = createRandom(1, 'gateway');
  const connection = new DeviceConnection({
    ...{ url: broker.url, firmware: 'test 1', bounds: { maxWaiting: 10, maxInFlight: 4 } },
    ...{ clock, random, totals, formatPresence: 'nothing', carries: () => gateway.devices },
    identity: { city: 'small', kind: 'gateway', id: 'gateway:test' },
  });
  const gateway = new Gateway(connection, totals);
  devices = ['one', 'two'].map((id) => {
    const identity = { city: 'small', kind, id };
    const behaviour = { measure: () => ({ levelM: 1, clients: 3 }), intervalMs: () => 60_000 };
    const link = gateway.linkOf(identity, encoder);
    return new SimulatedDevice({ identity, connection: link, behaviour, encoder, clock, random });
  });
  for (const device of devices) device.start(0);
  clock.advance(0);
  await until(() => totals.acknowledged === 2);
  return devices;
}

const bodies = (channel: string) => broker.bodies(channel) as Record<string, never>[];

describe('a gateway', () => {
  test('says what each of its devices measured, over one connection that counts for all of them', async () => {
    await openTwo(chirpstack, 'river-gauge');
    expect(broker.sockets.size).toBe(1);
    expect(totals.connected).toBe(2);
    expect(bodies('up').map(({ deviceInfo }) => deviceInfo?.['deviceName'])).toEqual(['one', 'two']);
  });

  test('loses what a device says that it does not hear, and counts it; the others are heard', async () => {
    const [one] = await openTwo(chirpstack, 'river-gauge');
    one?.setReachable(false);
    one?.report();
    devices[1]?.report();
    await until(() => totals.acknowledged === 3);
    expect(bodies('up').map(({ deviceInfo }) => deviceInfo?.['deviceName'])).toEqual(['one', 'two', 'two']);
    expect(totals).toMatchObject({ put: 4, dropped: 1 });
    expect(one?.connected).toBe(false);
    one?.setReachable(true);
    one?.report();
    await until(() => totals.acknowledged === 4);
    expect(bodies('up').at(-1)?.['fCnt'], 'what was lost is a gap in its count').toBe(3);
  });

  test('that is a controller says which of its devices are gone, and hears at once when they are back', async () => {
    const [one] = await openTwo(unifi, 'wifi-access-point');
    one?.setReachable(false);
    await until(() => bodies('device').length === 3);
    expect(bodies('device').at(-1)).toMatchObject({ data: [{ name: 'one', state: 0 }] });
    one?.setReachable(true);
    await until(() => bodies('device').length === 4);
    expect(bodies('device').at(-1)).toMatchObject({ data: [{ name: 'one', state: 1, num_sta: 3 }] });
  });
});
