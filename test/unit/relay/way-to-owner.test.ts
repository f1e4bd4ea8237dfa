/** The way from a standby to the owner's door, over real sockets of this process. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OwnerNode } from '../../../ownership/owner-node.ts';
import { type Door, MAX_UNPROVEN, MAX_UNPROVEN_PER_ADDRESS, openDoor } from '../../../relay/door.ts';
import { LINK_TLS, nameKey } from '../../../relay/link.ts';
import { createRelayMetrics } from '../../../relay/relay-metrics.ts';
import { LINKS_AT_ONCE, MAX_HELD_BYTES, WayToOwner } from '../../../relay/way-to-owner.ts';
import { eventually } from '../../support/eventually.ts';

const SOURCE = { address: '203.0.113.7', port: 5_000 };
const LONG_MS = 60_000;

let opened: AsyncDisposableStack;
let arrived: Socket[];
/** Links by which a standby only looked whether the owner is there. */
let looked: Socket[];
let way: WayToOwner;
let metrics: ReturnType<typeof createRelayMetrics>;
let doorMetrics: Registry;
const key = randomBytes(32);

beforeEach(() => {
  opened = new AsyncDisposableStack();
  arrived = [];
  looked = [];
  metrics = createRelayMetrics();
  doorMetrics = new Registry();
  way = opened.use(new WayToOwner(metrics, () => performance.now()));
});
afterEach(() => opened.disposeAsync());

const nodeAt = ({ port }: Pick<Door, 'port'>, epoch = 1): OwnerNode => ({
  ...{ city: 'semarang', host: '127.0.0.1' },
  ...{ epoch, port, key },
});
async function openOwnDoor(epoch = 1): Promise<Door> {
  const node = { city: 'semarang', epoch, key };
  return opened.use(
    await openDoor({
      ...{ host: '127.0.0.1', port: 0, node },
      toBroker: (socket, listener) => {
        if (listener !== 'tcp') return false;
        arrived.push(socket);
        return true;
      },
      toApi: (socket) => (socket.remoteAddress === SOURCE.address ? arrived : looked).push(socket),
      ...{ log: pino({ level: 'silent' }), metrics: doorMetrics },
    }),
  );
}
const open = (isWanted = () => true, holdMs = LONG_MS) => way.open('mqtt-tcp', SOURCE, holdMs, isWanted);
const isLink = (found: unknown): found is TLSSocket => typeof found === 'object';
const refusedAtDoor = async (why: string) => {
  const { values } = (await doorMetrics.getSingleMetric('siaga_relay_links_refused_total')?.get()) ?? {};
  return values?.find(({ labels }) => labels['why'] === why)?.value;
};
const endedBy = async (why: string) => {
  const { values } = await metrics.ended.get();
  return values.find(({ labels }) => labels.why === why)?.value;
};

test('what comes while nobody is known is held, and carried once an owner is', async () => {
  const held = open();
  way.lead(nodeAt(await openOwnDoor()));
  expect(isLink(await held)).toBe(true);
  await eventually(() => expect(arrived).toHaveLength(1));
});

test('it is held no longer than its time, and counted by what was missing', async () => {
  expect(await open(() => true, 1)).toBe('no-owner');
  const door = await openOwnDoor();
  await door[Symbol.asyncDispose]();
  way.lead(nodeAt(door));
  expect(await open(() => true, 1)).toBe('unreachable');
  expect([await endedBy('no-owner'), await endedBy('unreachable')]).toEqual([1, 1]);
});

test('an owner with another key is none, and one of another epoch neither', async () => {
  const door = await openOwnDoor();
  way.lead({ ...nodeAt(door), key: randomBytes(32) });
  expect(await open(() => true, 1)).toBe('unreachable');
  way.lead(nodeAt(door, 2));
  expect(await open(() => true, 1)).toBe('unreachable');
  expect(arrived).toEqual([]);
});

test('a caller reaches the API with its own address, and a listener that the owner has not is refused', async () => {
  way.lead(nodeAt(await openOwnDoor()));
  const call = await way.open('api', SOURCE, LONG_MS, () => true);
  expect(isLink(call)).toBe(true);
  await eventually(() => expect(arrived).toHaveLength(1));
  expect(arrived[0]).toMatchObject({ remoteAddress: SOURCE.address, remotePort: SOURCE.port });
  const refused = (await way.open('mqtt-ws', SOURCE, LONG_MS, () => true)) as TLSSocket;
  await once(refused.resume(), 'close');
});

test('no more links are begun at a time than may be, and all of them in the end', async () => {
  way.lead(nodeAt(await openOwnDoor()));
  let begun = 0;
  // Asked before each try, and once more when it is done.
  const links = await Promise.all(Array.from({ length: 3 * LINKS_AT_ONCE }, () => open(() => ++begun > 0)));
  expect(links.every(isLink)).toBe(true);
  await eventually(() => expect(arrived).toHaveLength(3 * LINKS_AT_ONCE));
});

test('who has gone meanwhile is not carried', async () => {
  let isThere = true;
  const held = open(() => isThere);
  isThere = false;
  way.lead(nodeAt(await openOwnDoor()));
  expect(isLink(await held)).toBe(false);
  expect(arrived).toEqual([]);
});

test('a way counts as open once the owner was reached, without anybody to carry', async () => {
  expect(way.isOpen).toBe(false);
  way.lead(nodeAt(await openOwnDoor()));
  expect([way.isOpen, way.problem]).toEqual([false, undefined]);
  await way.look();
  expect([way.isOpen, way.problem]).toEqual([true, undefined]);
  // It was let go at once, and nobody was counted for it.
  await eventually(() => expect(looked.every(({ destroyed }) => destroyed)).toBe(true));
  expect(arrived).toEqual([]);
  expect([await endedBy('no-owner'), await endedBy('unreachable')]).toEqual([0, 0]);
});

test('an owner that cannot be reached closes the way in words, once, and one that is reached again opens it', async () => {
  const told: (string | undefined)[] = [];
  const own = opened.use(
    new WayToOwner(
      metrics,
      () => performance.now(),
      (problem) => told.push(problem),
    ),
  );
  const door = await openOwnDoor();
  await door[Symbol.asyncDispose]();
  const wrongKey = { ...nodeAt(door), key: randomBytes(32) };
  own.lead(nodeAt(door));
  await own.look();
  await own.look();
  expect([own.isOpen, own.problem]).toEqual([false, expect.stringContaining(`127.0.0.1:${door.port}`)]);
  const again = opened.use(
    await openDoor({
      ...{ host: '127.0.0.1', port: door.port, node: { city: 'semarang', epoch: 1, key } },
      ...{ toBroker: () => false, toApi: (socket: Socket) => arrived.push(socket) },
      ...{ log: pino({ level: 'silent' }), metrics: new Registry() },
    }),
  );
  await own.look();
  expect([own.isOpen, own.problem]).toEqual([true, undefined]);
  expect(told).toEqual([expect.stringContaining('ECONNREFUSED'), undefined]);
  // Another owner: what is known of the one before says nothing.
  own.lead({ ...wrongKey, port: again.port, epoch: 2 });
  expect(own.isOpen).toBe(false);
  await own.look();
  expect(own.problem).toBeDefined();
});

test('who is carried tells whether the owner is reached', async () => {
  const door = await openOwnDoor();
  way.lead(nodeAt(door));
  await way.look();
  await door[Symbol.asyncDispose]();
  expect(way.isOpen).toBe(true);
  expect(await open(() => true, 1)).toBe('unreachable');
  expect(way.isOpen).toBe(false);
});

test('what is carried ends when another epoch begins, and the streams that it is joined with', async () => {
  const door = await openOwnDoor();
  way.lead(nodeAt(door));
  const link = (await open()) as TLSSocket;
  const device = new PassThrough();
  way.join('mqtt-tcp', link, [device]);
  // Its lease is over for a moment, as when its database fails over, and it goes on in its epoch.
  way.lead(undefined);
  way.lead(nodeAt(door));
  expect(link.destroyed).toBe(false);
  way.lead(nodeAt(door, 2));
  expect([link.destroyed, device.destroyed]).toEqual([true, true]);
  expect(await endedBy('owner-changed')).toBe(1);
});

test('a node that has become the owner itself carries nothing more', async () => {
  way.lead(nodeAt(await openOwnDoor()));
  const link = (await open()) as TLSSocket;
  way.join('mqtt-tcp', link, []);
  way.leave();
  expect([link.destroyed, way.isOpen]).toEqual([true, false]);
});

test('where all hold too much, who holds the most goes first, and only as many as must', async () => {
  way.lead(nodeAt(await openOwnDoor()));
  const [most, less] = [new PassThrough(), new PassThrough()];
  most.write(Buffer.alloc(MAX_HELD_BYTES * 0.6));
  less.write(Buffer.alloc(MAX_HELD_BYTES * 0.5));
  way.join('mqtt-tcp', (await open()) as TLSSocket, [less]);
  way.join('mqtt-tcp', (await open()) as TLSSocket, [most]);
  way.sweep();
  expect([most.destroyed, less.destroyed]).toEqual([true, false]);
  expect(await endedBy('too-much-held')).toBe(1);
});

test('who has the key and says not what for is refused, and the door goes on', async () => {
  const door = await openOwnDoor();
  const node = nodeAt(door);
  const link = connectTls({
    ...LINK_TLS,
    ...{ host: node.host, port: node.port },
    pskCallback: () => ({ psk: key, identity: nameKey(node) }),
    checkServerIdentity: () => undefined,
  });
  link.on('error', () => undefined);
  await once(link, 'close');
  expect(await refusedAtDoor('no-lane')).toBe(1);
  way.lead(node);
  expect(isLink(await open())).toBe(true);
});

test('strangers of one address have a share of the door, and a node of another finds room', async () => {
  const door = await openOwnDoor();
  for (let n = 0; n < MAX_UNPROVEN; n++) {
    const stranger = connect({ host: '127.0.0.1', port: door.port, localAddress: '127.0.0.2' });
    stranger.on('error', () => undefined);
    opened.defer(() => void stranger.destroy());
    await once(stranger, 'connect');
  }
  await eventually(async () =>
    expect(await refusedAtDoor('too-many')).toBeGreaterThanOrEqual(MAX_UNPROVEN - MAX_UNPROVEN_PER_ADDRESS),
  );
  way.lead(nodeAt(door));
  expect(isLink(await open())).toBe(true);
});
