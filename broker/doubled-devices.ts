/**
 * DoubledDevices: devices that two boxes are at once, under two client ids.
 *
 * Neither pushes the other off the line, so contested-ids.ts sees nothing; what tells them is that both go on publishing, in
 * turns. A single box that comes back under a new client id leaves an old connection that says nothing more. Told of
 * connections by their table. Invariants: a device is doubled when one of its open connections was heard again after
 * another five times, and until one is left; a connection of a device that has no other costs one entry.
 */
import type { Connection } from './connection/connection.ts';
import type { ContestedId } from './contested-ids.ts';

/** As many as takeovers are a contest. */
const TURNS = 5;

interface Device {
  readonly connections: Set<Connection>;
  /** Who has published while there were several, and who did so last. */
  readonly heard: Set<Connection>;
  last: Connection | undefined;
  /** Times that one was heard again after another. */
  turns: number;
  contested: ContestedId | undefined;
}

export interface DoubledDevicesOptions {
  readonly now: () => number;
  /** A device is doubled from now on. */
  readonly onDoubled: (contested: ContestedId) => void;
}

export class DoubledDevices {
  readonly #options: DoubledDevicesOptions;
  readonly #devices = new Map<string, Device>();

  constructor(options: DoubledDevicesOptions) {
    this.#options = options;
  }

  /** Those that are doubled now, under their device id. */
  list(): readonly ContestedId[] {
    return [...this.#devices.values()].flatMap(({ contested }) => (contested ? [contested] : []));
  }

  /** The connection has shown who it is. */
  add(connection: Connection): void {
    const { identity } = connection;
    if (identity?.role !== 'device') return;
    const device = this.#devices.get(identity.id) ?? {
      connections: new Set(),
      heard: new Set(),
      last: undefined,
      turns: 0,
      contested: undefined,
    };
    this.#devices.set(identity.id, device);
    device.connections.add(connection);
    if (device.connections.size < 2) return;
    for (const each of device.connections) each.onPublish = () => this.#published(identity.id, device, each);
  }

  drop(connection: Connection): void {
    const { identity } = connection;
    connection.onPublish = undefined;
    const device = identity?.role === 'device' ? this.#devices.get(identity.id) : undefined;
    if (identity?.role !== 'device' || !device?.connections.delete(connection)) return;
    device.heard.delete(connection);
    if (device.connections.size === 0) this.#devices.delete(identity.id);
    if (device.connections.size !== 1) return;
    for (const left of device.connections) left.onPublish = undefined;
    device.heard.clear();
    Object.assign(device, { last: undefined, turns: 0, contested: undefined });
  }

  #published(id: string, device: Device, by: Connection): void {
    const { last } = device;
    if (last === by) return;
    device.last = by;
    // One that is heard for the first time may be the same box, come back.
    const isBack = device.heard.has(by);
    device.heard.add(by);
    if (!isBack || last === undefined) return;
    device.turns++;
    if (device.turns < TURNS) return;
    const now = this.#options.now();
    const isNew = device.contested === undefined;
    device.contested = {
      clientId: id,
      since: device.contested?.since ?? now,
      lastTakeoverAt: now,
      takeovers: device.turns,
      origins: [last.origin, by.origin],
    };
    if (isNew) this.#options.onDoubled(device.contested);
  }
}
