/**
 * What the copy in InfluxDB needs around it in a test: a real journal and history in a folder of their own, and a
 * state database in memory.
 *
 * Invariant: closing it leaves nothing running.
 */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { Reading } from '../../devices/reading.ts';
import { openSqliteHistory, type SqliteHistory } from '../../history/open-sqlite-history.ts';
import { type InfluxCopy, type InfluxCopyOptions, openInfluxCopy } from '../../influx/open-influx-copy.ts';
import type { Journal } from '../../journal/journal.ts';
import { createJournalGround } from './journal-fixture.ts';
import { openMemoryDatabase } from './memory-database.ts';

export interface InfluxHouse extends AsyncDisposable {
  readonly copy: InfluxCopy;
  /** Of the same journal; where the journal is one of files and this house's own. */
  readonly history: SqliteHistory | undefined;
  readonly journal: Journal;
  readonly database: Database;
  readonly metrics: Registry;
  readonly folder: string;
  /** Begins to follow the journal. */
  start(): void;
  /** Resolves when the cursor stands at the end of the journal. Rejects after a minute. */
  caughtUp(): Promise<void>;
}

export async function openInfluxHouse(
  url: string,
  more: Partial<Omit<InfluxCopyOptions, 'config'>> & {
    config?: Partial<InfluxCopyOptions['config']>;
  } = {},
): Promise<InfluxHouse> {
  const ground = createJournalGround();
  const folder = ground.directory;
  const journal = more.journal ?? (await ground.open());
  const ownDatabase = more.database === undefined;
  const database = more.database ?? (await openMemoryDatabase());
  const metrics = new Registry();
  const log = pino({ level: 'silent' });
  const history = more.journal
    ? undefined
    : await openSqliteHistory({
        file: `${folder}/history.db`,
        journalFile: ground.file,
        city: 'semarang',
        retentionMs: 400 * 86_400_000,
        maxBytes: 1024 ** 3,
        log,
        metrics,
        now: Date.now,
        salvageJournal: (cause) => journal.salvage(cause),
      });
  const copy = openInfluxCopy({
    ...(history ? { countDays: (question) => history.countDays(question) } : {}),
    journal,
    database,
    log,
    metrics,
    now: Date.now,
    random: () => 0,
    lingerMs: 0,
    ...more,
    config: {
      INFLUX_URL: url,
      INFLUX_TOKEN: undefined,
      INFLUX_ORG: 'siaga',
      INFLUX_BUCKET: 'siaga',
      INFLUX_RETENTION_DAYS: 0,
      SIAGA_CITY: 'semarang',
      SIAGA_DATA_DIR: folder,
      ...more.config,
    },
  });
  return {
    copy,
    history,
    journal,
    database,
    metrics,
    folder,
    start: () => copy.start(),
    async caughtUp() {
      const signal = AbortSignal.timeout(60_000);
      while ((await cursorOf(database)) < journal.lastId) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async [Symbol.asyncDispose]() {
      await copy[Symbol.asyncDispose]();
      await history?.[Symbol.asyncDispose]();
      if (ownDatabase) await database.destroy();
      if (!more.journal) await journal[Symbol.asyncDispose]();
      ground[Symbol.dispose]();
    },
  };
}

export async function cursorOf(database: Database): Promise<number> {
  const row = await database
    .selectFrom('cursors')
    .select('position')
    .where('consumer', '=', 'influx')
    .executeTakeFirst();
  return Number(row?.position ?? 0);
}

/** A reading of a river gauge, as validate would give it. */
export function stageReading(
  device: string,
  measuredAt: number,
  values: Reading['values'],
  quality = 0,
): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device,
    measuredAt,
    receivedAt: measuredAt + 150,
    simulated: false,
    quality,
    values,
  };
}

/** Waits for the orders that stand, and gives what they came to, the newest last. */
export async function outcomesOf(database: Database): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(60_000);
  for (;;) {
    const rows = await database.selectFrom('influx_orders').selectAll().orderBy('id').execute();
    if (rows.every(({ done_at }) => done_at !== null)) return rows.map(({ outcome }) => String(outcome));
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
