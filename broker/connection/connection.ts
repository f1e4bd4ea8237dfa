/**
 * Connection: one client from its first byte to its last; who it is, why it ends, and in which order it is answered.
 *
 * It stands between the stream and Aedes, which gets packets only when they are sound and there is room (intake.ts).
 * Telemetry of QoS 1 does not go through Aedes at all (packet-reader.ts). Invariants: publishes are answered in
 * the order in which they came [MQTT-4.6.0-2]; after one that could not be stored none is answered.
 * (Of Aedes' own flow control nothing is used: it reads on only when all it has read is answered, so that a
 * PINGREQ would wait for the disk.)
 */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { AedesInside } from '../aedes/aedes-inside.ts';
import type { Identity } from '../clients/access.ts';
import { AnswerQueue, type OpenPublish } from './answer-queue.ts';
import { formatDisconnect, type Listening5 } from './answers-5.ts';
import type { ConnectionOptions, Origin } from './connection-options.ts';
import { type EndReason, parseEndReason } from './end-reason.ts';
import { Intake } from './intake.ts';
import { OutgoingWindow } from './outgoing-window.ts';
import type { PacketFault } from './packet-fields.ts';
import { priceOf } from './packet-prices.ts';
import { ReadPace } from './read-pace.ts';

export class Connection {
  readonly stream: Duplex;
  readonly origin: Origin;
  readonly openedAt: number;
  readonly openedMonotonicMs: number;
  /** Set when its credential has been verified, or at once where none is asked for. */
  identity: Identity | undefined;
  clientId: string | undefined;
  /** What its CONNECT asked for, or CONNACK told; 0 for none. */
  keepAliveS = 0;
  endReason: EndReason | undefined;
  /** What was wrong with the packet that ended it, for the log. */
  endDetail: string | undefined;
  /** Publishes taken in all. */
  publishes = 0;
  /** Told of each publish, while the same device is connected twice. */
  onPublish: (() => void) | undefined;
  readonly subscriptions = new Set<string>();
  /** Its CONNECT asked for a new session. */
  beginsSession = true;
  /** What it asked for in a CONNECT of version 5; undefined of older ones. */
  listening5: Listening5 | undefined;
  /** What it has yet to acknowledge; of a kept session, also from earlier connections. */
  outgoing = new OutgoingWindow();

  readonly pace: ReadPace;

  readonly #options: ConnectionOptions<Connection>;
  readonly #intake: Intake;
  #aedes: AedesInside | undefined;
  readonly #answers: AnswerQueue;
  /** CONNACK has been sent. */
  #open = false;
  #phaseTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions<Connection>) {
    this.#options = options;
    this.stream = options.stream;
    this.origin = options.origin;
    this.openedAt = options.openedAt;
    this.openedMonotonicMs = options.openedMonotonicMs;
    this.pace = new ReadPace(this.stream, options, {
      wake: () => this.wake(),
      dropSlowReader: () => this.end('slow-reader'),
    });
    this.#answers = new AnswerQueue(this.stream, {
      round: options.round,
      onAnswered: (count) => this.pace.answered(count),
      onFailed: () => {
        this.endReason ??= 'not-stored';
      },
      onFault: (error) => this.fault(error),
    });
    this.#intake = new Intake({
      stream: this.stream,
      limits: options.limits,
      pace: this.pace,
      takeTelemetry: (topic, payload, messageId) => options.takeTelemetry(this, topic, payload, messageId),
      takeTooLarge: (publish) => options.takeTooLarge(this, publish),
      giveAedes: (packets) => this.#giveAedes(packets),
      acknowledge: (type, identifier, isRefused) => this.#acknowledge(type, identifier, isRefused),
      onBytes: options.onBytes,
      isEnding: () => this.endReason !== undefined,
      end: (reason) => this.end(reason),
      endForFault: (fault) => this.#endForFault(fault),
      guard: (work) => this.guard(work),
    });
    this.stream.once('close', () => {
      clearTimeout(this.#phaseTimer);
      clearTimeout(this.#waitTimer);
    });
  }

  /** The client of Aedes that gets what is not telemetry. */
  attach(client: Client): void {
    this.#aedes = new AedesInside(client, () => this.pace.watchUnread());
  }

  get bytesWritten(): number {
    return (this.stream as { bytesWritten?: number }).bytesWritten ?? 0;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whom lines in the log are about: who has not shown who it is might say any client id. */
  get subject(): string {
    return this.identity === undefined ? this.origin.address : (this.clientId ?? this.origin.address);
  }

  /** True when the client said DISCONNECT. */
  get saidGoodbye(): boolean {
    return this.#intake.saidGoodbye;
  }

  /** Ends the connection with `reason` when `limitMs` pass before the next phase begins. */
  startPhase(limitMs: number, reason: EndReason): void {
    clearTimeout(this.#phaseTimer);
    this.#phaseTimer = setTimeout(() => this.end(reason), limitMs);
  }

  /** Goes on with it later, unless it has ended. */
  startWait(waitMs: number, then: () => void): void {
    this.#waitTimer = setTimeout(() => this.guard(then), waitMs);
  }

  /** CONNACK has been sent: from now on the client's packets are read. */
  open(): void {
    clearTimeout(this.#phaseTimer);
    this.#open = true;
    this.#intake.open(this.keepAliveS);
  }

  /** Cuts the connection. The first reason stands. */
  end(reason: EndReason): void {
    if (this.endReason === undefined) this.#sayWhy(reason, undefined, undefined);
    this.endReason ??= reason;
    this.stream.destroy();
  }

  /**
   * Runs some work of this connection, whatever called it. A mistake of ours in it ends this connection and no
   * other: the device sends again, and the process lives.
   */
  guard<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      this.fault(error as Error);
      return undefined;
    }
  }

  /** Ends the connection for a mistake of ours. What waits for its answer gets none, but for its will. */
  fault(error: Error): void {
    this.#answers.abandon();
    this.end('internal-error');
    this.#options.onFault(this, error);
  }

  /** Notes why an error that others raised will end the connection. */
  noteError(error: Error): void {
    this.endReason ??= parseEndReason(error);
  }

  /** Of QoS 1 or 2, whether one more may wait for its acknowledgement [MQTT-3.3.4-9]. */
  mayAwait(isOpened = false): boolean {
    const max = this.listening5?.maxUnacknowledged ?? Number.POSITIVE_INFINITY;
    return this.outgoing.size - (isOpened ? 1 : 0) < max;
  }

  /** Whether it takes a packet of that size [MQTT-3.1.2-24]; counted where not. */
  takesPacket(bytes: number): boolean {
    if (bytes <= (this.listening5?.maxPacketBytes ?? Number.POSITIVE_INFINITY)) return true;
    this.#options.onTooLargeForClient();
    return false;
  }

  /** A publish goes to the pipeline: it will be answered in its turn. */
  answerInOrder(publish: OpenPublish): void {
    this.publishes++;
    this.onPublish?.();
    this.#answers.add(publish);
  }

  /** One of its publishes is on disk. */
  stored(): void {
    this.#answers.schedule();
  }

  /** One of its publishes is not: none is answered any more. */
  notStored(publish: OpenPublish, error: Error): void {
    this.#answers.fail(publish, error);
  }

  /** Reads on after a hold, when there may be room again. */
  wake(): void {
    this.#intake.wake();
  }

  #endForFault({ reason, detail, answer, code }: PacketFault): void {
    this.endDetail = detail;
    if (this.endReason === undefined) this.#sayWhy(reason, code, detail);
    this.endReason ??= reason;
    if (answer && !this.stream.destroyed) this.stream.end(answer, () => this.stream.destroy());
    else this.stream.destroy();
  }

  /** [MQTT 5, 4.13] what the socket takes at once: nobody waits for who is cut off. */
  #sayWhy(reason: EndReason, code: number | undefined, detail: string | undefined): void {
    const { stream, listening5 } = this;
    if (!listening5 || !this.#open || stream.destroyed || stream.writableLength > 0) return;
    const bytes = formatDisconnect(reason, code, detail, listening5);
    if (bytes) stream.write(bytes);
  }

  /** False: its message waits for another type of packet. One that a message waits for is free. */
  #acknowledge(type: number, identifier: number, isRefused: boolean): boolean {
    const judgement = this.outgoing.acknowledge(type, identifier, isRefused);
    if (judgement === 'awaited') this.pace.refund(priceOf(type));
    return judgement !== 'wrong';
  }

  #giveAedes(bytes: Buffer): void {
    if (this.stream.destroyed) return;
    if (this.#open) this.#aedes?.give(bytes);
    else this.#aedes?.giveConnect(bytes);
  }
}
