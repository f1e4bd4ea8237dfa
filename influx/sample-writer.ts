/**
 * Samples to InfluxDB, best effort: liveness of the devices and Siaga's own figures.
 *
 * A sample is worth nothing an hour later, so it is kept in memory only, for a while. Bound: MAX_WAITING
 * lines; beyond it the oldest go and are counted. Invariant: it never delays and never fails its caller.
 */
import type { Logger } from 'pino';
import type { InfluxMetrics } from './copy/influx-metrics.ts';
import { classifyWriteError, type WriteFailure } from './server/influx-error.ts';
import type { InfluxServer } from './server/influx-server.ts';

export interface SampleWriter {
  write(lines: readonly string[]): void;
  /** Sends what waits. Resolves when it is sent or put back. */
  flush(): Promise<void>;
  readonly waitingLines: number;
}

/** Some minutes of a city of 5,000 devices. */
export const MAX_WAITING = 50_000;
const MAX_LINES = 5_000;

export interface SampleWriterOptions {
  readonly server: InfluxServer;
  readonly metrics: InfluxMetrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly onFailure: (failure: WriteFailure) => void;
  readonly maxWaiting?: number;
}

export function createSampleWriter(options: SampleWriterOptions): SampleWriter {
  const { server, metrics, log, now, onFailure, maxWaiting = MAX_WAITING } = options;
  let waiting: string[] = [];
  let running: Promise<void> | undefined;
  let failing = false;

  const drop = () => {
    const surplus = waiting.length - maxWaiting;
    if (surplus <= 0) return;
    metrics.events.inc({ outcome: 'dropped' }, surplus);
    waiting = waiting.slice(surplus);
  };
  const sendAll = async () => {
    while (waiting.length > 0) {
      const lines = waiting.slice(0, MAX_LINES);
      waiting = waiting.slice(MAX_LINES);
      try {
        await server.write(`${lines.join('\n')}\n`);
        metrics.events.inc({ outcome: 'written' }, lines.length);
        failing = false;
      } catch (error) {
        const failure = classifyWriteError(error, now());
        onFailure(failure);
        if (!failing) log.warn(`samples are not written: ${failure.sentence}`);
        failing = true;
        const { remedy } = failure;
        if (remedy === 'hold' || remedy === 'prepare') {
          waiting = [...lines, ...waiting];
          drop();
          return;
        }
        metrics.events.inc({ outcome: 'refused' }, lines.length);
      }
    }
  };
  return {
    get waitingLines() {
      return waiting.length;
    },
    write(lines) {
      waiting.push(...lines);
      drop();
    },
    flush() {
      running ??= sendAll().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}
