/**
 * openCityJournal: the journal of this server, and with JOURNAL_URL the log in PostgreSQL that each commit goes to as
 * well.
 *
 * With a log the owner claims it, takes from it what its own journal lacks, and sets the cursors in the state to the
 * log's ids. Invariant: nobody follows the journal, and no device is taken, before that is done.
 */
import { openDatabase } from '../database/database.ts';
import type { Journal } from '../journal/journal.ts';
import type { CopyingJournal } from '../journal/journal-log.ts';
import { catchUp, readBegin, readEnds } from '../journal/replica/catch-up.ts';
import { PostgresLog } from '../journal/replica/postgres-log.ts';
import { refillRunning } from '../journal/replica/refill.ts';
import type { JournalOptions } from '../journal/sqlite/journal-options.ts';
import { openJournal } from '../journal/sqlite/open-journal.ts';
import { boundsOf } from './journal-bounds.ts';
import type { Ground } from './open-ground.ts';
import type { OpenedOwnership } from './open-ownership.ts';

export interface CityJournal {
  readonly journal: Journal;
  /** Undefined without JOURNAL_URL. */
  readonly outside: PostgresLog | undefined;
  /** Says how far this server's journal has come, for the log's retention. */
  noteCopy(): Promise<void>;
}

export async function openCityJournal(opened: AsyncDisposableStack, ground: Ground): Promise<CityJournal> {
  const { config, database, fleet, metrics, now, onFatal, owned } = ground;
  const log = ground.log.child({ part: 'journal' });
  const outside = owned && (await createLog(opened, ground, owned));
  const options: JournalOptions = {
    ...boundsOf(config),
    ...{ log, metrics, now },
    onRepeat: (device) => fleet.countRepeat(device, now()),
    ...(outside ? { outside } : {}),
    ...(onFatal ? { onDeath: onFatal } : {}),
  };
  const journal: CopyingJournal = opened.use(await openJournal(options));
  const noteCopy = async () => {
    if (!owned || !outside) return;
    // Damage that was found since the start.
    outside.countCopied(await refillRunning(journal, outside, await readEnds(journal)));
    await outside.noteCopy(owned.journalName(), await readEnds(journal), now());
  };
  if (!owned) return { journal, outside, noteCopy };
  if (!outside) {
    await owned.adoptJournal(database, journal);
    return { journal, outside, noteCopy };
  }
  const claim = await outside.open(owned.journalName(), await readBegin(journal));
  const { ends, copied } = await catchUp(journal, outside, claim, log);
  outside.countCopied(copied);
  log.info({ copied, ends }, 'the journal follows the log in PostgreSQL');
  await outside.follow(ends);
  await owned.adoptLog(database, journal, claim);
  await noteCopy();
  return { journal, outside, noteCopy };
}

async function createLog(
  opened: AsyncDisposableStack,
  { config, log, metrics, monotonicNow }: Ground,
  { fence }: OpenedOwnership,
): Promise<PostgresLog | undefined> {
  const { JOURNAL_URL: url } = config;
  if (url === undefined) return undefined;
  // The tables are those of the state, wherever the log lies.
  if (url !== config.DATABASE_URL) await (await openDatabase({ ...config, DATABASE_URL: url })).destroy();
  const outside = new PostgresLog({
    ...{ url, city: fence.city, epoch: fence.epoch, sync: config.JOURNAL_SYNC },
    log: log.child({ part: 'journal-log' }),
    ...{ metrics, monotonicNow },
    onLost: (error) => fence.onFenced(error),
  });
  opened.defer(() => outside.close());
  return outside;
}
