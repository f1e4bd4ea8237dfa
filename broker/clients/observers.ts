/**
 * Observers: the connections that subscribed to what devices send up, and the way of telemetry to them.
 *
 * Telemetry does not go through Aedes (packet-reader.ts), so what an observer gets of it is written here, after it
 * is on disk. All that one commit has settled leaves in one write for each observer. Invariants: a message comes
 * once to a connection, at the highest QoS that its filters grant [MQTT-3.3.5-1]; who leaves too much unread gets
 * no more.
 */
import type { Connection } from '../connection/connection.ts';
import { formatVarint } from '../connection/publish-5.ts';
import { MAX_FIXED_BYTES, PublishBatch } from '../connection/publish-batch.ts';
import { MAX_UNREAD_BYTES } from '../connection/read-pace.ts';
import { FILTER_SEPARATOR, matchesFilter } from './access.ts';

/** Where what comes on one topic goes. */
interface Route {
  /** The topic, in UTF-8. */
  readonly topic: Buffer;
  readonly receivers: readonly Receiver[];
}

interface Receiver {
  readonly observer: Observer;
  readonly qos: 0 | 1;
  /** What a client of version 5 gets between topic and payload: the identifiers of its subscriptions [MQTT-3.3.4-4]. */
  readonly properties: Buffer | undefined;
}

interface Subscribed {
  readonly qos: number;
  readonly identifier: number | undefined;
}

interface Observer {
  readonly connection: Connection;
  readonly filters: Map<string, Subscribed>;
  /** To be written at the end of this turn. */
  readonly batch: PublishBatch;
}

/** Topics whose receivers are remembered, of some 200 bytes each; beyond it all are forgotten, and found anew. */
export const MAX_TOPICS = 20_000;

export class Observers {
  readonly #observers = new Map<Connection, Observer>();
  readonly #routes = new Map<string, Route>();
  /** With something in their batch. */
  #due: Observer[] = [];

  get size(): number {
    return this.#observers.size;
  }

  /** `identifier` is the one that a client of version 5 gave its subscription. */
  add(connection: Connection, filter: string, qos: number, identifier?: number): void {
    const observer = this.#observers.get(connection) ?? {
      connection,
      filters: new Map<string, Subscribed>(),
      batch: new PublishBatch(),
    };
    observer.filters.set(filter, { qos, identifier });
    this.#observers.set(connection, observer);
    this.#routes.clear();
  }

  remove(connection: Connection, filters: readonly string[]): void {
    const own = this.#observers.get(connection)?.filters;
    if (!own) return;
    for (const filter of filters) own.delete(filter);
    if (own.size === 0) this.#observers.delete(connection);
    this.#routes.clear();
  }

  /** It has ended. */
  drop(connection: Connection): void {
    if (this.#observers.delete(connection)) this.#routes.clear();
  }

  /** Whether anybody gets what comes on this topic. */
  isObserved(topic: string): boolean {
    return this.#observers.size > 0 && this.#find(topic).receivers.length > 0;
  }

  /** Hands on a reading that was published with QoS 1 and is on disk. */
  forward(topic: string, payload: Buffer): void {
    const route = this.#find(topic);
    for (const receiver of route.receivers) {
      receiver.observer.connection.guard(() => this.#add(receiver, route.topic, payload));
    }
  }

  #add({ observer, qos, properties }: Receiver, topic: Buffer, payload: Buffer): void {
    const { connection, batch } = observer;
    if (connection.stream.destroyed || connection.endReason !== undefined) return;
    if (connection.stream.writableLength + batch.length > MAX_UNREAD_BYTES) {
      connection.end('slow-reader');
      return;
    }
    const bytes = MAX_FIXED_BYTES + topic.length + (properties?.length ?? 0) + payload.length;
    if (!connection.takesPacket(bytes)) return;
    const isFirst = batch.length === 0;
    const isAcknowledged = qos === 1 && connection.mayAwait();
    batch.add(topic, payload, isAcknowledged ? connection.outgoing.open(1) : undefined, properties);
    if (isFirst && this.#due.push(observer) === 1) process.nextTick(() => this.#write());
  }

  #write(): void {
    const due = this.#due;
    this.#due = [];
    for (const { connection, batch } of due) {
      const bytes = batch.take();
      connection.guard(() => {
        if (!connection.stream.destroyed && !connection.stream.write(bytes)) connection.pace.watchUnread();
      });
    }
  }

  #find(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known) return known;
    if (this.#routes.size >= MAX_TOPICS) this.#routes.clear();
    const levels = topic.split(FILTER_SEPARATOR);
    const receivers: Receiver[] = [];
    for (const observer of this.#observers.values()) {
      const granted = [...observer.filters]
        .filter(([filter]) => matchesFilter(filter, levels))
        .map(([, subscribed]) => subscribed);
      if (granted.length === 0) continue;
      const qos = granted.some((each) => each.qos > 0) ? 1 : 0;
      const properties = observer.connection.listening5 ? formatIdentifiers(granted) : undefined;
      receivers.push({ observer, qos, properties });
    }
    const route = { topic: Buffer.from(topic), receivers };
    this.#routes.set(topic, route);
    return route;
  }
}

const SUBSCRIPTION_IDENTIFIER = Buffer.of(0x0b);

/** As properties, with their length before them. */
function formatIdentifiers(granted: readonly Subscribed[]): Buffer {
  const identifiers = granted.flatMap(({ identifier }) =>
    identifier === undefined ? [] : [SUBSCRIPTION_IDENTIFIER, formatVarint(identifier)],
  );
  const bytes = Buffer.concat(identifiers);
  return Buffer.concat([formatVarint(bytes.length), bytes]);
}
