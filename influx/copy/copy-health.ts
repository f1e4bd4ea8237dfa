/**
 * How the copy in InfluxDB fares: what is wrong with it, since when, and who has been told.
 *
 * The parts of the copy say what they meet; readiness, a metric, the log and an alert for staff read it here.
 * Invariants: the copy is degraded exactly while some matter stands; a matter is in the log when it begins, as an
 * error once it has lasted, and when it is over, not at each try.
 */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';

/** What can be wrong, each by itself. */
export type Matter = 'writing' | 'reading back' | 'comparing' | 'orders' | 'alerts' | 'incidents' | 'hours';

/** A server that is restarted or upgraded is back within this. */
export const TELL_AFTER_MS = 5 * 60_000;
/** The error is said again, for logs that are kept for a day. */
const TELL_AGAIN_MS = 6 * 3_600_000;

interface Trouble {
  sentence: string;
  readonly sinceMs: number;
  toldAtMs: number | undefined;
}

export class CopyHealth {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #troubles = new Map<Matter, Trouble>();

  constructor(log: Logger, now: () => number, metrics: Registry) {
    this.#log = log;
    this.#now = now;
    const sinceMs = () => this.sinceMs;
    new Gauge({
      name: 'siaga_influx_degraded_seconds',
      help: 'For how long the copy in InfluxDB has not been what it should; 0 while it is.',
      registers: [metrics],
      collect() {
        const since = sinceMs();
        this.set(since === undefined ? 0 : Math.max(0, now() - since) / 1000);
      },
    });
  }

  /** In words; none when all is well. */
  get problems(): readonly string[] {
    return [...this.#troubles.values()].map(({ sentence }) => sentence);
  }

  /** Since when it has been degraded, epoch ms; undefined when all is well. */
  get sinceMs(): number | undefined {
    const since = [...this.#troubles.values()].map((each) => each.sinceMs);
    return since.length === 0 ? undefined : Math.min(...since);
  }

  fails(matter: Matter, sentence: string): void {
    const trouble = this.#troubles.get(matter);
    if (trouble) {
      trouble.sentence = sentence;
      this.remind();
      return;
    }
    this.#troubles.set(matter, { sentence, sinceMs: this.#now(), toldAtMs: undefined });
    this.#log.warn({ matter }, sentence);
  }

  works(matter: Matter): void {
    const trouble = this.#troubles.get(matter);
    if (!trouble) return;
    this.#troubles.delete(matter);
    const seconds = Math.round((this.#now() - trouble.sinceMs) / 1000);
    this.#log.info({ matter, seconds }, 'the copy in InfluxDB is well again');
  }

  /** Says as an error what has lasted. Called with each failure, and once a minute. */
  remind(): void {
    const nowMs = this.#now();
    for (const [matter, trouble] of this.#troubles) {
      const isDue =
        trouble.toldAtMs === undefined
          ? nowMs - trouble.sinceMs >= TELL_AFTER_MS
          : nowMs - trouble.toldAtMs >= TELL_AGAIN_MS;
      if (!isDue) continue;
      trouble.toldAtMs = nowMs;
      const minutes = Math.round((nowMs - trouble.sinceMs) / 60_000);
      this.#log.error({ matter, minutes }, trouble.sentence);
    }
  }
}
