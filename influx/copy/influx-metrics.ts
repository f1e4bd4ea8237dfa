/**
 * What the copy in InfluxDB counts: every line that was written, left out, set aside or missed has a counter.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { DeliveryCounts } from './deliver-lines.ts';

export interface InfluxMetrics {
  /** Counts what a batch came to. */
  countLines(counts: DeliveryCounts): void;
  /** How far a range that is written again has come. */
  showRewrite(entriesLeft: () => number): void;
  readonly holds: Counter;
  readonly lines: Counter<'outcome'>;
  readonly failures: Counter<'code'>;
  readonly rewinds: Counter;
  readonly writeSeconds: Histogram;
  readonly lagSeconds: Histogram;
  readonly confirmedId: Gauge;
  readonly events: Counter<'outcome'>;
  readonly hours: Counter<'outcome'>;
  /** How much of the hourly measurements is not written yet. */
  showHours(waiting: () => number): void;
}

export function createInfluxMetrics(registry: Registry): InfluxMetrics {
  const registers = [registry];
  const lines = new Counter({
    name: 'siaga_influx_lines_total',
    help: 'Readings for InfluxDB: written, expired (older than its retention), set-aside (refused), missed (no longer in the journal), again (written again by order).',
    labelNames: ['outcome'],
    registers,
  });
  return {
    lines,
    countLines({ written, expired, setAside }) {
      lines.inc({ outcome: 'written' }, written);
      lines.inc({ outcome: 'expired' }, expired);
      lines.inc({ outcome: 'set-aside' }, setAside);
    },
    showRewrite(entriesLeft) {
      new Gauge({
        name: 'siaga_influx_rewrite_entries',
        help: 'Entries of the journal that a range being written again has yet to go through.',
        registers,
        collect() {
          this.set(entriesLeft());
        },
      });
    },
    hours: new Counter({
      name: 'siaga_influx_hours_total',
      help: 'Hours of the hourly measurements: written, unmarked (too many waited: they are found by counting).',
      labelNames: ['outcome'],
      registers,
    }),
    showHours(waiting) {
      new Gauge({
        name: 'siaga_influx_hours_waiting',
        help: 'Hours that are to be written to the hourly measurements, and days that are to be counted for them.',
        registers,
        collect() {
          this.set(waiting());
        },
      });
    },
    holds: new Counter({
      name: 'siaga_influx_holds_total',
      help: 'Times that a batch was held which InfluxDB refuses though its lines are right.',
      registers,
    }),
    failures: new Counter({
      name: 'siaga_influx_failures_total',
      help: 'Writes that InfluxDB refused or did not answer, by status or code of the error.',
      labelNames: ['code'],
      registers,
    }),
    rewinds: new Counter({
      name: 'siaga_influx_rewinds_total',
      help: 'Times that InfluxDB had less than we had written, so that the journal was written again.',
      registers,
    }),
    writeSeconds: new Histogram({
      name: 'siaga_influx_write_seconds',
      help: 'Duration of one write to InfluxDB.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    lagSeconds: new Histogram({
      name: 'siaga_influx_lag_seconds',
      help: 'From the receipt of a reading to its being in InfluxDB: the oldest of each batch.',
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 1800, 7200, 86_400],
      registers,
    }),
    confirmedId: new Gauge({
      name: 'siaga_influx_confirmed_id',
      help: 'Up to this id of the journal every reading is in InfluxDB.',
      registers,
    }),
    events: new Counter({
      name: 'siaga_influx_events_total',
      help: 'Points beside the readings (alerts, incidents, liveness, own figures): written, dropped, refused.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
