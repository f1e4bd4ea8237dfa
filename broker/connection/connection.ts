/**
 * Connection: one client from its first byte to its last; what it may have open at once and in which order
 * it is answered.
 *
 * It stands in the stream's own `read`, so Aedes gets bytes only when they are sound and there is room: until
 * CONNACK nothing after the CONNECT, then no more PUBLISH packets than the window, the rate and the journal
 * allow; the rest waits in the socket and, through TCP, at the device. Telemetry that nobody but the pipeline
 * waits for does not go through Aedes at all (telemetry-reader.ts). Invariants: publishes are answered in
 * the order in which they came [MQTT-4.6.0-2]; after one that could not be stored none is answered.
 *
 * (Of Aedes' own flow control nothing is used: what completes while it is paused is lost to its count and it
 * hangs, and it reads on only when all it has read is answered, so that a PINGREQ would wait for the disk.)
 */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { AcceptOutcome } from '../../ingest/pipeline.ts';
import type { Identity } from '../access.ts';
import { AnswerQueue, type OpenPublish } from './answer-queue.ts';
import type { ConnectionOptions, HoldCause, Origin } from './connection-options.ts';
import { type EndReason, parseEndReason } from './end-reason.ts';
import { PacketScanner } from './packet-scanner.ts';
import { type TakeTelemetry, TelemetryReader } from './telemetry-reader.ts';

/** CONNACK, no session, return code 1: unacceptable protocol version [MQTT-3.1.2-2]. */
const CONNACK_UNACCEPTABLE_PROTOCOL = Buffer.from([0x20, 2, 0, 1]);

/** What Aedes' client keeps to itself. */
interface AedesInside {
  _parsingBatch: number;
  /** 0 or less: the client asked for none [MQTT-3.1.2-24]. */
  _keepaliveInterval: number;
  _keepaliveTimer: NodeJS.Timeout | null;
}

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
  readonly #readStream: (size?: number) => Buffer | null;
  readonly #telemetry = new TelemetryReader();
  readonly #takeTelemetry: TakeTelemetry;
  /** The begin of a PUBLISH that may take the short way when the rest of it is here. */
  #cut: Buffer | undefined;
  /** Tells Aedes that the client is alive. */
  #keepAlive: () => void = () => undefined;
  /** PUBLISH packets taken and not yet answered. */
  #inFlight = 0;
  readonly #answers: AnswerQueue;
  /** CONNACK has been sent. */
  #open = false;
  #held: HoldCause | undefined;
  /** What comes next in the stream is a PUBLISH for which there was no room. */
  #publishAtHead = false;
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
      onAnswered: (count) => this.#answered(count),
      onFailed: () => {
        this.endReason ??= 'not-stored';
      },
    });
    this.#takeTelemetry = (topic, payload, messageId) =>
      options.takeTelemetry(this, topic, payload, messageId);
    this.#readStream = this.stream.read.bind(this.stream);
    // A read of nothing is how the stream itself asks for more; it takes nothing out.
    this.stream.read = (size) => (size === 0 ? this.#readStream(0) : this.#read());
    this.stream.on('drain', () => this.#drained());
    this.stream.once('close', () => this.#clearTimers());
  }

  /** Lets Aedes read whenever there is something to read; how much is decided here. */
  attach(client: Client): void {
    // Packets in work, in Aedes' count: while it is not 0, "readable" does not make it read.
    const inside = client as Client & AedesInside;
    this.stream.prependListener('readable', () => {
      inside._parsingBatch = 0;
    });
    this.#keepAlive = () => {
      if (inside._keepaliveInterval > 0) inside._keepaliveTimer?.refresh();
    };
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

  /** Answers a publish when `stored` settles and all before it are answered. */
  answerInOrder(stored: Promise<AcceptOutcome>, publish: OpenPublish, onSettled: () => void): void {
    this.publishes++;
    this.#answers.add(stored, publish, onSettled);
  }

  /** Reads on after a hold, when there may be room again. */
  wake(): void {
    if (this.stream.destroyed || !this.#open) return;
    this.#held = undefined;
    // Aedes reads on this event; the stream itself has none to give, as nothing new has arrived.
    this.stream.emit('readable');
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

  /** In place of the stream's own read: sound bytes for which there is room, or null. */
  #read(): Buffer | null {
    const { connectPassed, disconnectPassed } = this.#scanner;
    if (this.endReason !== undefined || disconnectPassed || (connectPassed && !this.#open)) return null;
    const budget = this.#open ? this.#budget() : 0;
    // What was put back for want of room is not taken out again before there is some.
    if (this.#publishAtHead && budget === 0) return null;
    // Asked for no size, the stream gives its first chunk only, and "readable" does not come again for the rest.
    const chunk = this.#readStream(this.stream.readableLength || undefined);
    if (chunk === null) return null;
    const { atBoundary } = this.#scanner;
    const passed = this.#scanner.scan(chunk, budget);
    if (this.#scanner.violation) {
      this.end(this.#scanner.violation);
      return null;
    }
    this.#options.onBytes(passed);
    this.#inFlight += this.#scanner.publishesBegun;
    this.#options.rate.take(this.#scanner.publishesBegun);
    this.#publishAtHead = this.#open && passed < chunk.length;
    const sound = passed === chunk.length ? chunk : chunk.subarray(0, passed);
    // [MQTT-3.14.4-2] what comes after a DISCONNECT is not looked at.
    if (passed < chunk.length && !this.#scanner.disconnectPassed) {
      this.stream.unshift(chunk.subarray(passed));
      if (this.#open) this.#budget();
    }
    return this.#open && (atBoundary || this.#cut) ? this.#readTelemetry(sound) : orNull(sound);
  }

  /** Takes the telemetry at the front of `sound`, which begins a packet or goes on with the cut one; the rest is for Aedes. */
  #readTelemetry(sound: Buffer): Buffer | null {
    const bytes = this.#cut ? Buffer.concat([this.#cut, sound]) : sound;
    this.#cut = undefined;
    if (!this.#options.isTelemetryDirect()) return orNull(bytes);
    const taken = this.#telemetry.read(bytes, this.#takeTelemetry);
    if (taken > 0) this.#keepAlive();
    const rest = bytes.subarray(taken);
    if (!this.#telemetry.isCut) return orNull(rest);
    // A copy: a view would keep the whole chunk.
    this.#cut = Buffer.from(rest);
    return null;
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

function orNull(bytes: Buffer): Buffer | null {
  return bytes.length > 0 ? bytes : null;
}
