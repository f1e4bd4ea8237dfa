/** The driver of the state database, over the thread that has it in Siaga and over the one in memory of the tests. */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../database/database.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'siaga-state-'));
});
afterEach(() => folder.remove());

const openInThread = () => openDatabase({ DATABASE_URL: undefined, SIAGA_DATA_DIR: folder.path });
const addCursor = (database: Database, consumer: string, position: number) =>
  database.insertInto('cursors').values({ consumer, position }).execute();
const cursorsIn = (database: Database) =>
  database.selectFrom('cursors').selectAll().orderBy('consumer').execute();

describe.each([
  ['in a thread, on disk', openInThread],
  ['in memory', openMemoryDatabase],
])('%s', (_where, open) => {
  test('is at the newest schema, and gives rows as plain objects', async () => {
    await using database = await open();
    await addCursor(database, 'live', 7);
    expect(await cursorsIn(database)).toStrictEqual([{ consumer: 'live', position: 7 }]);
  });

  test('says how many rows a statement changed, and the id of the row that it inserted', async () => {
    await using database = await open();
    await addCursor(database, 'live', 1);
    await addCursor(database, 'alerts', 1);
    const { numUpdatedRows } = await database.updateTable('cursors').set({ position: 2 }).executeTakeFirst();
    expect(numUpdatedRows).toBe(2n);
  });

  test('a transaction holds the database alone: who comes meanwhile sees what it committed', async () => {
    await using database = await open();
    const { promise: isInside, resolve: inside } = Promise.withResolvers<void>();
    const transaction = database.transaction().execute(async (held) => {
      inside();
      await held.insertInto('cursors').values({ consumer: 'live', position: 1 }).execute();
      await held.updateTable('cursors').set({ position: 2 }).execute();
    });
    await isInside;
    const seen = cursorsIn(database);
    await transaction;
    expect(await seen).toEqual([{ consumer: 'live', position: 2 }]);
  });

  test('a transaction that fails leaves nothing, and the next one has its turn', async () => {
    await using database = await open();
    const failing = database.transaction().execute(async (held) => {
      await held.insertInto('cursors').values({ consumer: 'live', position: 1 }).execute();
      throw new Error('on purpose');
    });
    const next = addCursor(database, 'alerts', 3);
    await expect(failing).rejects.toThrow('on purpose');
    await next;
    expect(await cursorsIn(database)).toEqual([{ consumer: 'alerts', position: 3 }]);
  });

  test('what SQLite refuses has its code', async () => {
    await using database = await open();
    await addCursor(database, 'live', 1);
    await expect(addCursor(database, 'live', 2)).rejects.toMatchObject({ code: 'SQLITE_1555' });
    await expect(sql`selec 1`.execute(database)).rejects.toMatchObject({ code: 'SQLITE_1' });
  });

  test('a row that names one that is not there is refused', async () => {
    await using database = await open();
    const { rows } = await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(database);
    expect(rows[0]?.foreign_keys).toBe(1);
  });

  test('is closed once, and then says so', async () => {
    const database = await open();
    await cursorsIn(database);
    await database.destroy();
    await expect(cursorsIn(database)).rejects.toThrow();
  });
});

test('what a transaction wrote in the thread is in the file for who opens it next', async () => {
  {
    await using database = await openInThread();
    await database.transaction().execute(async (held) => {
      await held.insertInto('cursors').values({ consumer: 'live', position: 9 }).execute();
    });
  }
  await using again = await openInThread();
  expect(await cursorsIn(again)).toEqual([{ consumer: 'live', position: 9 }]);
});
