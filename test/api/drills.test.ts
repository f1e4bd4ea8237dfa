/** Starting a drill through the API, where the city does not take its twins. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { drillRoutes } from '../../api/alerts/drills.ts';
import type { Database } from '../../database/database.ts';
import { Drills } from '../../drill/drills.ts';
import { openRegistry } from '../../fleet/registry.ts';
import { openTestApi, START_MS } from '../support/api.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { buildSmallCity, gauge, hospital } from '../support/small-city.ts';

const drillIn = async (database: Database) => {
  // The twin of `low` would be called as the hospital is, which no look at the devices shows.
  const city = buildSmallCity([gauge('low')], { hospitals: [hospital('latihan-low')] });
  return new Drills({
    database,
    registry: await openRegistry(city, database),
    pipeline: { accept: () => Promise.reject(new Error('nothing is played')) },
    log: pino({ level: 'silent' }),
    now: () => START_MS,
  });
};

test('a city that does not take the twins is a scenario that cannot be played, with the sentence, and no drill is left', async () => {
  await using database = await openMemoryDatabase();
  const drills = await drillIn(database);
  await using api = await openTestApi({
    routes: [
      drillRoutes({ drills, alerts: { list: async () => [], explain: () => Promise.reject(new Error()) } }),
    ],
  });
  const scenario = {
    name: 'Banjir',
    minutes: 5,
    gauges: [{ gauge: 'low', levels: [{ minute: 0, levelM: 2 }] }],
  };
  const refused = await api.call('POST', '/v1/drills', api.adminToken, scenario);
  expect(refused.statusCode).toBe(422);
  expect(refused.json()).toMatchObject({
    type: expect.stringContaining('scenario-not-possible'),
    detail: expect.stringContaining('latihan-low'),
  });
  expect(await drills.list()).toEqual([]);
  expect(drills.underWay).toBeUndefined();
});
