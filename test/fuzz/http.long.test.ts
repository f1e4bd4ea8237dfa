/**
 * The API against the fuzzer, for as many calls as a minute holds on a machine with two cores. `npm run fuzz` goes on
 * for hours.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillHouse } from '../support/fill-house.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';
import { fuzz } from './fuzz.ts';

const CALLS = 12_000;

let folder: DataFolder;
let server: RunningSiaga;
beforeAll(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
  await fillHouse(server);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

test('no request is a 5xx, and each answer is one that the document promises', async () => {
  const { calls, faults, statuses } = await fuzz({
    url: server.httpUrl,
    seed: 20_260_115,
    goesOn: (made) => made < CALLS,
  });
  expect(faults).toEqual([]);
  expect(calls).toBe(CALLS);
  expect(server.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  // Else it would try nothing but the border.
  const done = [...statuses].filter(([, counts]) => [...counts.keys()].some((status) => status < 300));
  expect(done.length).toBeGreaterThan(35);
  await server.get('/healthz');
}, 600_000);

test.each([
  ['nobody', {}, 401],
  ['somebody with a wrong token', { authorization: `Bearer siaga_${'A'.repeat(43)}` }, 429],
])(
  'what %s is answered is promised too',
  async (_, headers, refused) => {
    await using closedFolder = await createDataFolder();
    await using closed = await startSiaga({ dataDir: closedFolder.path, environment: { API_AUTH: 'true' } });
    const goesOn = (made: number) => made < 1_500;
    const { faults, statuses } = await fuzz({ url: closed.httpUrl, seed: 7, headers, goesOn });
    expect(faults).toEqual([]);
    expect(statuses.get('createIncident')?.get(refused)).toBeGreaterThan(0);
    expect(statuses.get('createIncident')?.has(201)).toBe(false);
  },
  600_000,
);
