/**
 * Brings the state database to the newest schema. One file a migration in migrations/, listed here in
 * order; a landed migration is never edited. Invariant: all or nothing for each migration.
 */
import { DEFAULT_MIGRATION_TABLE, type Kysely, type Migration, Migrator, sql } from 'kysely';
import * as ground from './migrations/0001-ground.ts';
import * as alerts from './migrations/0002-alerts.ts';
import * as dispatch from './migrations/0003-dispatch.ts';
import * as tokens from './migrations/0004-tokens.ts';
import * as alertAudience from './migrations/0005-alert-audience.ts';
import * as corrections from './migrations/0006-corrections.ts';
import * as incidentRequests from './migrations/0007-incident-requests.ts';
import * as journalEnds from './migrations/0008-journal-ends.ts';
import * as influxOrders from './migrations/0009-influx-orders.ts';
import * as orderTime from './migrations/0009-order-time.ts';
import * as tokenEnds from './migrations/0009-token-ends.ts';
import * as crewWords from './migrations/0010-crew-words.ts';
import * as formats from './migrations/0010-formats.ts';
import * as reads from './migrations/0010-reads.ts';
import * as deviceSessions from './migrations/0011-device-sessions.ts';
import * as refusedBedReports from './migrations/0012-refused-bed-reports.ts';
import * as revokedCertificates from './migrations/0014-revoked-certificates.ts';
import * as cityChanges from './migrations/0015-city-changes.ts';
import * as push from './migrations/0016-push.ts';
import * as accounts from './migrations/0017-accounts.ts';
import * as owners from './migrations/0018-owners.ts';
import * as drills from './migrations/0019-drills.ts';
import * as deviceConfigs from './migrations/0020-device-configs.ts';
import * as journalLog from './migrations/0021-journal-log.ts';
import * as simulatedDevices from './migrations/0022-simulated-devices.ts';
import * as ownerNodes from './migrations/0023-owner-nodes.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-ground': ground,
  '0002-alerts': alerts,
  '0003-dispatch': dispatch,
  '0004-tokens': tokens,
  '0005-alert-audience': alertAudience,
  '0006-corrections': corrections,
  '0007-incident-requests': incidentRequests,
  '0008-journal-ends': journalEnds,
  '0009-influx-orders': influxOrders,
  '0009-order-time': orderTime,
  '0009-token-ends': tokenEnds,
  '0010-crew-words': crewWords,
  '0010-formats': formats,
  '0010-reads': reads,
  '0011-device-sessions': deviceSessions,
  '0012-refused-bed-reports': refusedBedReports,
  '0014-revoked-certificates': revokedCertificates,
  '0015-city-changes': cityChanges,
  '0016-push': push,
  '0017-accounts': accounts,
  '0018-owners': owners,
  '0019-drills': drills,
  '0020-device-configs': deviceConfigs,
  '0021-journal-log': journalLog,
  '0022-simulated-devices': simulatedDevices,
  '0023-owner-nodes': ownerNodes,
};

/** The schema cannot be brought to what this Siaga needs. */
export class MigrationError extends Error {
  readonly code: 'DATABASE_TOO_NEW' | 'MIGRATION_FAILED';
  constructor(code: MigrationError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws MigrationError when a migration fails or the database is from a newer Siaga. */
export async function migrateToLatest<T>(database: Kysely<T>): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  await refuseNewer(database);
  const { error, results } = await migrator.migrateToLatest();
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'start';
    const sentence = `state database, migration ${failed}: ${(error as Error).message}`;
    throw new MigrationError('MIGRATION_FAILED', sentence, { cause: error });
  }
}

/** Throws MigrationError where the database is from a newer Siaga; nothing is written. */
export async function refuseNewer<T>(database: Kysely<T>): Promise<void> {
  const unknown = (await readApplied(database)).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length === 0) return;
  const sentence = `the state database is from a newer Siaga (${unknown[0]}): start that one`;
  throw new MigrationError('DATABASE_TOO_NEW', sentence);
}

/** Names of the migrations that this database has had, also of those that this Siaga does not know. */
async function readApplied<T>(database: Kysely<T>): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const { rows } = await sql<{
    name: string;
  }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(database);
  return rows.map(({ name }) => name);
}
