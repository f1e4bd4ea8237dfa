/**
 * From when on a crew's word that it is free ends an assignment; and what a crew said that a person must judge: of
 * an assignment, and of a unit without one that may have a patient aboard.
 */
import { type Kysely, sql } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .alterTable('assignments')
    .addColumn('frees_from', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update assignments set frees_from = reserved_at`.execute(database);
  await schema.alterTable('assignments').addColumn('asked_word', 'text').execute();
  await schema.alterTable('assignments').addColumn('asked_step', 'text').execute();
  await schema.alterTable('assignments').addColumn('asked_why', 'text').execute();
  await schema.alterTable('assignments').addColumn('asked_at', 'bigint').execute();
  await schema.alterTable('dispatch_units').addColumn('patient_doubt', 'text').execute();
}
