/**
 * Observers: the connections that subscribed to what devices send up, and the way of telemetry to them.
 *
 * Telemetry does not go through Aedes (packet-reader.ts), so what an observer gets of it is written here, after it is on disk.
 * All that one commit has settled leaves in one write for each observer. Invariants: a message comes once to a
 * connection, at the highest QoS that its filters grant [MQTT-3.3.5-1]; who leaves too much unread gets no more.
 */
import { FILTER_SEPARATOR, matchesFilter } from './access.ts';
import type { Connection } from './connection/connection.ts';
import { formatPublish } from './connection/format-publish.ts';
import { MAX_UNREAD_BYTES } from './connection/read-pace.ts';

interface Receiver {
  readonly connection: Connection;
  readonly qos: 0 | 1;
}

/** Topics whose receivers are remembered, of some 100 bytes each; beyond it all are forgotten, and found anew. */
const MAX_TOPICS = 20_000;
const NOBODY: readonly Receiver[] = [];

export class Observers {
  /** QoS by filter. */
  readonly #filters = new Map<Connection, Map<string, number>>();
  readonly #receivers = new Map<string, readonly Receiver[]>();
  /** With something to write at the end of this turn. */
  readonly #corked = new Set<Connection>();

  get size(): number {
    return this.#filters.size;
  }

  add(connection: Connection, filter: string, qos: number): void {
    const filters = this.#filters.get(connection) ?? new Map<string, number>();
    this.#filters.set(connection, filters.set(filter, qos));
    this.#receivers.clear();
  }

  remove(connection: Connection, filters: readonly string[]): void {
    const own = this.#filters.get(connection);
    if (!own) return;
    for (const filter of filters) own.delete(filter);
    if (own.size === 0) this.#filters.delete(connection);
    this.#receivers.clear();
  }

  /** It has ended. */
  drop(connection: Connection): void {
    if (this.#filters.delete(connection)) this.#receivers.clear();
  }

  /** Whether anybody gets what comes on this topic. */
  isObserved(topic: string): boolean {
    return this.#filters.size > 0 && this.#find(topic).length > 0;
  }

  /** Hands on a reading that was published with QoS 1 and is on disk. */
  forward(topic: string, payload: Buffer): void {
    let packet: Buffer | undefined;
    for (const { connection, qos } of this.#find(topic)) {
      connection.guard(() => {
        if (qos === 1) this.#write(connection, formatPublish(topic, payload, connection.outgoing.open(1)));
        else {
          packet ??= formatPublish(topic, payload);
          this.#write(connection, packet);
        }
      });
    }
  }

  #write(connection: Connection, packet: Buffer): void {
    const { stream } = connection;
    if (stream.destroyed || connection.endReason !== undefined) return;
    if (stream.writableLength > MAX_UNREAD_BYTES) {
      connection.end('slow-reader');
      return;
    }
    if (!this.#corked.has(connection)) {
      stream.cork();
      if (this.#corked.size === 0) process.nextTick(() => this.#uncork());
      this.#corked.add(connection);
    }
    if (!stream.write(packet)) connection.pace.watchUnread();
  }

  #uncork(): void {
    for (const { stream } of this.#corked) stream.uncork();
    this.#corked.clear();
  }

  #find(topic: string): readonly Receiver[] {
    const known = this.#receivers.get(topic);
    if (known) return known;
    if (this.#receivers.size >= MAX_TOPICS) this.#receivers.clear();
    const levels = topic.split(FILTER_SEPARATOR);
    const found: Receiver[] = [];
    for (const [connection, filters] of this.#filters) {
      const granted = [...filters].filter(([filter]) => matchesFilter(filter, levels)).map(([, qos]) => qos);
      if (granted.length > 0) found.push({ connection, qos: Math.max(...granted) > 0 ? 1 : 0 });
    }
    const receivers = found.length > 0 ? found : NOBODY;
    this.#receivers.set(topic, receivers);
    return receivers;
  }
}
