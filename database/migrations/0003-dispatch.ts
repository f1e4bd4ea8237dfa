/** Incidents, who was sent to them and when, the units' locks, the audit, and the hospitals' beds. */
import { type Kysely, sql } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await createIncidents(database);
  await createAssignments(database);
  // The lock of each unit: one row a unit, changed only by compare-and-set on its version.
  await database.schema
    .createTable('dispatch_units')
    .addColumn('unit', 'text', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('assignment', 'bigint')
    .addColumn('out_of_service', 'text')
    .execute();
  await idColumn(database, database.schema.createTable('dispatch_audit'))
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('incident', 'bigint')
    .addColumn('assignment', 'bigint')
    .addColumn('unit', 'text')
    .addColumn('note', 'text')
    .execute();
  await database.schema
    .createIndex('dispatch_audit_incident')
    .on('dispatch_audit')
    .columns(['incident', 'id'])
    .execute();
  await database.schema
    .createTable('hospital_beds')
    .addColumn('hospital', 'text', (column) => column.primaryKey())
    .addColumn('emergency', 'integer')
    .addColumn('intensive', 'integer')
    .addColumn('ward', 'integer')
    .addColumn('queue', 'integer')
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_by', 'text', (column) => column.notNull())
    .execute();
}

async function createIncidents(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('incidents'))
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('classification', 'text')
    .addColumn('category', 'text')
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('caller_name', 'text')
    .addColumn('caller_phone', 'text')
    .addColumn('place', 'text')
    .addColumn('kecamatan', 'text')
    .addColumn('lat', 'double precision')
    .addColumn('lng', 'double precision')
    .addColumn('needs_transport', 'integer', (column) => column.notNull())
    .addColumn('duplicate_of', 'bigint')
    .addColumn('outcome', 'text')
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('triaged_at', 'bigint')
    .addColumn('closed_at', 'bigint')
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text', (column) => column.unique())
    .addColumn('simulated', 'integer', (column) => column.notNull())
    .execute();
  await database.schema
    .createIndex('incidents_state')
    .on('incidents')
    .columns(['state', 'received_at'])
    .execute();
  await database.schema.createIndex('incidents_received').on('incidents').column('received_at').execute();
}

async function createAssignments(database: Kysely<unknown>): Promise<void> {
  let table = idColumn(database, database.schema.createTable('assignments'))
    .addColumn('incident', 'bigint', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('step', 'text', (column) => column.notNull())
    .addColumn('hospital', 'text')
    .addColumn('assigned_by', 'text', (column) => column.notNull())
    .addColumn('forced_reason', 'text')
    .addColumn('idempotency_key', 'text', (column) => column.notNull().unique())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('reserved_at', 'bigint', (column) => column.notNull());
  // A time that was skipped stays empty: none of them has a default.
  for (const step of [
    'dispatched',
    'acknowledged',
    'en_route',
    'on_scene',
    'left_scene',
    'at_destination',
    'handed_over',
    'ended',
    'arrival_proposed',
    'warned',
    'escalated',
  ]) {
    table = table.addColumn(`${step}_at`, 'bigint');
  }
  await table
    .addColumn('end_reason', 'text')
    .addColumn('commands_sent', 'integer', (column) => column.notNull())
    .addColumn('cancel_pending', 'integer', (column) => column.notNull())
    .addColumn('next_timer_at', 'bigint')
    .execute();
  await database.schema.createIndex('assignments_incident').on('assignments').column('incident').execute();
  await database.schema.createIndex('assignments_timer').on('assignments').column('next_timer_at').execute();
  await database.schema.createIndex('assignments_reserved').on('assignments').column('reserved_at').execute();
  // Beside the compare-and-set, the database itself refuses a second open assignment of a unit.
  await sql`create unique index assignments_open_unit on assignments (unit) where ended_at is null`.execute(
    database,
  );
}
