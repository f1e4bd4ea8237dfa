/**
 * Observers: the connections that subscribed to what devices send up, and the way of telemetry to them.
 *
 * Telemetry does not go through Aedes (packet-reader.ts), so what an observer gets of it is written here, after it
 * is on disk. All that one commit has settled leaves in one write for each observer. Invariants: a message comes
 * once to a connection, at the highest QoS that its filters grant [MQTT-3.3.5-1]; who leaves too much unread gets
 * no more.
 */
import { FILTER_SEPARATOR, matchesFilter } from './access.ts';
import type { Connection } from './connection/connection.ts';
import { PublishBatch } from './connection/publish-batch.ts';
import { MAX_UNREAD_BYTES } from './connection/read-pace.ts';

/** Where what comes on one topic goes. */
interface Route {
  /** The topic, in UTF-8. */
  readonly topic: Buffer;
  readonly receivers: readonly Receiver[];
}

interface Receiver {
  readonly observer: Observer;
  readonly qos: 0 | 1;
}

interface Observer {
  readonly connection: Connection;
  /** QoS by filter. */
  readonly filters: Map<string, number>;
  /** To be written at the end of this turn. */
  readonly batch: PublishBatch;
}

/** Topics whose receivers are remembered, of some 200 bytes each; beyond it all are forgotten, and found anew. */
const MAX_TOPICS = 20_000;

export class Observers {
  readonly #observers = new Map<Connection, Observer>();
  readonly #routes = new Map<string, Route>();
  /** With something in their batch. */
  #due: Observer[] = [];

  get size(): number {
    return this.#observers.size;
  }

  add(connection: Connection, filter: string, qos: number): void {
    const observer = this.#observers.get(connection) ?? {
      connection,
      filters: new Map<string, number>(),
      batch: new PublishBatch(),
    };
    observer.filters.set(filter, qos);
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
    for (const { observer, qos } of route.receivers) {
      observer.connection.guard(() => this.#add(observer, route.topic, payload, qos));
    }
  }

  #add(observer: Observer, topic: Buffer, payload: Buffer, qos: 0 | 1): void {
    const { connection, batch } = observer;
    if (connection.stream.destroyed || connection.endReason !== undefined) return;
    if (connection.stream.writableLength + batch.length > MAX_UNREAD_BYTES) {
      connection.end('slow-reader');
      return;
    }
    const isFirst = batch.length === 0;
    batch.add(topic, payload, qos === 1 ? connection.outgoing.open(1) : undefined);
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
        .map(([, qos]) => qos);
      if (granted.length > 0) receivers.push({ observer, qos: Math.max(...granted) > 0 ? 1 : 0 });
    }
    const route = { topic: Buffer.from(topic), receivers };
    this.#routes.set(topic, route);
    return route;
  }
}
