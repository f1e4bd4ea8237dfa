/**
 * openOwnership: on PostgreSQL, the wait until this server owns the city, and what keeps it its own.
 *
 * The first thing that openGround does with the database; nothing else of the house is open yet, so that a standby
 * writes nothing, and listens to no device but to carry it to the owner. Invariant: the lease is given back last, when
 * nothing can write any more.
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { CONSUMER as ALERTS_CONSUMER } from '../alerts/record/alert-store.ts';
import { SWEPT_KEY } from '../alerts/record/saved-state.ts';
import type { Config } from '../config/config.ts';
import { connectPostgres, type Database, openDatabase } from '../database/database.ts';
import { explainPostgres } from '../database/explain-postgres.ts';
import type { Fence } from '../database/fenced-dialect.ts';
import { MigrationError, refuseNewer } from '../database/migrate.ts';
import { INFLUX_CONSUMER } from '../influx/copy/copy-cursor.ts';
import { ACKS_CONSUMER } from '../ingest/ack-consumer.ts';
import type { Journal } from '../journal/journal.ts';
import type { Claim } from '../journal/replica/claimed-log.ts';
import { type AdoptJournalOptions, adoptJournal, adoptLog } from '../ownership/adopt-journal.ts';
import { readCandidate } from '../ownership/candidate.ts';
import { createLease, findOtherCity } from '../ownership/lease.ts';
import { announceNode, findNode, type OwnerNode } from '../ownership/owner-node.ts';
import { Ownership } from '../ownership/ownership.ts';
import { standBy } from '../ownership/stand-by.ts';

import { readJournalName, StandbyCopy } from './standby-copy.ts';
import { StandbyPorts } from './standby-ports.ts';

/** A renewal that is not answered so soon is tried again on a new connection, within the same lease. */
export const LEASE_TIMEOUTS = {
  connectMs: 2_000,
  statementMs: 2_000,
  silenceMs: 3_000,
  idleInTransactionMs: 3_000,
};
/** Undefined table, in PostgreSQL's own code. */
const NO_SUCH_TABLE = '42P01';

export interface OpenedOwnership {
  readonly ownership: Ownership;
  readonly fence: Fence;
  /** Sets the cursors in the state to this server's journal; before anybody loads one. */
  adoptJournal(database: Database, journal: Journal): Promise<void>;
  /** The same where the journal follows a log in PostgreSQL: cursors are the log's ids, for every server. */
  adoptLog(database: Database, journal: Journal, claim: Pick<Claim, 'log' | 'begunBy'>): Promise<void>;
  /** Of this server's journal, once it is open. */
  journalName(): string;
  /** Lets go of the ports of the broker, which a standby that carries devices has; they come again. */
  endCarrying(): Promise<void>;
  /** Lets go of the API's port. */
  endStandby(): Promise<void>;
  /** From here on other nodes may carry to this one. */
  announce(node: Pick<OwnerNode, 'host' | 'port' | 'key'>): Promise<void>;
}

export interface OpenOwnershipOptions {
  readonly config: Config;
  readonly url: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly onLost: (error: Error) => void;
  readonly ended: AbortSignal;
}

export async function openOwnership(
  opened: AsyncDisposableStack,
  options: OpenOwnershipOptions,
): Promise<OpenedOwnership> {
  const { config, metrics, now, monotonicNow, onLost, ended } = options;
  const log = options.log.child({ part: 'ownership' });
  const city = config.SIAGA_CITY;
  // A connection of its own: a renewal waits for none of the city's work.
  const database = connectPostgres(options.url, LEASE_TIMEOUTS, undefined, 1);
  opened.defer(() => database.destroy());
  await ensureTables(config, database);
  const candidate = readCandidate(config.SIAGA_DATA_DIR);
  const lease = createLease(database, city, candidate);
  const copying = new StandbyCopy(options);
  const copyProblem = () => copying.problem;
  const standby = new StandbyPorts({ config, metrics, log, now, monotonicNow, copyProblem });
  opened.use(standby);
  await using _copying = copying;
  const taken = await standBy({
    lease,
    findUnfit: () => findUnfit(database, city),
    ...{ monotonicNow, log, ended },
    isHindered: () => copying.isHindered,
    onStandingBy: (sentence) => {
      copying.start();
      return standby.say(sentence);
    },
    onLook: async (isOwned) => {
      if (config.SIAGA_NODE_HOST === undefined) return;
      standby.lead(isOwned ? await findNode(database, city) : undefined, isOwned);
    },
  }).catch((error: unknown) => {
    // Refused by PostgreSQL at the first look, as by a read-only one; a port that is taken is told as it is.
    throw error instanceof Error && 'severity' in error ? explainPostgres(error, options.url) : error;
  });
  log.info({ epoch: taken.epoch, ...candidate }, 'this server owns the city');
  standby.leave();
  standby.tell('standby: this server has just become the owner, and is opening');
  const ownership = new Ownership({ ...taken, lease, city, monotonicNow, log, metrics, onLost }).start();
  opened.use(ownership);
  // Renewals go on while what the copy has in hand is put down; its file is wanted next.
  await copying[Symbol.asyncDispose]();
  const journalName = () => readJournalName(config);
  const adoption = (state: Database, journal: Journal): AdoptJournalOptions => ({
    ...{ database: state, city, log, now },
    journal: journalName(),
    isEmpty: journal.lastId === 0 && journal.messages.lastId === 0,
    consumers: [ALERTS_CONSUMER, INFLUX_CONSUMER, ACKS_CONSUMER],
    markedOutside: INFLUX_CONSUMER,
    alarmIds: { key: SWEPT_KEY, consumer: ALERTS_CONSUMER },
  });
  return {
    ownership,
    fence: { city, epoch: taken.epoch, onFenced: (error) => ownership.lose(error) },
    adoptJournal: (state, journal) => adoptJournal(adoption(state, journal)),
    adoptLog: (state, journal, claim) => adoptLog(adoption(state, journal), claim),
    journalName,
    endCarrying: () => standby.endCarrying(),
    endStandby: () => standby[Symbol.asyncDispose](),
    announce: (node) => announceNode(database, { ...node, city, epoch: taken.epoch }),
  };
}

/** A newer Siaga has changed the tables, or another city lives in them: they hold one. */
async function findUnfit(database: Database, city: string): Promise<Error | undefined> {
  try {
    await refuseNewer(database);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
  return findOtherCity(database, city);
}

/** A database of before ownership, or a new one, is migrated by whoever comes; else only its owner does. */
async function ensureTables(config: Config, database: Database): Promise<void> {
  try {
    await database.selectFrom('owners').select('city').limit(1).execute();
  } catch (error) {
    if ((error as { code?: string }).code !== NO_SUCH_TABLE) {
      throw explainPostgres(error, config.DATABASE_URL ?? '');
    }
    await (await openDatabase(config)).destroy();
  }
}
