/**
 * Which device has a connection since when, and how its last one ended.
 *
 * Told by the connection table, asked for a device's present. In memory: counted since our start. Invariant: of two
 * connections of one device the newest is shown, and the end of the other is an end all the same.
 */
import type { DeviceConnection } from '../../fleet/device-connection.ts';
import type { Connection } from '../connection/connection.ts';

/** Devices remembered, of some 200 bytes each. Where none needs a credential, names are made up at will. */
export const MAX_DEVICES = 50_000;

interface Known {
  open: Connection | undefined;
  lastEnd: DeviceConnection['lastEnd'];
}

export class DeviceConnections {
  readonly #known = new Map<string, Known>();

  opened(connection: Connection): void {
    const device = deviceOf(connection);
    if (device === undefined) return;
    const known = this.#known.get(device);
    if (known) known.open = connection;
    else this.#known.set(device, { open: connection, lastEnd: undefined });
    if (this.#known.size > MAX_DEVICES) this.#known.delete(this.#known.keys().next().value as string);
  }

  ended(connection: Connection, atMs: number, reason: string): void {
    const known = this.#known.get(deviceOf(connection) ?? '');
    if (!known) return;
    if (known.open === connection) known.open = undefined;
    known.lastEnd = { atMs, reason };
  }

  of(device: string): DeviceConnection | undefined {
    const known = this.#known.get(device);
    return known && { openSinceMs: known.open?.openedAt, lastEnd: known.lastEnd };
  }
}

/** Without credentials a client is the device that its id names. */
function deviceOf({ identity, clientId }: Connection): string | undefined {
  if (identity?.role === 'device') return identity.id;
  return identity?.role === 'anyone' ? clientId : undefined;
}
