/** Drills over the state database: twins come with a drill, go with it, and never come back by themselves. */
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listChanges } from '../../../cities/changes.ts';
import type { Database } from '../../../database/database.ts';
import { Drills } from '../../../drill/drills.ts';
import { type LiveRegistry, openRegistry } from '../../../fleet/registry.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const BY = { actor: 'test', at: NOW_MS };
const TWIN = 'latihan-low';
const SCENARIO = {
  ...{ name: 'Banjir', minutes: 5, everyS: 5 },
  gauges: [{ gauge: 'low', levels: [{ minute: 0, levelM: 2 }] }],
};

let database: Database;
let registry: LiveRegistry;
let drills: Drills;
beforeEach(async () => {
  database = await openMemoryDatabase();
  registry = await openRegistry(buildSmallCity([gauge('low')]), database);
  drills = new Drills({
    ...{ database, registry, log: pino({ level: 'silent' }), now: () => NOW_MS },
    pipeline: { accept: async () => ({ outcome: 'stored' }) as never },
  });
});
afterEach(() => database.destroy());

const lastChange = async () =>
  (await listChanges(database, { city: registry.city, limit: 1 }))[0]?.id as number;
const remove = (id: string) =>
  registry.change({ ...BY, makeEdits: async () => [{ list: 'devices', id, entry: null }] });

test('the removal of a twin that is taken back after the drill leaves no twin, and the next drill begins', async () => {
  const { id } = await drills.start(SCENARIO, 'lead');
  await drills.end(id, 'lead');
  expect(registry.find(TWIN)).toBeUndefined();
  await registry.undo(await lastChange(), BY);
  expect(registry.find(TWIN)).toBeDefined();
  await drills.tick();
  expect(registry.find(TWIN)).toBeUndefined();
  expect((await drills.start(SCENARIO, 'lead')).id).toBeGreaterThan(id);
});

test('a twin that a person has removed within the drill, and brings back after it, goes too', async () => {
  const { id } = await drills.start(SCENARIO, 'lead');
  await remove(TWIN);
  const removal = await lastChange();
  await drills.end(id, 'lead');
  await registry.undo(removal, BY);
  await drills.tick();
  expect(registry.find(TWIN)).toBeUndefined();
});

test('a device of a person that has the id of a twin stays, within a drill and after it', async () => {
  const { id } = await drills.start(SCENARIO, 'lead');
  await remove(TWIN);
  const own = { ...gauge(TWIN), name: 'Ours' };
  await registry.change({ ...BY, makeEdits: async () => [{ list: 'devices', id: TWIN, entry: own }] });
  await drills.end(id, 'lead');
  await drills.tick();
  expect(registry.find(TWIN)?.name).toBe('Ours');
});
