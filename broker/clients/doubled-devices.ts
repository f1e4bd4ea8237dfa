/**
 * DoubledDevices: devices that two boxes are at once, under two client ids.
 *
 * Neither pushes the other off the line, so contested-ids.ts sees nothing; what tells them is that both go on
 * publishing, in turns. A single box that comes back under a new client id leaves an old connection that says
 * nothing more. Told of connections by their table. Invariants: a device is doubled when one of its open
 * connections was heard again after another five times, and until one is left; a connection of a device that has no
 * other costs one entry.
 */
import type { Connection } from '../connection/connection.ts';
import type { ContestedId } from './contested-ids.ts';

/** As many as takeovers are a contest. */
const TURNS = 5;

/** A device with several open connections. */
interface Several {
  readonly connections: Set<Connection>;
  /** Who has published since there are several, and who did so last. */
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
  /** The connection of each device that has one. */
  readonly #only = new Map<string, Connection>();
  readonly #several = new Map<string, Several>();

  constructor(options: DoubledDevicesOptions) {
    this.#options = options;
  }

  /** Those that are doubled now, under their device id. */
  list(): readonly ContestedId[] {
    return [...this.#several.values()].flatMap(({ contested }) => (contested ? [contested] : []));
  }

  /** The connection has shown who it is. */
  add(connection: Connection): void {
    if (connection.identity?.role !== 'device') return;
    const { id } = connection.identity;
    const only = this.#only.get(id);
    const known = this.#several.get(id);
    if (!known && !only) {
      this.#only.set(id, connection);
      return;
    }
    const several = known ?? {
      connections: new Set(only ? [only] : []),
      heard: new Set(),
      last: undefined,
      turns: 0,
      contested: undefined,
    };
    this.#only.delete(id);
    this.#several.set(id, several);
    several.connections.add(connection);
    for (const each of known ? [connection] : several.connections)
      each.onPublish = () => this.#published(id, several, each);
  }

  drop(connection: Connection): void {
    connection.onPublish = undefined;
    if (connection.identity?.role !== 'device') return;
    const { id } = connection.identity;
    if (this.#only.get(id) === connection) this.#only.delete(id);
    const several = this.#several.get(id);
    if (!several?.connections.delete(connection)) return;
    several.heard.delete(connection);
    const [left, another] = several.connections;
    if (!left || another) return;
    left.onPublish = undefined;
    this.#several.delete(id);
    this.#only.set(id, left);
  }

  #published(id: string, device: Several, by: Connection): void {
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
