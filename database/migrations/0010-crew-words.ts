/**
 * Every word to a crew is a row until the crew has it. What the assignments kept of it before (timers, corrections
 * and cancellations that were not sent) becomes rows, and goes.
 */
import { type Kysely, sql } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await createCrewWords(database);
  await moveOpenWords(database);
  const { schema } = database;
  await schema.dropIndex('assignments_timer').execute();
  for (const column of ['next_timer_at', 'cancel_pending', 'corrections_unsent']) {
    await schema.alterTable('assignments').dropColumn(column).execute();
  }
}

async function createCrewWords(database: Kysely<unknown>): Promise<void> {
  let table = idColumn(database, database.schema.createTable('crew_words'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('incident', 'bigint')
    .addColumn('assignment', 'bigint')
    .addColumn('text', 'text')
    .addColumn('made_by', 'text', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addColumn('sends', 'integer', (column) => column.notNull().defaultTo(0));
  for (const time of ['sent', 'reached', 'acknowledged', 'warned', 'escalated', 'ended']) {
    table = table.addColumn(`${time}_at`, 'bigint');
  }
  await table
    .addColumn('acknowledged_by', 'text')
    .addColumn('ended_why', 'text')
    .addColumn('next_at', 'bigint')
    .execute();
  const { schema } = database;
  await schema.createIndex('crew_words_due').on('crew_words').column('next_at').execute();
  await schema.createIndex('crew_words_unit').on('crew_words').columns(['unit', 'ended_at']).execute();
  await schema.createIndex('crew_words_assignment').on('crew_words').column('assignment').execute();
}

/** Orders that nobody answered, corrections and cancellations that had not got through. */
async function moveOpenWords(database: Kysely<unknown>): Promise<void> {
  await sql`insert into crew_words
    (kind, unit, incident, assignment, made_by, made_at, sends, sent_at, warned_at, escalated_at, next_at)
    select 'order', unit, incident, id, assigned_by, reserved_at, commands_sent, dispatched_at, warned_at,
      escalated_at, next_timer_at
    from assignments where step in ('reserved', 'dispatched')`.execute(database);
  await sql`insert into crew_words (kind, unit, incident, assignment, made_by, made_at, next_at)
    select 'change', unit, incident, id, 'siaga', coalesce(next_timer_at, reserved_at),
      coalesce(next_timer_at, reserved_at)
    from assignments where corrections_unsent > 0 and step in ('acknowledged', 'en-route', 'on-scene')`.execute(
    database,
  );
  await sql`insert into crew_words (kind, unit, incident, assignment, made_by, made_at, next_at)
    select 'cancel', unit, incident, id, 'siaga', ended_at, coalesce(next_timer_at, ended_at)
    from assignments where cancel_pending = 1 and ended_at is not null`.execute(database);
}
