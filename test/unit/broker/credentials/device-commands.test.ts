/** `npm run devices`: each command on a real state database, with what it prints. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCommand, runCommand } from '../../../../broker/credentials/device-commands.ts';
import { type Database, openDatabase } from '../../../../database/database.ts';
import { smallCity } from '../../../support/small-city.ts';

let database: Database;
let printed: string[];
let files: Map<string, string>;
beforeEach(async () => {
  database = await openDatabase({ SIAGA_DATA_DIR: '.', DATABASE_URL: undefined }, ':memory:');
  printed = [];
  files = new Map();
});
afterEach(() => database.destroy());

const { south, west } = smallCity.bounds;
const at = `${south + 0.001},${west + 0.001}`;

async function run(...words: string[]): Promise<string[]> {
  printed = [];
  await runCommand(parseCommand(words), {
    database,
    city: smallCity,
    now: Date.UTC(2026, 0, 1),
    print: (line) => printed.push(line),
    note: () => undefined,
    readText: (file) => files.get(file) ?? '',
    createSecretFile: (file) => {
      if (files.has(file)) throw new Error(`EEXIST: ${file}`);
      return (text) => files.set(file, text);
    },
  });
  return printed;
}

describe('add', () => {
  test("gives a device of the city's folder a secret by its id alone", async () => {
    expect(await run('add', 'hulu')).toEqual([expect.stringMatching(/^[\w-]{32}$/)]);
  });

  test('registers another device with its kind', async () => {
    await run('add', 'gauge-9', '--kind', 'river-gauge', '--name', 'New');
    await run('add', 'gauge-8', '--kind', 'river-gauge', '--lat', '-7', '--lng', '110.4');
    const rows = await database.selectFrom('devices').selectAll().orderBy('id').execute();
    expect(rows).toMatchObject([
      { id: 'gauge-8', name: 'gauge-8', lat: -7, lng: 110.4 },
      { id: 'gauge-9', kind: 'river-gauge', name: 'New', lat: null },
    ]);
  });

  test.each([
    [['add', 'gauge-9'], /say its --kind/],
    [['add', 'Gauge 9', '--kind', 'river-gauge'], /must match/],
    [['add', 'gauge-9', '--kind', 'submarine'], /no kind "submarine"/],
    [['add', 'gauge-9', '--kind', 'river-gauge', '--lat', '1'], /go together/],
    [['add', 'gauge-9', '--kind', 'river-gauge', '--lat', '1', '--lng', '2'], /outside the city/],
    [['add', 'unit-9', '--kind', 'ambulance'], /vehicle, base and call sign to the devices in cities\//],
    [['add', 'clinic', '--kind', 'hospital'], /class and beds to the hospitals in cities\//],
    [['add', 'observer:'], /observer:<name>/],
    [['rotate', 'hulu'], /use add/],
    [['revoke', 'gauge-nine'], /not known/],
    [['rotate', 'hulu', '--overlap-h', 'soon'], /number of hours/],
  ])('refuses %j with a sentence', async (words, sentence) => {
    await expect(run(...words)).rejects.toThrow(sentence);
  });

  test('refuses a second credential; that is what rotate is for', async () => {
    await run('add', 'hulu');
    await expect(run('add', 'hulu')).rejects.toThrow(/use rotate/);
    const [secret] = await run('rotate', 'hulu');
    expect(secret).toMatch(/^[\w-]{32}$/);
  });
});

test('list shows state and never a secret or its hash', async () => {
  const [secret] = await run('add', 'hulu');
  await run('revoke', 'hulu');
  const lines = await run('list');
  expect(lines).toEqual([
    'device\tcredential\tissued\tstate',
    expect.stringMatching(/^hulu\t1\t2026-01-01T00:00:00.000Z\trevoked 2026-01-01/),
  ]);
  const json = (await run('list', '--json')).join('\n');
  expect(json).not.toContain(secret);
  expect(json).not.toContain('scrypt');
});

describe('import', () => {
  test('registers all of a file, issues what is missing, and writes it to the file asked for', async () => {
    await run('add', 'hulu');
    files.set(
      'in.csv',
      `id,kind,name,lat,lng\nhulu,river-gauge,,,\ngauge-8,river-gauge,"Kali, hulu",${at}\n`,
    );
    expect(await run('import', 'in.csv', '--out', 'out.csv')).toEqual([]);
    expect(files.get('out.csv')).toMatch(/^device,secret\ngauge-8,[\w-]{32}\n$/);
  });

  test('reports every problem with its line and writes nothing', async () => {
    files.set('in.csv', 'id,kind\ngauge-8,river-gauge\ngauge-8,river-gauge\nBAD,submarine\n');
    await expect(run('import', 'in.csv')).rejects.toThrow(
      /line 3: .* twice[\s\S]*line 4: .*BAD[\s\S]*line 4: .*kind/,
    );
    expect(await database.selectFrom('devices').selectAll().execute()).toEqual([]);
  });

  test('issues nothing when the file for the secrets exists already', async () => {
    files.set('in.csv', 'id,kind\ngauge-8,river-gauge\n');
    files.set('out.csv', 'precious');
    await expect(run('import', 'in.csv', '--out', 'out.csv')).rejects.toThrow(/EEXIST/);
    expect(await database.selectFrom('device_credentials').selectAll().execute()).toEqual([]);
  });
});

test.each([
  [['dance'], /no such command/],
  [['add'], /needs an id/],
  [['import'], /needs a file/],
  [['list', 'a', 'b'], /one at a time/],
  [['add', 'a', '--colour', 'red'], /colour/],
])('%j is no command, and the answer says why', (words, sentence) => {
  expect(() => parseCommand(words)).toThrow(sentence);
});
