/**
 * Intake: the bytes of one client, from its stream to whoever they are for.
 *
 * It passes on what is sound and for which there is room: until CONNACK nothing after the CONNECT, then no more
 * packets than ReadPace allows. The rest waits here and in the socket and, through TCP, at the device. A PUBLISH
 * over the packet bound is skipped. Invariants: at most the bytes of one read wait here; no byte behind a violation
 * or a DISCONNECT is looked at; any byte, of a skipped packet too, is a sign of life.
 */
import type { Duplex } from 'node:stream';
import type { EndReason } from './end-reason.ts';
import { LifeSigns } from './life-signs.ts';
import type { PacketFault } from './packet-fields.ts';
import { CUT_READ_PRICE } from './packet-prices.ts';
import { PacketReader, type PacketTakers } from './packet-reader.ts';
import { PacketScanner, type ScannerLimits } from './packet-scanner.ts';
import { MAX_UNREAD_BYTES, type ReadPace } from './read-pace.ts';
import type { SkippedPacket, TooLargePublish } from './skipped-packet.ts';

/** Below it a publish is one reading, with room for a long topic. */
export const ONE_READING_BYTES = 256;
/** Of one reading in a batch. */
export const BATCHED_READING_BYTES = 64;

export interface IntakeOptions extends PacketTakers {
  readonly stream: Duplex;
  readonly limits: ScannerLimits;
  readonly pace: ReadPace;
  readonly takeTooLarge: (publish: TooLargePublish) => void;
  readonly onBytes: (bytes: number) => void;
  /** The connection has a reason to end: nothing more is taken. */
  readonly isEnding: () => boolean;
  readonly end: (reason: EndReason) => void;
  readonly endForFault: (fault: PacketFault) => void;
  /** Runs work so that a mistake of ours in it ends this connection only; undefined where it made one. */
  readonly guard: <Result>(work: () => Result) => Result | undefined;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #scanner: PacketScanner;
  readonly #reader: PacketReader;
  readonly #life: LifeSigns;
  /** CONNACK has been sent. */
  #isOpen = false;
  /** Bytes that were read and have to wait, a copy: at most those of one read. */
  #waiting: Buffer | undefined;
  /** A packet over the bound whose bytes are still coming. */
  #skipped: SkippedPacket | undefined;

  constructor(options: IntakeOptions) {
    const { stream, limits, pace, end, guard } = options;
    this.#options = options;
    this.#scanner = new PacketScanner(limits);
    this.#reader = new PacketReader(options);
    this.#life = new LifeSigns({ end, isHeld: () => pace.isHeld });
    stream.on('data', (bytes: Buffer) => {
      if (!guard(() => this.#hear(bytes))) stream.pause();
    });
    stream.once('close', () => this.#life.stop());
  }

  /** True when the client said DISCONNECT. */
  get saidGoodbye(): boolean {
    return this.#scanner.disconnectPassed;
  }

  get is5(): boolean {
    return this.#reader.is5;
  }

  /** CONNACK has been sent: from now on the client's packets are read. */
  open(keepAliveS: number): void {
    this.#isOpen = true;
    this.#life.watch(keepAliveS);
    this.wake();
  }

  /** Reads on after a hold, when there may be room again. */
  wake(): void {
    const { stream, pace, guard } = this.#options;
    if (stream.destroyed || !this.#isOpen) return;
    pace.release();
    this.#life.released();
    const bytes = this.#waiting;
    this.#waiting = undefined;
    if (bytes === undefined || guard(() => this.#hear(bytes))) stream.resume();
  }

  /** False: no more for now. */
  #hear(bytes: Buffer): boolean {
    const mayGoOn = this.#take(bytes);
    const isCut = !this.#scanner.atBoundary || this.#skipped !== undefined || this.#scanner.isHeaderCut;
    this.#life.heard(bytes.length, this.#scanner.packets, isCut);
    return mayGoOn && !(isCut && this.#hasSpentItself());
  }

  /** It sends in too many pieces: the next is read when it has paid for this one. */
  #hasSpentItself(): boolean {
    const { pace } = this.#options;
    pace.charge(CUT_READ_PRICE);
    if (!this.#isOpen || pace.work() > 0) return false;
    pace.hold(true);
    return true;
  }

  /** Passes on what is sound and for which there is room; keeps the rest, and then says false. */
  #take(bytes: Buffer): boolean {
    const { stream, isEnding, end } = this.#options;
    let rest = this.#waiting ? Buffer.concat([this.#waiting, bytes]) : bytes;
    this.#waiting = undefined;
    const scanner = this.#scanner;
    while (rest.length > 0) {
      // [MQTT-3.14.4-2] what comes after a DISCONNECT is not looked at.
      if (isEnding() || scanner.disconnectPassed) return false;
      if (this.#skipped) {
        rest = this.#skip(this.#skipped, rest);
        continue;
      }
      // Its packets ask for answers that it does not read; PUBLISH packets stop much earlier.
      if (stream.writableLength > MAX_UNREAD_BYTES) {
        end('slow-reader');
        return false;
      }
      const passed = this.#scan(rest);
      if (passed === undefined) return false;
      rest = rest.subarray(passed);
      if (scanner.isHeaderCut && !this.#skipped) {
        this.#waiting = Buffer.from(rest);
        return true;
      }
    }
    return true;
  }

  /** Passes on what may go of `bytes`; returns how many they were, or undefined where no more is taken now. */
  #scan(bytes: Buffer): number | undefined {
    const { pace, end, onBytes } = this.#options;
    const scanner = this.#scanner;
    const isWaitingForConnack = scanner.connectPassed && !this.#isOpen;
    const passed = isWaitingForConnack ? 0 : scanner.scan(bytes, pace.publishes(), pace.work());
    if (scanner.violation) {
      end(scanner.violation);
      return undefined;
    }
    const { skipped } = scanner;
    if (passed === 0 && !skipped && !scanner.isHeaderCut) {
      this.#waiting = Buffer.from(bytes);
      if (!isWaitingForConnack) pace.hold(scanner.needsWork);
      return undefined;
    }
    if (!isWaitingForConnack) {
      const { publishesBegun, workBegun } = scanner;
      pace.take(publishesBegun, publishesWorth(passed, publishesBegun), workBegun);
    }
    const taken = passed + (skipped ? scanner.skippedHeaderBytes : 0);
    onBytes(taken);
    if (passed > 0) this.#pass(passed === bytes.length ? bytes : bytes.subarray(0, passed));
    if (skipped) {
      scanner.skipped = undefined;
      this.#skipped = skipped;
    }
    return taken;
  }

  #pass(sound: Buffer): void {
    const fault = this.#reader.read(sound);
    this.#scanner.is31 = this.#reader.is31;
    this.#scanner.is5 = this.#reader.is5;
    if (fault) this.#options.endForFault(fault);
  }

  /** Takes the bytes of a packet that is too large off the front; returns the rest. */
  #skip(packet: SkippedPacket, bytes: Buffer): Buffer {
    const own = packet.take(bytes);
    this.#options.onBytes(own);
    if (packet.isOver) {
      this.#skipped = undefined;
      this.#scanner.packets++;
      this.#options.takeTooLarge(packet.toPublish());
    }
    return bytes.subarray(own);
  }
}

/** A publish that is larger than one reading has several: about so many as its bytes hold. */
function publishesWorth(bytes: number, publishes: number): number {
  const beyond = Math.max(0, bytes - publishes * ONE_READING_BYTES);
  return publishes + Math.floor(beyond / BATCHED_READING_BYTES);
}
