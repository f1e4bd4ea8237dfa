/**
 * Connection: one client from its first byte to its last; what it may have open at once and in which order
 * it is answered.
 *
 * It stands between the stream and Aedes, which gets bytes only when they are sound and there is room: until
 * CONNACK nothing after the CONNECT, then no more PUBLISH packets than the window, the rate and the journal
 * allow; the rest waits in the socket and, through TCP, at the device. Telemetry that nobody but the pipeline
 * waits for does not go through Aedes at all (telemetry-reader.ts). Invariants: publishes are answered in
 * the order in which they came [MQTT-4.6.0-2]; after one that could not be stored none is answered.
 * (Of Aedes' own flow control nothing is used: it reads on only when all it has read is answered, so that a
 * PINGREQ would wait for the disk.)
 */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { Identity } from '../access.ts';
import { AedesInside } from './aedes-inside.ts';
import { AnswerQueue, type OpenPublish } from './answer-queue.ts';
import { type ByteSource, readBytes } from './byte-source.ts';
import type { ConnectionOptions, HoldCause, Origin } from './connection-options.ts';
import { type EndReason, parseEndReason } from './end-reason.ts';
import { PacketScanner } from './packet-scanner.ts';
import type { SkippedPacket } from './skipped-packet.ts';
import { type TakeTelemetry, TelemetryReader } from './telemetry-reader.ts';

/** CONNACK, no session, return code 1: unacceptable protocol version [MQTT-3.1.2-2]. */
const CONNACK_UNACCEPTABLE_PROTOCOL = Buffer.from([0x20, 2, 0, 1]);

export class Connection {
  readonly stream: Duplex;
  readonly origin: Origin;
  readonly openedAt: number;
  /** Set when its credential has been verified, or at once where none is asked for. */
  identity: Identity | undefined;
  clientId: string | undefined;
  endReason: EndReason | undefined;
  /** Publishes taken in all. */
  publishes = 0;
  readonly subscriptions = new Set<string>();

  readonly #options: ConnectionOptions;
  readonly #scanner: PacketScanner;
  readonly #source: ByteSource;
  readonly #telemetry = new TelemetryReader();
  readonly #takeTelemetry: TakeTelemetry;
  #aedes: AedesInside | undefined;
  /** PUBLISH packets taken and not yet answered. */
  #inFlight = 0;
  readonly #answers: AnswerQueue;
  /** CONNACK has been sent. */
  #open = false;
  #held: HoldCause | undefined;
  /** Bytes that were read and have to wait, a copy: at most those of one read. */
  #waiting: Buffer | undefined;
  /** A packet over the bound whose bytes are still coming. */
  #skipped: SkippedPacket | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #phaseTimer: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.origin = options.origin;
    this.openedAt = options.openedAt;
    this.#scanner = new PacketScanner(options.limits);
    this.#answers = new AnswerQueue(this.stream, {
      round: options.round,
      onAnswered: (count) => this.#answered(count),
      onFailed: () => {
        this.endReason ??= 'not-stored';
      },
    });
    this.#takeTelemetry = (topic, payload, messageId) =>
      options.takeTelemetry(this, topic, payload, messageId);
    this.#source = readBytes(this.stream, (bytes) => this.#take(bytes));
    this.stream.on('drain', () => this.#drained());
    this.stream.once('close', () => this.#clearTimers());
  }

  /** The client of Aedes that gets what is not telemetry. */
  attach(client: Client): void {
    this.#aedes = new AedesInside(client);
  }

  get bytesWritten(): number {
    return (this.stream as { bytesWritten?: number }).bytesWritten ?? 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** True when the client said DISCONNECT. */
  get saidGoodbye(): boolean {
    return this.#scanner.disconnectPassed;
  }

  /** Ends the connection with `reason` when `limitMs` pass before the next phase begins. */
  startPhase(limitMs: number, reason: EndReason): void {
    clearTimeout(this.#phaseTimer);
    this.#phaseTimer = setTimeout(() => this.end(reason), limitMs);
  }

  /** CONNACK has been sent: from now on the client's packets are read. */
  open(): void {
    clearTimeout(this.#phaseTimer);
    this.#open = true;
    this.wake();
  }

  /** Cuts the connection. The first reason stands. */
  end(reason: EndReason): void {
    this.endReason ??= reason;
    if (reason === 'unacceptable-protocol' && !this.stream.destroyed) {
      this.stream.end(CONNACK_UNACCEPTABLE_PROTOCOL, () => this.stream.destroy());
    } else this.stream.destroy();
  }

  /** Notes why an error that others raised will end the connection. */
  noteError(error: Error): void {
    this.endReason ??= parseEndReason(error);
  }

  /** A publish goes to the pipeline: it will be answered in its turn. */
  answerInOrder(publish: OpenPublish): void {
    this.publishes++;
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
    if (this.stream.destroyed || !this.#open) return;
    this.#held = undefined;
    const bytes = this.#waiting;
    this.#waiting = undefined;
    if (bytes === undefined || this.#take(bytes)) this.#source.resume();
  }

  #drained(): void {
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
    if (this.#held === 'unread-answers') this.wake();
  }

  #answered(count: number): void {
    this.#inFlight -= count;
    if (this.#held === 'in-flight') this.wake();
  }

  /** Passes on what is sound and for which there is room; keeps the rest, and then says false. */
  #take(bytes: Buffer): boolean {
    let rest = this.#waiting ? Buffer.concat([this.#waiting, bytes]) : bytes;
    this.#waiting = undefined;
    let isPublishNext = false;
    while (rest.length > 0) {
      // [MQTT-3.14.4-2] what comes after a DISCONNECT is not looked at.
      if (this.endReason !== undefined || this.#scanner.disconnectPassed) return false;
      if (this.#skipped) {
        rest = this.#skip(this.#skipped, rest);
        continue;
      }
      const budget = this.#open ? this.#budget() : 0;
      const mayScan = this.#open ? budget > 0 || !isPublishNext : !this.#scanner.connectPassed;
      if (!mayScan) {
        this.#waiting = Buffer.from(rest);
        return false;
      }
      const { atBoundary } = this.#scanner;
      const passed = this.#scanner.scan(rest, budget);
      if (this.#scanner.violation) {
        this.end(this.#scanner.violation);
        return false;
      }
      this.#options.onBytes(passed);
      this.#inFlight += this.#scanner.publishesBegun;
      this.#options.rate.take(this.#scanner.publishesBegun);
      isPublishNext = passed < rest.length;
      if (!isPublishNext) {
        this.#pass(rest, atBoundary);
        return true;
      }
      if (passed > 0) this.#pass(rest.subarray(0, passed), atBoundary);
      rest = rest.subarray(passed);
      if (this.#scanner.isHeaderCut) {
        this.#waiting = Buffer.from(rest);
        return true;
      }
      if (this.#scanner.skipped) {
        this.#skipped = this.#scanner.skipped;
        this.#scanner.skipped = undefined;
        rest = rest.subarray(this.#scanner.skippedHeaderBytes);
        isPublishNext = false;
      }
    }
    return true;
  }

  /** Takes the bytes of a packet that is too large off the front; returns the rest. */
  #skip(packet: SkippedPacket, bytes: Buffer): Buffer {
    const rest = bytes.subarray(packet.take(bytes));
    this.#aedes?.keepAlive();
    if (packet.isOver) {
      this.#skipped = undefined;
      this.#options.takeTooLarge(this, packet.toPublish());
    }
    return rest;
  }

  /** Sound bytes: the telemetry at their front is taken here, the rest is for Aedes. */
  #pass(sound: Buffer, atBoundary: boolean): void {
    const beginsPacket = atBoundary || this.#telemetry.hasCut;
    const bytes = this.#telemetry.join(sound);
    if (bytes === undefined) return;
    let rest = bytes;
    if (this.#open && beginsPacket && this.#options.isTelemetryDirect()) {
      rest = this.#telemetry.read(bytes, this.#takeTelemetry);
      if (rest.length < bytes.length) this.#aedes?.keepAlive();
    }
    if (rest.length > 0) this.#giveAedes(rest);
  }

  #giveAedes(bytes: Buffer): void {
    if (this.stream.destroyed) return;
    if (this.#open) this.#aedes?.give(bytes);
    else this.#aedes?.giveConnect(bytes);
  }

  /** How many PUBLISH packets may begin now; when none, notes why and who will wake us. */
  #budget(): number {
    if (this.#options.isJournalBusy()) return this.#hold('journal');
    // Who does not read its answers is not read either, until it is dropped as a slow reader.
    if (this.stream.writableNeedDrain) {
      // Aedes waits for messages to be read, but not for PUBACKs.
      this.#drainTimer ??= setTimeout(() => this.end('slow-reader'), this.#options.drainTimeoutMs);
      return this.#hold('unread-answers');
    }
    const room = this.#options.maxInFlight - this.#inFlight;
    if (room <= 0) return this.#hold('in-flight');
    const allowed = this.#options.rate.available();
    if (allowed > 0) return Math.min(room, allowed);
    this.#wakeTimer ??= setTimeout(() => {
      this.#wakeTimer = undefined;
      this.wake();
    }, this.#options.rate.refillMs);
    return this.#hold('rate');
  }

  #hold(cause: HoldCause): 0 {
    if (this.#held === undefined) this.#options.onHold(cause);
    this.#held = cause;
    return 0;
  }

  #clearTimers(): void {
    clearTimeout(this.#wakeTimer);
    clearTimeout(this.#phaseTimer);
    clearTimeout(this.#drainTimer);
  }
}
