/**
 * WaitingPublish: one publish from the moment the pipeline has it to its answer.
 *
 * The only object that lives while a publish waits for the disk: the pipeline tells it, its connection answers
 * it in its turn. DirectPublish came straight from the connection, ForwardedPublish through Aedes, which goes
 * on with it. Invariant: it is judged, counted and answered once, after it is stored; or fails once.
 */
import type { PublishPacket } from 'aedes';
import type { Waiter } from '../journal/waiter.ts';
import { takeOverPuback } from './aedes/hooked-packets.ts';
import { stopForwarding } from './aedes/siaga-aedes.ts';
import type { BrokerMetrics, PublishOutcome } from './broker-metrics.ts';
import type { OpenPublish } from './connection/answer-queue.ts';
import type { Connection } from './connection/connection.ts';
import type { Observers } from './observers.ts';

export interface WaitingPublishOptions {
  readonly metrics: Pick<BrokerMetrics, 'pubackTimes' | 'publishes'>;
  readonly observers: Observers;
  readonly onNotStored: (connection: Connection, error: Error) => void;
}

abstract class WaitingPublish implements OpenPublish, Waiter {
  isStored = false;
  next: OpenPublish | undefined;
  protected readonly connection: Connection;
  protected readonly options: WaitingPublishOptions;
  readonly #startedAt = performance.now();
  #outcome: PublishOutcome = 'accepted';

  constructor(connection: Connection, options: WaitingPublishOptions) {
    this.connection = connection;
    this.options = options;
  }

  stored(stored: number, repeated: number, rejected: number): void {
    if (rejected > 0) this.#outcome = stored + repeated > 0 ? 'partly-rejected' : 'rejected';
    this.isStored = true;
    this.connection.stored();
  }

  refused(error: Error): void {
    this.connection.notStored(this, error);
  }

  judge(): number | undefined {
    const { metrics } = this.options;
    metrics.pubackTimes.observe((performance.now() - this.#startedAt) / 1000);
    metrics.publishes[this.#outcome]++;
    return this.acknowledge(this.#outcome);
  }

  answer(error?: Error): void {
    if (error) {
      this.options.metrics.publishes['not-stored']++;
      this.options.onNotStored(this.connection, error);
    }
    this.goOn(error);
  }

  /** The packet identifier, where the connection is to write the PUBACK. */
  protected abstract acknowledge(outcome: PublishOutcome): number | undefined;
  protected abstract goOn(error?: Error): void;
}

/** What an observer gets of it. */
export interface Observed {
  readonly topic: string;
  /** A view into the bytes read, which are nobody else's. */
  readonly payload: Buffer;
}

/** Telemetry, which Aedes does not see. */
export class DirectPublish extends WaitingPublish {
  readonly #messageId: number | undefined;
  readonly #observed: Observed | undefined;

  /** `messageId` is undefined where no PUBACK is owed, `observed` where nobody listens. */
  constructor(
    connection: Connection,
    options: WaitingPublishOptions,
    messageId: number | undefined,
    observed?: Observed,
  ) {
    super(connection, options);
    this.#messageId = messageId;
    this.#observed = observed;
  }

  protected override acknowledge(outcome: PublishOutcome): number | undefined {
    const observed = this.#observed;
    if (observed && outcome !== 'rejected') this.options.observers.forward(observed.topic, observed.payload);
    return this.#messageId;
  }

  protected override goOn(error?: Error): void {
    if (error) this.connection.end('not-stored');
  }
}

export class ForwardedPublish extends WaitingPublish {
  readonly #packet: PublishPacket;
  readonly #goOn: (error?: Error) => void;

  constructor(
    connection: Connection,
    options: WaitingPublishOptions,
    packet: PublishPacket,
    goOn: (error?: Error) => void,
  ) {
    super(connection, options);
    this.#packet = packet;
    this.#goOn = goOn;
  }

  protected override acknowledge(outcome: PublishOutcome): number | undefined {
    const packet = this.#packet;
    const isWanted = packet.retain || this.options.observers.size > 0;
    if (outcome !== 'rejected' && isWanted) return undefined;
    stopForwarding(packet);
    if (packet.qos !== 1) return undefined;
    // Nothing is left for Aedes but the PUBACK, and the connection writes all of a commit at once.
    return takeOverPuback(packet);
  }

  protected override goOn(error?: Error): void {
    this.#goOn(error);
  }
}
