/**
 * The canary: a device of our own that publishes at intervals over MQTT, and whose reading is followed on its way: the
 * PUBACK, the live stream, the alert rules, history.
 *
 * A periodic job, beside the flow; opened by opening/open-canary.ts. Invariants: it goes the way of any device; a
 * round ends within WAIT_MS; what is lost is counted by the first step that was not reached, and after LOST_ROUNDS in a
 * row it is said in /readyz and raised as an alert for staff.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { canary as kind } from '../devices/kinds/canary.ts';
import { formatDeviceTopic } from '../devices/topics.ts';
import type { LiveFeed } from '../fleet/live-feed.ts';
import type { History } from '../history/history.ts';
import { type StaffAlerts, tellArrived, tellLost } from './canary-alert.ts';
import { CANARY_ID } from './own-device.ts';
import { type OwnBroker, publishOnce } from './publish-once.ts';
import { STEPS, type Step } from './steps.ts';
import { watchStream } from './watch-stream.ts';

/** Longer than any of it takes in a storm. */
const WAIT_MS = 20_000;
const LOST_ROUNDS = 3;
const LOOK_EVERY_MS = 25;

export interface CanaryOptions {
  readonly city: string;
  readonly broker: OwnBroker;
  readonly feed: LiveFeed;
  readonly history: Pick<History, 'raw'>;
  /** The id of the entry that the alert rules have judged last. */
  readonly judgedThrough: () => number;
  readonly alerts: StaffAlerts;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly waitMs?: number;
}

export class Canary {
  readonly #options: CanaryOptions;
  readonly #seconds: Gauge<'step'>;
  readonly #lost: Counter<'step'>;
  readonly #arrivedAt: Gauge;
  #beats = 0;
  #lastWayS: number | undefined;
  #lostRounds = 0;
  #lostSinceMs = 0;
  #lostStep: Step = 'puback';

  constructor(options: CanaryOptions) {
    this.#options = options;
    const registers = [options.metrics];
    this.#seconds = new Gauge({
      name: 'siaga_canary_seconds',
      help: "From the canary's PUBLISH to each step of its way, when it was reached last.",
      labelNames: ['step'],
      registers,
    });
    this.#lost = new Counter({
      name: 'siaga_canary_lost_total',
      help: 'Readings of the canary that were lost, by the first step that they did not reach.',
      labelNames: ['step'],
      registers,
    });
    this.#arrivedAt = new Gauge({
      name: 'siaga_canary_arrived_timestamp_seconds',
      help: 'When a reading of the canary last arrived in history.',
      registers,
    });
    for (const step of STEPS) this.#lost.inc({ step }, 0);
  }

  /** In words; undefined while its readings arrive. */
  get problem(): string | undefined {
    if (this.#lostRounds < LOST_ROUNDS) return undefined;
    return `the canary's last ${this.#lostRounds} readings were lost: no ${this.#lostStep}`;
  }

  /** Sends one reading and follows it. Does not throw for what is lost. */
  async round(): Promise<void> {
    const { alerts, log, now } = this.#options;
    const sentAtMs = now();
    const lost = await this.#follow(sentAtMs);
    if (!lost) {
      if (this.#lostRounds > 0) log.info({ lostRounds: this.#lostRounds }, 'the canary arrives again');
      this.#lostRounds = 0;
      this.#arrivedAt.set(now() / 1_000);
      await tellArrived(alerts);
      return;
    }
    const { step, why } = lost;
    this.#lost.inc({ step });
    if (this.#lostRounds++ === 0) this.#lostSinceMs = sentAtMs;
    this.#lostStep = step;
    log.warn({ step, why, lostRounds: this.#lostRounds }, 'a reading of the canary was lost');
    if (this.#lostRounds < LOST_ROUNDS) return;
    await tellLost(alerts, { step, rounds: this.#lostRounds, sinceMs: this.#lostSinceMs });
  }

  /** Resolves with where and why it was lost; undefined when it has arrived everywhere. */
  async #follow(sentAtMs: number): Promise<{ readonly step: Step; readonly why: string } | undefined> {
    const { broker, city, feed, judgedThrough, monotonicNow, waitMs = WAIT_MS } = this.#options;
    const signal = AbortSignal.timeout(waitMs);
    const measuredAt = new Date(sentAtMs).toISOString();
    const way = this.#lastWayS === undefined ? {} : { lastWayS: this.#lastWayS };
    this.#beats++;
    const payload = JSON.stringify({ measuredAt, seq: this.#beats, beats: this.#beats, ...way });
    const topic = formatDeviceTopic({ city, kind: kind.name, device: CANARY_ID, channel: 'telemetry' });
    const streamed = watchStream(feed, { device: CANARY_ID, measuredAt }, signal);
    // Whether anybody waits for it yet or not.
    streamed.catch(() => undefined);
    const works: readonly (readonly [Step, () => Promise<unknown>])[] = [
      ['puback', () => publishOnce(broker, topic, payload, signal)],
      ['stream', () => streamed],
      ['alerts', async () => until(async () => judgedThrough() >= (await streamed), signal)],
      ['history', () => until(() => this.#isInHistory(sentAtMs), signal)],
    ];
    const startedMs = monotonicNow();
    for (const [step, work] of works) {
      try {
        await work();
      } catch (error) {
        return { step, why: (error as Error).message };
      }
      this.#lastWayS = (monotonicNow() - startedMs) / 1_000;
      this.#seconds.set({ step }, this.#lastWayS);
    }
    return undefined;
  }

  async #isInHistory(atMs: number): Promise<boolean> {
    const range = { kind: kind.name, device: CANARY_ID, fromMs: atMs, toMs: atMs + 1, limit: 1 };
    return (await this.#options.history.raw(range)).points.length > 0;
  }
}

async function until(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await isSo())) await delay(LOOK_EVERY_MS, undefined, { signal });
}
