/**
 * The log in PostgreSQL for tests of the journal: a database in a real server, and logs of cities of their own in it.
 * Invariant: every ground has a city that no other test uses.
 */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openDatabase } from '../../database/database.ts';
import type { CopyingJournal } from '../../journal/journal-log.ts';
import { catchUp, readBegin } from '../../journal/replica/catch-up.ts';
import { type LogOptions, PostgresLog } from '../../journal/replica/postgres-log.ts';
import type { JournalOptions } from '../../journal/sqlite/journal-options.ts';
import { createJournalGround, type JournalGround } from './journal-fixture.ts';

let cities = 0;

/** A city that no log knows yet. */
export const nextCity = () => `city-${++cities}`;

/** The tables of the log; once for each database. */
export async function prepareLog(url: string): Promise<void> {
  await (await openDatabase({ DATABASE_URL: url, SIAGA_DATA_DIR: '' })).destroy();
}

export function createLog(url: string, options: Partial<LogOptions> = {}): PostgresLog {
  return new PostgresLog({
    ...{ url, city: 'semarang', epoch: 1, sync: 'one' },
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    monotonicNow: () => performance.now(),
    onLost: () => undefined,
    ...options,
  });
}

export interface ReplicatedJournal {
  readonly journal: CopyingJournal;
  readonly outside: PostgresLog;
}

/** A journal with the log around it, as opening/open-city-journal.ts opens it; closing the journal closes both. */
export async function openReplicated(
  ground: JournalGround,
  outside: PostgresLog,
  options: Partial<JournalOptions> = {},
): Promise<ReplicatedJournal> {
  const journal = await ground.open({ ...options, outside });
  try {
    const claim = await outside.open(ground.file, await readBegin(journal));
    const { ends } = await catchUp(journal, outside, claim, pino({ level: 'silent' }));
    await outside.follow(ends);
  } catch (error) {
    await journal[Symbol.asyncDispose]();
    await outside.close();
    throw error;
  }
  const trim = journal.trim.bind(journal);
  const { retentionMs } = options;
  // As the periodic jobs do, one after the other.
  journal.trim = async (keepAfterId, now, keepMessagesAfterId) => {
    const trimmed = await trim(keepAfterId, now, keepMessagesAfterId);
    if (retentionMs !== undefined) {
      await outside.trimStep('readings', keepAfterId, 10_000, [now - retentionMs, 0, 0]);
    }
    return trimmed;
  };
  const close = journal[Symbol.asyncDispose].bind(journal);
  journal[Symbol.asyncDispose] = async () => {
    await close();
    await outside.close();
  };
  return { journal, outside };
}

export { createJournalGround };
