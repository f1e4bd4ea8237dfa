/** Cursors that are ahead of the journal, as after the restore of an older backup. */
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { rewindCursors } from '../../../journal/rewind-cursors.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

it('cursors beyond the end of the journal go back to it, with a word, and that end is kept; all others stay', async () => {
  const database = await openMemoryDatabase();
  const saved = [
    { consumer: 'alerts', position: 70 },
    { consumer: 'influx', position: 30 },
    // Its position is in another log.
    { consumer: 'influx-alerts', position: 1_768_435_200_000 },
  ];
  await database.insertInto('cursors').values(saved).execute();
  const logged: string[] = [];
  const log = pino({}, { write: (line) => void logged.push(line) });
  const rewind = (lastId: number) =>
    rewindCursors({ journal: { lastId }, database, consumers: ['alerts', 'influx'], log, now: () => 5_000 });
  const positions = async () => {
    const rows = await database.selectFrom('cursors').selectAll().orderBy('consumer').execute();
    return rows.map(({ position }) => Number(position));
  };

  const ends = () => database.selectFrom('journal_ends').select(['found_at', 'last_id']).execute();

  await rewind(70);
  expect(await positions()).toEqual([70, 30, 1_768_435_200_000]);
  expect(await ends()).toEqual([]);
  expect(logged).toEqual([]);
  await rewind(50);
  expect(await positions()).toEqual([50, 30, 1_768_435_200_000]);
  expect(logged).toHaveLength(1);
  expect(JSON.parse(logged[0] as string)).toMatchObject({ level: 40, cursors: { alerts: 70 }, lastId: 50 });
  expect(await ends()).toEqual([{ found_at: 5_000, last_id: 50 }]);
  await database.destroy();
});
