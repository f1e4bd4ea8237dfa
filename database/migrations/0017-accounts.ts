/** Accounts: people, the links that invite them, the sessions of their browsers, and who did what with them. */
import { type Kysely, sql } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await createPeople(database);
  await createInvitations(database);
  await createSessions(database);
  await idColumn(database, database.schema.createTable('account_acts'))
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('act', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('detail', 'text', (column) => column.notNull())
    .execute();
  await database.schema.createIndex('account_acts_at').on('account_acts').column('at').execute();
}

async function createPeople(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('people'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('removed_at', 'bigint')
    .execute();
  // An audit names its user: of those who may sign in no two have one name.
  await database.schema
    .createIndex('people_name')
    .unique()
    .on('people')
    .column('name')
    .where(sql<boolean>`removed_at is null`)
    .execute();
}

async function createInvitations(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('invitations'))
    .addColumn('person', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('withdrawn_at', 'bigint')
    .execute();
  await database.schema.createIndex('invitations_person').on('invitations').column('person').execute();
}

async function createSessions(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('sessions'))
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('person', 'bigint')
    .addColumn('token', 'bigint')
    .addColumn('agent', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('why', 'text')
    .execute();
  await database.schema
    .createIndex('sessions_open')
    .on('sessions')
    .column('id')
    .where(sql<boolean>`ended_at is null`)
    .execute();
}
