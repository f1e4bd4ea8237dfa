/** Alerts, the engine's state beside its cursor, silences, the outbox of notices, and issued CAP messages. */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('alerts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('rule', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('raised_at', 'bigint', (column) => column.notNull())
    .addColumn('closed_at', 'bigint')
    .addColumn('document', 'text', (column) => column.notNull())
    .execute();
  await database.schema.createIndex('alerts_state').on('alerts').columns(['state', 'raised_at']).execute();
  await database.schema.createIndex('alerts_closed').on('alerts').column('closed_at').execute();
  await database.schema
    .createTable('alert_engine')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('document', 'text', (column) => column.notNull())
    .execute();
  await idColumn(database, database.schema.createTable('silences'))
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('starts_at', 'bigint', (column) => column.notNull())
    .addColumn('ends_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('note', 'text')
    .addColumn('ended_by', 'text')
    .execute();
  await idColumn(database, database.schema.createTable('notices'))
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('alert', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('urgency', 'integer', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('done_at', 'bigint')
    .addColumn('outcome', 'text')
    .execute();
  await database.schema.createIndex('notices_due').on('notices').columns(['state', 'next_at']).execute();
  await database.schema.createIndex('notices_alert').on('notices').column('alert').execute();
  await idColumn(database, database.schema.createTable('cap_messages'))
    .addColumn('identifier', 'text', (column) => column.notNull().unique())
    .addColumn('alert', 'text', (column) => column.notNull())
    .addColumn('message_type', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('sent_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .execute();
  await database.schema.createIndex('cap_messages_alert').on('cap_messages').column('alert').execute();
}
