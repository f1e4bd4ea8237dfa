/**
 * What the benches of history stand on: a journal on disk, a state database, and the copy in InfluxDB.
 */
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase } from '../../database/database.ts';
import { openInfluxCopy } from '../../influx/open-influx-copy.ts';
import type { Journal } from '../../journal/journal.ts';
import { openJournal } from '../../journal/sqlite/open-journal.ts';

export function openBenchJournal(file: string): Promise<Journal> {
  return openJournal({
    file,
    maxBatch: 5_000,
    maxWaitingBytes: 64 * 1024 * 1024,
    maxRejections: 100,
    retentionMs: 400 * 86_400_000,
    maxBytes: 4 * 1024 ** 3,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    now: Date.now,
  });
}

export interface BenchHouse extends AsyncDisposable {
  drain(): void;
  cursor(): Promise<number>;
}

export async function openBenchHouse(
  url: string,
  bucket: string,
  folder: string,
  journal: Journal,
): Promise<BenchHouse> {
  const database = await openDatabase(
    { SIAGA_DATA_DIR: folder, DATABASE_URL: undefined },
    join(folder, `state-${bucket}.db`),
  );
  const log = pino({ level: 'warn' });
  const copy = openInfluxCopy({
    config: {
      INFLUX_URL: url,
      INFLUX_TOKEN: undefined,
      INFLUX_ORG: 'siaga',
      INFLUX_BUCKET: bucket,
      INFLUX_RETENTION_DAYS: 0,
      SIAGA_CITY: 'semarang',
      SIAGA_DATA_DIR: folder,
    },
    journal,
    database,
    log,
    metrics: new Registry(),
    now: Date.now,
    random: Math.random,
  });
  return {
    drain: () => copy.start(),
    async cursor() {
      const row = await database
        .selectFrom('cursors')
        .select('position')
        .where('consumer', '=', 'influx')
        .executeTakeFirst();
      return Number(row?.position ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await copy[Symbol.asyncDispose]();
      await database.destroy();
    },
  };
}
