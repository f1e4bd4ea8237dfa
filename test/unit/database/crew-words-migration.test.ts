/** What an older Siaga had yet to tell its crews is not forgotten by the step to words as rows. */
import { Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { migrations } from '../../../database/migrate.ts';
import { SqliteWorkerDialect } from '../../../database/sqlite-worker-dialect.ts';
import type { Tables } from '../../../database/tables.ts';

test('unanswered orders, corrections and cancellations that were not sent become open words', async () => {
  const database = new Kysely<Tables>({ dialect: new SqliteWorkerDialect(':memory:') });
  try {
    for (const [name, { up }] of Object.entries(migrations)) {
      if (name === '0010-crew-words') await writeAssignments(database);
      await up(database as unknown as Kysely<unknown>);
    }
    const words = await database.selectFrom('crew_words').selectAll().orderBy('id').execute();
    expect(words.map(({ kind, unit, assignment, next_at }) => [kind, unit, assignment, next_at])).toEqual([
      ['order', 'u1', 1, 115],
      ['order', 'u2', 2, 130],
      ['change', 'u3', 3, 120],
      ['cancel', 'u4', 4, 140],
    ]);
    expect(words[1]).toMatchObject({ sends: 2, sent_at: 101, warned_at: 130, incident: 7, made_at: 100 });
  } finally {
    await database.destroy();
  }
});

async function writeAssignments(database: Kysely<Tables>): Promise<void> {
  const rows = [
    ['u1', 'reserved', 0, 0, 0, 115, null, null, null],
    ['u2', 'dispatched', 2, 0, 1, 130, 101, 130, null],
    ['u3', 'en-route', 1, 0, 1, 120, 101, null, null],
    ['u4', 'cancelled', 1, 1, 0, 140, 101, null, 139],
    ['u5', 'completed', 1, 0, 1, null, 101, null, 150],
    ['u6', 'acknowledged', 1, 0, 0, null, 101, null, null],
  ];
  for (const [unit, step, sent, cancel, corrections, next, dispatched, warned, ended] of rows) {
    await sql`insert into assignments (incident, unit, role, step, assigned_by, idempotency_key, request, reserved_at,
      commands_sent, cancel_pending, corrections_unsent, next_timer_at, dispatched_at, warned_at, ended_at)
      values (7, ${unit}, 'first-aid', ${step}, 'desk', ${unit}, '{}', 100,
      ${sent}, ${cancel}, ${corrections}, ${next}, ${dispatched}, ${warned}, ${ended})`.execute(database);
  }
}
