/** Sessions while the database cannot be written, and while somebody else writes it. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Person, removePerson } from '../../../../api/accounts/people-store.ts';
import { Sessions } from '../../../../api/accounts/sessions.ts';
import type { Database } from '../../../../database/database.ts';
import { openMemoryDatabase } from '../../../support/memory-database.ts';

const START_MS = Date.UTC(2026, 0, 15);
const ADMIN = { actor: 'Ratna', nowMs: START_MS };

let database: Database;
let clock: { ms: number };
let ended: number[];
beforeEach(async () => {
  database = await openMemoryDatabase();
  clock = { ms: 0 };
  ended = [];
});
afterEach(() => database.destroy());

const open = () =>
  new Sessions({
    database,
    metrics: new Metrics(),
    log: pino({ level: 'silent' }),
    now: () => START_MS + clock.ms,
    monotonicNow: () => clock.ms,
    onEnded: (ids) => ended.push(...ids),
  });

async function begin(sessions: Sessions): Promise<{ secret: string; id: number; person: Person['id'] }> {
  const { id: person } = await database
    .insertInto('people')
    .values({ name: 'Sari', role: 'desk', created_at: START_MS, created_by: 'Ratna', removed_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  const begun = await sessions.begin({ owner: { person }, name: 'Sari', role: 'desk', agent: 'a phone' });
  if (!begun) throw new Error('did not begin');
  return { secret: begun.secret, id: begun.session.id, person };
}

async function fillDisk(): Promise<void> {
  await sql`create trigger full before update on sessions begin select raise(fail, 'disk full'); end`.execute(
    database,
  );
}

test('an end that cannot be written holds at once, and is written when it can be', async () => {
  const sessions = open();
  const { secret, id } = await begin(sessions);
  await fillDisk();
  await expect(sessions.end(() => true, { why: 'ended', actor: 'Ratna' })).rejects.toThrow('disk full');
  expect(await sessions.find(secret)).toBe(undefined);
  expect(ended).toEqual([id]);
  clock.ms += 10_000;
  // Read again meanwhile: it does not come back.
  expect(await sessions.find(secret)).toBe(undefined);
  await sql`drop trigger full`.execute(database);
  clock.ms += 10_000;
  expect(await sessions.list()).toEqual([]);
  const rows = await database.selectFrom('sessions').select(['why', 'ended_at']).execute();
  expect(rows).toEqual([{ why: 'ended', ended_at: START_MS + 20_000 }]);
  expect(await open().find(secret)).toBe(undefined);
});

test('a full disk signs nobody out', async () => {
  const sessions = open();
  const { secret } = await begin(sessions);
  await fillDisk();
  clock.ms += 3_600_000;
  expect(await sessions.find(secret)).toMatchObject({ name: 'Sari', usedAt: START_MS + 3_600_000 });
});

test('a session whose person was removed past this process ends with the next reading, for its streams too', async () => {
  const sessions = open();
  const { id, person } = await begin(sessions);
  expect(await sessions.list()).toHaveLength(1);
  await removePerson(database, person, ADMIN);
  clock.ms += 10_000;
  expect(await sessions.list()).toEqual([]);
  expect(ended).toEqual([id]);
});
