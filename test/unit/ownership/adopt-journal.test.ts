import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../database/database.ts';
import { adoptJournal } from '../../../ownership/adopt-journal.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

let database: Database;
beforeEach(async () => {
  database = await openMemoryDatabase();
  await database
    .insertInto('owners')
    .values({
      ...{ city: 'semarang', epoch: 1, holder: 'a', folder: 'one', boot: 'b' },
      ...{ journal: null, since: 0, until: 0 },
    })
    .execute();
});
afterEach(() => database.destroy());

const adopt = (journal: string, isEmpty = false) =>
  adoptJournal({
    ...{ database, city: 'semarang', journal, isEmpty, log: pino({ level: 'silent' }), now: () => 77 },
    consumers: ['alerts', 'influx', 'acks'],
    markedOutside: 'influx',
    alarmIds: { key: 'swept', consumer: 'alerts' },
  });

async function set(cursors: Record<string, number>): Promise<void> {
  await database.deleteFrom('cursors').execute();
  const rows = Object.entries(cursors).map(([consumer, position]) => ({ consumer, position }));
  await database.insertInto('cursors').values(rows).execute();
}

async function read(): Promise<Record<string, number>> {
  const rows = await database.selectFrom('cursors').selectAll().orderBy('consumer').execute();
  return Object.fromEntries(rows.map(({ consumer, position }) => [consumer, position]));
}

test('the first server that knows of owners keeps its cursors, as does each later start of it', async () => {
  await set({ alerts: 40, influx: 30, acks: 5 });
  await adopt('one');
  await adopt('one');
  expect(await read()).toEqual({ alerts: 40, influx: 30, acks: 5 });
  expect(await database.selectFrom('journal_ends').selectAll().execute()).toEqual([]);
});

test('an heir with a new journal begins at its beginning; back in its own, the first goes on where it stood', async () => {
  await set({ alerts: 40, influx: 30, acks: 5, 'influx-alerts': 9 });
  await database.insertInto('alert_engine').values({ key: 'swept', document: '38' }).execute();
  await database
    .insertInto('influx_orders')
    .values({ action: 'rewrite', from_ms: 0, to_ms: 1, asked_at: 0, position: 12 })
    .execute();
  await adopt('one');
  await adopt('two', true);
  // What is no id of a journal stays.
  expect(await read()).toEqual({ alerts: 0, influx: 0, acks: 0, 'influx-alerts': 9 });
  expect(await database.selectFrom('alert_engine').selectAll().execute()).toEqual([
    { key: 'swept', document: '0' },
  ]);
  // Marks in InfluxDB from before mean nothing in this journal, and a rewrite begins anew.
  expect(await database.selectFrom('journal_ends').select(['found_at', 'last_id']).execute()).toEqual([
    { found_at: 77, last_id: 0 },
  ]);
  const [order] = await database.selectFrom('influx_orders').select('position').execute();
  expect(order?.position).toBeNull();

  await set({ alerts: 7, influx: 6, acks: 1, 'influx-alerts': 10 });
  await adopt('one');
  expect(await read()).toEqual({ alerts: 40, influx: 30, acks: 5, 'influx-alerts': 10 });
  await adopt('two');
  expect(await read()).toEqual({ alerts: 7, influx: 6, acks: 1, 'influx-alerts': 10 });
});

test('a journal whose consumers had saved nothing yet is known again, and read from its beginning', async () => {
  await adopt('one');
  await adopt('two', true);
  await set({ alerts: 7, influx: 6, acks: 1 });
  await adopt('one');
  expect(await read()).toEqual({ alerts: 0, influx: 0, acks: 0 });
});

test('an unknown journal that holds something was salvaged without its name: its cursors stay, and those of before are kept', async () => {
  await set({ alerts: 40, influx: 30 });
  await adopt('one');
  await adopt('salvaged');
  expect(await read()).toEqual({ alerts: 40, influx: 30 });
  await set({ alerts: 50, influx: 50 });
  await adopt('one');
  expect(await read()).toMatchObject({ alerts: 40, influx: 30 });
});
