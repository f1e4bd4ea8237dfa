/**
 * Connection: one client from its first byte to its last; what it may have open at once and in which order
 * it is answered.
 *
 * It stands between the stream and Aedes, which gets bytes only when they are sound and there is room: until
 * CONNACK nothing after the CONNECT, then no more PUBLISH packets than the window, the rate and the journal
 * allow; the rest waits in the socket and, through TCP, at the device. Telemetry of QoS 1 does not go through
 * Aedes at all (packet-reader.ts). Invariants: publishes are answered in
 * the order in which they came [MQTT-4.6.0-2]; after one that could not be stored none is answered.
 * (Of Aedes' own flow control nothing is used: it reads on only when all it has read is answered, so that a
 * PINGREQ would wait for the disk.)
 */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { Identity } from '../access.ts';
import { AedesInside } from '../aedes/aedes-inside.ts';
import { AnswerQueue, type OpenPublish } from './answer-queue.ts';
import { type ByteSource, readBytes } from './byte-source.ts';
import type { ConnectionOptions, Origin } from './connection-options.ts';
import { type EndReason, parseEndReason } from './end-reason.ts';
import { LifeSigns } from './life-signs.ts';
import { OutgoingWindow } from './outgoing-window.ts';
import type { PacketFault } from './packet-fields.ts';
import { priceOf } from './packet-prices.ts';
import { PacketReader } from './packet-reader.ts';
import { PacketScanner } from './packet-scanner.ts';
import { MAX_UNREAD_BYTES, ReadPace } from './read-pace.ts';
import type { SkippedPacket } from './skipped-packet.ts';

export class Connection {
  readonly stream: Duplex;
  readonly origin: Origin;
  readonly openedAt: number;
  readonly openedMonotonicMs: number;
  /** Set when its credential has been verified, or at once where none is asked for. */
  identity: Identity | undefined;
  clientId: string | undefined;
  /** What its CONNECT asked for; 0 for none. */
  keepAliveS = 0;
  endReason: EndReason | undefined;
  /** What was wrong with the packet that ended it, for the log. */
  endDetail: string | undefined;
  /** Publishes taken in all. */
  publishes = 0;
  readonly subscriptions = new Set<string>();
  /** What it has yet to acknowledge; of a kept session, also from earlier connections. */
  outgoing = new OutgoingWindow();

  readonly pace: ReadPace;

  readonly #options: ConnectionOptions<Connection>;
  readonly #scanner: PacketScanner;
  readonly #source: ByteSource;
  readonly #reader: PacketReader;
  readonly #life: LifeSigns;
  #aedes: AedesInside | undefined;
  readonly #answers: AnswerQueue;
  /** CONNACK has been sent. */
  #open = false;
  /** Bytes that were read and have to wait, a copy: at most those of one read. */
  #waiting: Buffer | undefined;
  /** A packet over the bound whose bytes are still coming. */
  #skipped: SkippedPacket | undefined;
  #phaseTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions<Connection>) {
    this.#options = options;
    this.stream = options.stream;
    this.origin = options.origin;
    this.openedAt = options.openedAt;
    this.openedMonotonicMs = options.openedMonotonicMs;
    this.#scanner = new PacketScanner(options.limits);
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
    this.#reader = new PacketReader({
      takeTelemetry: (topic, payload, messageId) => {
        options.takeTelemetry(this, topic, payload, messageId);
      },
      giveAedes: (packets) => this.#giveAedes(packets),
      acknowledge: (type, identifier) => this.#acknowledge(type, identifier),
    });
    this.#life = new LifeSigns({ end: (reason) => this.end(reason), isHeld: () => this.pace.isHeld });
    this.#source = readBytes(this.stream, (bytes) => this.guard(() => this.#hear(bytes)) ?? false);
    this.stream.once('close', () => {
      clearTimeout(this.#phaseTimer);
      clearTimeout(this.#waitTimer);
      this.#life.stop();
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
    return this.#scanner.disconnectPassed;
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
    this.#life.watch(this.keepAliveS);
    this.wake();
  }

  /** Cuts the connection. The first reason stands. */
  end(reason: EndReason): void {
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
    this.pace.release();
    this.#life.released();
    const bytes = this.#waiting;
    this.#waiting = undefined;
    if (bytes === undefined || this.guard(() => this.#hear(bytes))) this.#source.resume();
  }

  #hear(bytes: Buffer): boolean {
    const mayGoOn = this.#take(bytes);
    const isCut = !this.#scanner.atBoundary || this.#skipped !== undefined || this.#scanner.isHeaderCut;
    this.#life.heard(bytes.length, this.#scanner.packets, isCut);
    return mayGoOn;
  }

  /** Passes on what is sound and for which there is room; keeps the rest, and then says false. */
  #take(bytes: Buffer): boolean {
    let rest = this.#waiting ? Buffer.concat([this.#waiting, bytes]) : bytes;
    this.#waiting = undefined;
    const scanner = this.#scanner;
    while (rest.length > 0) {
      // [MQTT-3.14.4-2] what comes after a DISCONNECT is not looked at.
      if (this.endReason !== undefined || scanner.disconnectPassed) return false;
      if (this.#skipped) {
        rest = this.#skip(this.#skipped, rest);
        continue;
      }
      // Its packets ask for answers that it does not read; PUBLISH packets stop much earlier.
      if (this.stream.writableLength > MAX_UNREAD_BYTES) {
        this.end('slow-reader');
        return false;
      }
      const isWaitingForConnack = scanner.connectPassed && !this.#open;
      const passed = isWaitingForConnack ? 0 : scanner.scan(rest, this.pace.publishes(), this.pace.work());
      if (scanner.violation) {
        this.end(scanner.violation);
        return false;
      }
      const { skipped } = scanner;
      if (passed === 0 && !skipped && !scanner.isHeaderCut) {
        this.#waiting = Buffer.from(rest);
        if (!isWaitingForConnack) this.pace.hold(scanner.needsWork);
        return false;
      }
      if (!isWaitingForConnack) this.pace.take(scanner.publishesBegun, scanner.workBegun);
      if (passed > 0) {
        this.#options.onBytes(passed);
        this.#pass(passed === rest.length ? rest : rest.subarray(0, passed));
        rest = rest.subarray(passed);
      }
      if (skipped) {
        scanner.skipped = undefined;
        this.#skipped = skipped;
        this.#options.onBytes(scanner.skippedHeaderBytes);
        rest = rest.subarray(scanner.skippedHeaderBytes);
      } else if (scanner.isHeaderCut) {
        this.#waiting = Buffer.from(rest);
        return true;
      }
    }
    return true;
  }

  /** Takes the bytes of a packet that is too large off the front; returns the rest. */
  #skip(packet: SkippedPacket, bytes: Buffer): Buffer {
    const own = packet.take(bytes);
    this.#options.onBytes(own);
    if (packet.isOver) {
      this.#skipped = undefined;
      this.#scanner.packets++;
      this.#options.takeTooLarge(this, packet.toPublish());
    }
    return bytes.subarray(own);
  }

  #pass(sound: Buffer): void {
    const fault = this.#reader.read(sound);
    this.#scanner.is31 = this.#reader.is31;
    if (fault) this.#endWith(fault);
  }

  #endWith({ reason, detail, answer }: PacketFault): void {
    this.endDetail = detail;
    this.endReason ??= reason;
    if (answer && !this.stream.destroyed) this.stream.end(answer, () => this.stream.destroy());
    else this.stream.destroy();
  }

  /** False: its message waits for another type of packet. One that a message waits for is free. */
  #acknowledge(type: number, identifier: number): boolean {
    const judgement = this.outgoing.acknowledge(type, identifier);
    if (judgement === 'awaited') this.pace.refund(priceOf(type));
    return judgement !== 'wrong';
  }

  #giveAedes(bytes: Buffer): void {
    if (this.stream.destroyed) return;
    if (this.#open) this.#aedes?.give(bytes);
    else this.#aedes?.giveConnect(bytes);
  }
}
