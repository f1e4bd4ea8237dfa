/**
 * Two programs that change one city at once, on both databases: each sees what the other has left, and none is lost.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeCity } from '../../cities/change-city.ts';
import { listChanges } from '../../cities/changes.ts';
import { readCityState } from '../../cities/city-state.ts';
import { type Database, openDatabase } from '../../database/database.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { smallCity } from '../support/small-city.ts';
import { createDataFolder, type DataFolder } from '../support/start-siaga.ts';

/** By each of the two. */
const CHANGES = 15;

let folder: DataFolder;
let opened: AsyncDisposableStack;
beforeEach(async () => {
  folder = await createDataFolder();
  opened = new AsyncDisposableStack();
});
afterEach(async () => {
  await opened.disposeAsync();
  await folder[Symbol.asyncDispose]();
});

async function open(DATABASE_URL: string | undefined): Promise<Database> {
  const database = await openDatabase(
    { SIAGA_DATA_DIR: folder.path, DATABASE_URL },
    join(folder.path, 'state.db'),
  );
  opened.defer(() => database.destroy());
  return database;
}

/** Makes the gauge one longer by name. */
async function count(database: Database, actor: string): Promise<void> {
  for (let index = 0; index < CHANGES; index++) {
    await changeCity({
      ...{ database, folder: smallCity, actor, at: index },
      async makeEdits({ findNow }) {
        const entry = findNow('devices', 'hulu');
        return [{ list: 'devices', id: 'hulu', entry: { ...entry, name: `${entry?.['name']}+` } }];
      },
    });
  }
}

describe.each(['SQLite', 'PostgreSQL'])('two who change a city on %s', (which) => {
  test.skipIf(which === 'PostgreSQL' && !hasPostgres)('queue, and every change stands', async () => {
    const url = which === 'PostgreSQL' ? opened.use(await startPostgres()).url : undefined;
    const [one, two] = [await open(url), await open(url)];
    await Promise.all([count(one, 'one'), count(two, 'two')]);
    const { now, revision } = await readCityState(one, smallCity);
    expect(now.devices.find(({ id }) => id === 'hulu')?.name).toBe(`Gauge hulu${'+'.repeat(2 * CHANGES)}`);
    expect(revision).toBe(2 * CHANGES);
    const changes = await listChanges(two, { city: 'semarang', limit: 100, entry: 'hulu' });
    expect(changes).toHaveLength(2 * CHANGES);
    expect(new Set(changes.map(({ actor }) => actor))).toEqual(new Set(['one', 'two']));
    for (const [index, { before }] of changes.entries()) {
      if (index + 1 < changes.length) expect(before).toEqual(changes[index + 1]?.after);
    }
  });
});
