/**
 * Device links: whether a device is connected, whether it listens to its commands, and which of them its client
 * has acknowledged.
 *
 * Watches Aedes from outside and tells whoever sends commands. Invariants: an observer that reads along is not
 * the device; where several connections stand for one device (a tracker and a handset with one secret) it is
 * connected until the last of them ends, and listens while any of them does; a PUBACK [MQTT-4.3.2-2] is told with the payload that it acknowledges, in a clean session too, where Aedes keeps none.
 */
import type { AedesPublishPacket, Client } from 'aedes';
import { formatDeviceTopic, parseDeviceTopic } from '../../devices/topics.ts';
import { watchPubacks } from '../aedes/persistence.ts';
import type { SiagaAedes } from '../aedes/siaga-aedes.ts';
import type { Identity } from './access.ts';
import type { ConnectionTable } from './connection-table.ts';

/** Told of each change; must not throw. Times are epoch ms. */
export interface DeviceLinkWatcher {
  opened(device: string, atMs: number): void;
  closed(device: string, atMs: number): void;
  /** Whether what is published on its command topic reaches its connection from now on. */
  listens(device: string, isListening: boolean, atMs: number): void;
  acknowledged(device: string, payload: Buffer, atMs: number): void;
}

export interface DeviceLinksOptions {
  readonly city: string;
  readonly table: ConnectionTable;
  readonly watcher: DeviceLinkWatcher;
  readonly now: () => number;
}

/** Commands of one client without a PUBACK whose payload is remembered; beyond it the oldest are forgotten. */
export const MAX_UNACKNOWLEDGED = 64;
interface Command {
  readonly device: string;
  readonly payload: Buffer;
}

export function watchDeviceLinks(aedes: SiagaAedes, options: DeviceLinksOptions): void {
  new DeviceLinks(options).watch(aedes);
}

class DeviceLinks {
  readonly #options: DeviceLinksOptions;
  /** The clients that stand for a device, and whether each of them listens. */
  readonly #clients = new Map<string, Map<Client, boolean>>();
  /** Commands by packet identifier, until their PUBACK. */
  readonly #unacknowledged = new WeakMap<Client, Map<number, Command>>();

  constructor(options: DeviceLinksOptions) {
    this.#options = options;
  }

  watch(aedes: SiagaAedes): void {
    aedes.on('clientReady', (client) => this.#opened(client));
    aedes.on('clientDisconnect', (client) => this.#closed(client));
    aedes.on('subscribe', (subscriptions, client) => {
      for (const { topic, qos } of subscriptions)
        if (qos !== (128 as number)) this.#listens(client, topic, true);
    });
    aedes.on('unsubscribe', (filters, client) => {
      if (!client.closed) for (const filter of filters) this.#listens(client, filter, false);
    });
    this.#watchForward(aedes);
    watchPubacks(aedes.persistence, (client, messageId) => this.#acknowledged(client, messageId));
  }

  #opened(client: Client): void {
    const connection = this.#options.table.find(client);
    const identity = connection?.identity;
    if (!connection || !identity || identity.role === 'observer') return;
    // A link that was reset right behind its CONNACK: Aedes tells its end first.
    if (client.closed) return;
    this.#join(identity.role === 'device' ? identity.id : client.id, client);
    // A session that was kept subscribes nothing anew.
    for (const filter of connection.subscriptions) this.#listens(client, filter, true);
  }

  /** The client stands for the device from now on. */
  #join(device: string, client: Client): Map<Client, boolean> {
    const known = this.#clients.get(device);
    const clients = known ?? new Map<Client, boolean>();
    this.#clients.set(device, clients);
    if (!clients.has(client)) clients.set(client, false);
    if (!known) this.#options.watcher.opened(device, this.#options.now());
    return clients;
  }

  #closed(client: Client): void {
    const { watcher, now } = this.#options;
    for (const [device, clients] of this.#clientsOf(client)) {
      if (!clients.has(client)) continue;
      const wasListening = isAnyListening(clients);
      clients.delete(client);
      if (clients.size === 0) {
        this.#clients.delete(device);
        watcher.closed(device, now());
      } else if (wasListening && !isAnyListening(clients)) watcher.listens(device, false, now());
    }
  }

  /** Where devices need no credential one client may stand for several. */
  #clientsOf(client: Client): [device: string, clients: Map<Client, boolean>][] {
    const identity = this.#options.table.find(client)?.identity;
    if (identity?.role !== 'device') return [...this.#clients];
    const clients = this.#clients.get(identity.id);
    return clients ? [[identity.id, clients]] : [];
  }

  /** Each SUBSCRIBE is told, also of a second client: what waits goes out at it. */
  #listens(client: Client, filter: string, isListening: boolean): void {
    const { city, table, watcher, now } = this.#options;
    const device = findCommandedDevice(city, filter, table.find(client)?.identity);
    if (device === undefined || (isListening && client.closed)) return;
    if (!isListening && !this.#clients.get(device)?.has(client)) return;
    const clients = this.#join(device, client);
    clients.set(client, isListening);
    if (isListening || !isAnyListening(clients)) watcher.listens(device, isListening, now());
  }

  /** Remembers each command that leaves for its device, by the packet identifier that client-hooks.ts gave it. */
  #watchForward(aedes: SiagaAedes): void {
    const { city, table } = this.#options;
    const forward = aedes.authorizeForward;
    aedes.authorizeForward = (client, packet) => {
      const forwarded = forward(client, packet);
      if (!forwarded || forwarded.qos === 0 || !client) return forwarded;
      const identity = table.find(client)?.identity;
      const device = findCommandedDevice(city, forwarded.topic, identity);
      if (device !== undefined) this.#remember(client, device, forwarded);
      return forwarded;
    };
  }

  #remember(client: Client, device: string, packet: AedesPublishPacket): void {
    const commands = this.#unacknowledged.get(client) ?? new Map<number, Command>();
    this.#unacknowledged.set(client, commands);
    commands.set(packet.messageId as number, { device, payload: Buffer.from(packet.payload) });
    if (commands.size > MAX_UNACKNOWLEDGED) commands.delete(commands.keys().next().value as number);
  }

  #acknowledged(client: Client, messageId: number): void {
    const { watcher, now } = this.#options;
    const commands = this.#unacknowledged.get(client);
    const command = commands?.get(messageId);
    commands?.delete(messageId);
    if (command) watcher.acknowledged(command.device, command.payload, now());
  }
}

function isAnyListening(clients: ReadonlyMap<Client, boolean>): boolean {
  return [...clients.values()].includes(true);
}

/** The device whose own command topic this filter is, when the client is that device. */
function findCommandedDevice(
  city: string,
  filter: string,
  identity: Identity | undefined,
): string | undefined {
  if (!identity || identity.role === 'observer') return undefined;
  if (identity.role === 'device') {
    const { kind, id: device } = identity;
    return filter === formatDeviceTopic({ city, kind, device, channel: 'command' }) ? device : undefined;
  }
  const topic = parseDeviceTopic(filter);
  if (typeof topic === 'string' || topic.city !== city || topic.channel !== 'command') return undefined;
  return topic.device;
}
