/**
 * openHistory: the adapter that the configuration asks for. InfluxDB when INFLUX_URL is set, else SQLite.
 *
 * Both follow the journal by a cursor of their own. Invariant: nothing outside this folder knows which one
 * it is, but for what each wants done from time to time (`jobs`).
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../../config.ts';
import type { Database } from '../../database/database.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../keep-draining.ts';
import type { History } from './history.ts';
import { openInfluxHistory } from './influx/influx-history.ts';

export interface HistoryDependencies {
  readonly config: Config;
  readonly journal: Journal;
  readonly database: Database;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface OpenedHistory {
  readonly history: History;
  readonly consumer: JournalConsumer;
  /** What is to be done from time to time; schedules have six fields, seconds first. */
  readonly jobs: readonly { name: string; schedule: string; run(): Promise<void> }[];
}

export async function openHistory(dependencies: HistoryDependencies): Promise<OpenedHistory> {
  const { config, fleet } = dependencies;
  if (config.INFLUX_URL) {
    const history = await openInfluxHistory(dependencies);
    return {
      history,
      consumer: history.consumer,
      jobs: [
        { name: 'influx-liveness', schedule: '15 * * * * *', run: () => history.sampleLiveness(fleet) },
        { name: 'influx-self', schedule: '*/10 * * * * *', run: () => history.sampleSelf() },
      ],
    };
  }
  throw new Error('the embedded history is not built yet; set INFLUX_URL');
}
