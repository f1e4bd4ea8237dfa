/** A storm at the door: who has gone costs nothing, the newest waits least, and everybody else has his turn. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import mqtt from 'mqtt-packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Arrivals, isConnectAtMost } from '../../broker/listeners/arrivals.ts';
import { connectPacket, publishPacket, RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY } from '../support/test-broker.ts';

const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
const CONNECT = mqtt.generate(connectPacket(good));
const PUBLISH = mqtt.generate(publishPacket(TELEMETRY, '{}'));

const quiet = { isHello: isConnectAtMost, onGone: () => undefined };

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
  if (server) await once(server.close(), 'close');
  server = undefined;
});

/** Turns of the event loop, in which what was sent over loopback arrives. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** A pair of sockets. */
async function pair(): Promise<[near: Socket, far: Socket]> {
  server ??= createServer().listen(0, '127.0.0.1');
  if (!server.listening) await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  sockets.push(near, far);
  return [near, far];
}

describe('arrivals', () => {
  test('the newest is served first, and only some in one turn', async () => {
    const pairs = [];
    for (let index = 0; index < 40; index++) pairs.push(await pair());
    const served: number[] = [];
    const arrivals = new Arrivals();
    pairs.forEach(([near], index) => {
      arrivals.add({
        ...quiet,
        socket: near,
        serve: (over) => {
          served.push(index);
          over();
        },
      });
    });
    while (served.length === 0) await turns(1);
    expect(served.length).toBeLessThan(40);
    await turns(10);
    expect(served).toEqual(Array.from({ length: 40 }, (_, index) => 39 - index));
  });

  test.each([
    ['said nothing', Buffer.alloc(0), 'gone'],
    ['sent a CONNECT', CONNECT, 'gone'],
    ['sent half a CONNECT', CONNECT.subarray(0, 9), 'gone'],
    ['sent a reading with its CONNECT', Buffer.concat([CONNECT, PUBLISH]), 'served'],
  ])('one that %s and closed while it waited is %s', async (_name, bytes, end) => {
    const [near, far] = await pair();
    const [busy] = await pair();
    const outcome: string[] = [];
    const arrivals = new Arrivals();
    let isReleased = false;
    // Always the newest: it takes all turns until it is released.
    const keepBusy = (over?: () => void) => {
      over?.();
      if (!isReleased) arrivals.add({ ...quiet, socket: busy, serve: keepBusy });
    };
    arrivals.add({
      socket: near,
      isHello: isConnectAtMost,
      serve: () => outcome.push('served'),
      onGone: () => outcome.push('gone'),
    });
    keepBusy();
    far.end(bytes);
    await turns(30);
    isReleased = true;
    await turns(10);
    expect(outcome).toEqual([end]);
  });

  test('only so many handshakes are begun before one is over', async () => {
    const pairs = [];
    for (let index = 0; index < 100; index++) pairs.push(await pair());
    const begun: (() => void)[] = [];
    const arrivals = new Arrivals();
    for (const [near] of pairs) arrivals.add({ ...quiet, socket: near, serve: (over) => begun.push(over) });
    await turns(30);
    expect(begun).toHaveLength(64);
    begun[0]?.();
    begun[0]?.();
    await turns(10);
    expect(begun).toHaveLength(65);
  });

  test('one that takes long holds nobody up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pairs = [];
    for (let index = 0; index < 70; index++) pairs.push(await pair());
    const begun: (() => void)[] = [];
    const arrivals = new Arrivals();
    for (const [near] of pairs) arrivals.add({ ...quiet, socket: near, serve: (over) => begun.push(over) });
    await turns(30);
    expect(begun).toHaveLength(64);
    vi.advanceTimersByTime(1_000);
    await turns(10);
    expect(begun).toHaveLength(70);
  });

  test('what came while it waited is read by whoever serves it', async () => {
    const [near, far] = await pair();
    far.write(CONNECT.subarray(0, 5));
    const arrivals = new Arrivals();
    const heard = Promise.withResolvers<Buffer>();
    const serve = () => {
      let bytes = Buffer.alloc(0);
      near.on('data', (more: Buffer) => {
        bytes = Buffer.concat([bytes, more]);
        if (bytes.length === CONNECT.length) heard.resolve(bytes);
      });
    };
    arrivals.add({ ...quiet, socket: near, serve });
    far.write(CONNECT.subarray(5));
    expect(await heard.promise).toEqual(CONNECT);
  });
});

test.each([
  [CONNECT, true],
  [CONNECT.subarray(0, 1), true],
  [CONNECT.subarray(0, 20), true],
  [Buffer.concat([CONNECT, Buffer.of(0)]), false],
  [Buffer.of(0x10, 0xff, 0xff, 0xff, 0xff, 0xff), false],
])('isConnectAtMost %#', (bytes, answer) => {
  expect(isConnectAtMost(bytes)).toBe(answer);
});

test('of clients that gave up in a storm nothing is looked at, and they are counted', async () => {
  await using siaga = await openTestBroker();
  const port = siaga.broker.addresses[0]?.port as number;
  // They are all in the kernel's queue before the broker has a turn: a storm, on a busy loop.
  const gone = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
  sockets.push(...gone);
  const stranger = mqtt.generate(connectPacket({ clientId: 'nobody', username: 'nobody' }));
  for (const socket of gone) socket.on('error', () => undefined).end(stranger);
  const client = new RawMqttClient(connect(port, '127.0.0.1'));
  expect((await client.connect(good)).returnCode).toBe(0);
  client.destroy();
  await expect
    .poll(() => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'gave-up' }))
    .toBeGreaterThan(0);
});
