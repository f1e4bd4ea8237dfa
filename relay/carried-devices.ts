/**
 * Devices at a standby: its MQTT listeners, whose connections go to the owner byte by byte.
 *
 * The same front door as the broker's: PROXY headers, and bounds by address, before anything is spent on a connection.
 * TLS and WebSocket are the owner's affair, so that a client certificate is seen where it is judged. Invariants: this
 * node reads no packet and answers none, and what it acknowledged to a device the owner has said; when one side of a
 * connection has ended, the other ends within seconds.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenerName, Origin } from '../broker/connection/connection-options.ts';
import { createAdmission } from '../broker/listeners/admission.ts';
import { isConnectAtMost } from '../broker/listeners/arrivals.ts';
import { type Entrance, FrontDoor, type ListenersOptions } from '../broker/listeners/front-door.ts';
import { type Listeners, listenAt } from '../broker/listeners/listeners.ts';
import type { Config } from '../config/config.ts';
import { countRefused, type RelayMetrics } from './relay-metrics.ts';
import { HOLD_DEVICE_MS, type WayToOwner } from './way-to-owner.ts';

/** What the owner has said last still goes out, to who reads it. */
export const LAST_WORDS_MS = 5_000;

type DoorListener = Exclude<ListenerName, 'memory'>;

export interface CarriedDevicesOptions {
  readonly config: ListenersOptions['config'] &
    Pick<Config, 'MQTT_MAX_CONNECTIONS_PER_ADDRESS' | 'MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S'>;
  readonly way: WayToOwner;
  readonly metrics: RelayMetrics;
  readonly monotonicNow: () => number;
  readonly onError: ListenersOptions['onError'];
}

export async function openCarriedDevices(options: CarriedDevicesOptions): Promise<Listeners> {
  const { config, way, metrics, monotonicNow, onError } = options;
  // Who is a stranger is known to the owner alone.
  const bounds = { ...config, MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: Number.POSITIVE_INFINITY };
  const sockets = new Set<Socket>();
  const door = new FrontDoor({
    ...{ config, monotonicNow, onError },
    admission: createAdmission(bounds, monotonicNow),
    onRefused: (bound) => countRefused(metrics, bound),
    onHandshakeEnded: (reason) => metrics.refused.inc({ bound: reason }),
    onStream: () => undefined,
  });
  const entranceOf = (listener: DoorListener): Entrance => ({
    listener,
    isHello: listener === 'tcp' ? isConnectAtMost : () => true,
    serve(socket, origin, over) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // The way has turns of its own, and time to wait in.
      over();
      void carryDevice(way, listener, socket, origin);
    },
  });
  const entrances: [number, Entrance][] = [[config.MQTT_PORT, entranceOf('tcp')]];
  if (config.MQTTS_PORT !== undefined) entrances.push([config.MQTTS_PORT, entranceOf('tls')]);
  if (config.MQTT_WS_PORT !== undefined) entrances.push([config.MQTT_WS_PORT, entranceOf('ws')]);
  return listenAt(options, door, entrances, () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function carryDevice(
  way: WayToOwner,
  listener: DoorListener,
  socket: Socket,
  origin: Origin,
): Promise<void> {
  socket.on('error', () => undefined);
  const lane = `mqtt-${listener}` as const;
  const link = await way.open(lane, origin, HOLD_DEVICE_MS, () => !socket.destroyed);
  if (typeof link === 'string') {
    socket.resetAndDestroy();
    return;
  }
  if (socket.destroyed) {
    link.destroy();
    return;
  }
  way.join(lane, link, [socket]);
  tie(socket, link);
}

/** Bytes both ways; the end of one is that of the other, once it has had its last words. */
function tie(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  for (const [ended, left] of [
    [one, other],
    [other, one],
  ] as const) {
    ended.once('close', () => {
      if (left.destroyed) return;
      left.end();
      // It may never read them, or never end.
      setTimeout(() => left.destroy(), LAST_WORDS_MS).unref();
    });
  }
}
