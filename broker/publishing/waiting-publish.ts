/**
 * WaitingPublish: one publish from the moment the pipeline has it to its answer.
 *
 * The only object that lives while a publish waits for the disk: the pipeline tells it, its connection answers
 * it in its turn. DirectPublish came straight from the connection, ForwardedPublish through Aedes, which goes
 * on with it. Invariant: it is judged, counted and answered once, after it is stored; or fails once.
 */
import type { PublishPacket } from 'aedes';
import type { Rejection } from '../../devices/rejection.ts';
import type { Waiter } from '../../journal/waiter.ts';
import { takeOverPuback } from '../aedes/hooked-packets.ts';
import { stopForwarding } from '../aedes/siaga-aedes.ts';
import type { BrokerMetrics, PublishOutcome } from '../broker-metrics.ts';
import type { Observers } from '../clients/observers.ts';
import type { OpenPublish } from '../connection/answer-queue.ts';
import { formatRefusal } from '../connection/answers-5.ts';
import type { Connection } from '../connection/connection.ts';

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
  #rejection: Rejection | undefined;

  constructor(connection: Connection, options: WaitingPublishOptions) {
    this.connection = connection;
    this.options = options;
  }

  told(rejection: Rejection): void {
    this.#rejection = rejection;
  }

  stored(stored: number, repeated: number, rejected: number): void {
    if (rejected > 0) this.#outcome = stored + repeated > 0 ? 'partly-rejected' : 'rejected';
    this.isStored = true;
    this.connection.stored();
  }

  refused(error: Error): void {
    this.connection.notStored(this, error);
  }

  judge(): number | Buffer | undefined {
    const { metrics } = this.options;
    metrics.pubackTimes.observe((performance.now() - this.#startedAt) / 1000);
    metrics.publishes[this.#outcome]++;
    const outcome = this.#outcome;
    const { listening5 } = this.connection;
    const rejection = outcome === 'accepted' ? undefined : this.#rejection;
    if (!listening5 || !rejection) return this.acknowledge(outcome, false);
    const { qos } = this;
    const messageId = this.acknowledge(outcome, true);
    if (messageId === undefined) return undefined;
    return formatRefusal(qos, messageId, rejection, outcome === 'partly-rejected', listening5);
  }

  answer(error?: Error): void {
    if (error) {
      this.options.metrics.publishes['not-stored']++;
      this.options.onNotStored(this.connection, error);
    }
    this.finish(error);
  }

  protected abstract readonly qos: number;
  /**
   * The packet identifier, where the connection is to write the answer. `saysWhy`: that will be one of version 5, with
   * its reason.
   */
  protected abstract acknowledge(outcome: PublishOutcome, saysWhy: boolean): number | undefined;
  protected abstract finish(error?: Error): void;
}

/** What an observer gets of it. */
export interface Observed {
  readonly topic: string;
  /** A view into the bytes read, which are nobody else's. */
  readonly payload: Buffer;
}

/** Telemetry, which Aedes does not see. */
export class DirectPublish extends WaitingPublish {
  protected override readonly qos = 1;
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

  protected override finish(error?: Error): void {
    if (error) this.connection.end('not-stored');
  }
}

export class ForwardedPublish extends WaitingPublish {
  readonly #packet: PublishPacket;
  readonly #answerAedes: (error?: Error) => void;

  constructor(
    connection: Connection,
    options: WaitingPublishOptions,
    packet: PublishPacket,
    answerAedes: (error?: Error) => void,
  ) {
    super(connection, options);
    this.#packet = packet;
    this.#answerAedes = answerAedes;
  }

  protected override get qos(): number {
    return this.#packet.qos;
  }

  protected override acknowledge(outcome: PublishOutcome, saysWhy: boolean): number | undefined {
    const packet = this.#packet;
    const isWanted = packet.retain || this.options.observers.size > 0;
    if (outcome !== 'rejected' && isWanted) return undefined;
    stopForwarding(packet);
    // [MQTT-4.3.3-4] of version 5: a PUBREC that refuses ends its conversation, and Aedes has nothing to remember.
    if (packet.qos === 0 || (packet.qos === 2 && !saysWhy)) return undefined;
    // Nothing is left for Aedes but the PUBACK, and the connection writes all of a commit at once.
    return takeOverPuback(packet);
  }

  protected override finish(error?: Error): void {
    // To a client of version 5 Aedes would say "not authorized", and it would throw the message away.
    if (error) this.connection.end('not-stored');
    this.#answerAedes(error);
  }
}
