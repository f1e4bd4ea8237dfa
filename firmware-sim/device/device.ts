/**
 * A simulated device: a behaviour that measures, a format that says it, a connection that sends.
 *
 * The behaviour knows nothing of MQTT and the connection nothing of rivers. Faults are hooks on the way:
 * a clock that is wrong, a value that is bent, a payload that is broken. Invariant: every reading has the time of the
 * device's own clock and an ascending count, of which it says what its format has words for; in our own it carries
 * `measuredAt` and `seq`, and says `simulated: true`.
 */
import type { Cancel, Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { DeviceIdentity } from './connection.ts';
import type { Encoder, Measured } from './formats/encoder.ts';
import { siaga } from './formats/siaga.ts';
import type { OutboxMessage } from './outbox.ts';

export type { Measured } from './formats/encoder.ts';

export interface Behaviour {
  /** What the device measures at this instant, or undefined where it has nothing to say (no GPS fix). */
  measure(nowMs: number): Measured | undefined;
  /** Until the next report, ms. */
  intervalMs(): number;
  /** Ends its own timers. */
  stop?(): void;
}

/** What carries a device's messages: its MQTT connection, or whatever a test listens with. */
export interface DeviceLink {
  readonly connected: boolean;
  readonly unacknowledged: number;
  start(delayMs: number): void;
  send(message: OutboxMessage): void;
  setReachable(reachable: boolean): void;
  close(boundMs: number): Promise<void>;
}

/** What can go wrong with a device; see faults.ts. */
export interface FaultHooks {
  /** Added to the device's clock, ms. */
  readonly clockOffsetMs?: (nowMs: number) => number;
  readonly bend?: (measured: Measured, nowMs: number) => Measured;
  /** A text to publish instead of the reading. */
  readonly garble?: (text: string, nowMs: number) => string;
}

/** Share of the interval by which a report may come early or late: no two clocks in a city agree. */
const INTERVAL_JITTER = 0.1;

/** On an ordinary machine; one that takes longer loses the first report of such a device. */
const CONNECTS_WITHIN_MS = 2_000;

export class SimulatedDevice {
  readonly identity: DeviceIdentity;
  readonly #connection: DeviceLink;
  readonly #behaviour: Behaviour;
  readonly #encoder: Encoder;
  readonly #faults: FaultHooks;
  readonly #clock: Clock;
  readonly #random: Random;
  #cancelNext: Cancel | undefined;
  #seq = 0;

  constructor(parts: {
    identity: DeviceIdentity;
    connection: DeviceLink;
    behaviour: Behaviour;
    /** Our own format unless given. */
    encoder?: Encoder;
    faults?: FaultHooks;
    clock: Clock;
    random: Random;
  }) {
    this.identity = parts.identity;
    this.#connection = parts.connection;
    this.#behaviour = parts.behaviour;
    this.#encoder = parts.encoder ?? siaga;
    this.#faults = parts.faults ?? {};
    this.#clock = parts.clock;
    this.#random = parts.random;
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  get unacknowledged(): number {
    return this.#connection.unacknowledged;
  }

  start(delayMs: number): void {
    this.#connection.start(delayMs);
    // What is only of now has no use for a time before there is a connection.
    const firstMs = delayMs + (isMomentary(this.#encoder) ? CONNECTS_WITHIN_MS : 0);
    this.#cancelNext = this.#clock.after(firstMs, () => this.#keepReporting());
  }

  setReachable(reachable: boolean): void {
    this.#connection.setReachable(reachable);
    if (reachable && this.#encoder.reportsOnReturn) this.report();
  }

  /** Measures and sends now, besides the regular reports: a duty status has changed. */
  report(): void {
    const nowMs = this.#clock.now();
    const measured = this.#behaviour.measure(nowMs);
    if (!measured) return;
    const bent = this.#faults.bend?.(measured, nowMs) ?? measured;
    const measuredAtMs = nowMs + (this.#faults.clockOffsetMs?.(nowMs) ?? 0);
    const { encode, isBatched = false } = this.#encoder;
    const words = encode(this.identity, { measured: bent, measuredAtMs, seq: ++this.#seq });
    const { payload } = words;
    const text = typeof payload === 'string' ? (this.#faults.garble?.(payload, nowMs) ?? payload) : payload;
    const batchable = isBatched && text === words.payload;
    this.#connection.send({
      ...{ channel: 'telemetry', topic: words.topic, text, batchable },
      ...(isMomentary(this.#encoder) ? { isMomentary: true } : {}),
    });
  }

  /** Answers a command on the `ack` topic. */
  acknowledge(body: object): void {
    this.#connection.send({ channel: 'ack', text: JSON.stringify(body), batchable: false });
  }

  async close(boundMs: number): Promise<void> {
    this.#cancelNext?.();
    this.#behaviour.stop?.();
    await this.#connection.close(boundMs);
  }

  #keepReporting(): void {
    this.report();
    const intervalMs = this.#behaviour.intervalMs() * (1 + INTERVAL_JITTER * (2 * this.#random() - 1));
    this.#cancelNext = this.#clock.after(intervalMs, () => this.#keepReporting());
  }
}

/** Whether what it says is of no use later. */
function isMomentary({ hasTime, keepsNothing = false }: Encoder): boolean {
  return !hasTime || keepsNothing;
}
