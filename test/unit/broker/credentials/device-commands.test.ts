/** `npm run devices`: each command on a real state database, with what it prints. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../../../broker/credentials/device-commands.ts';
import { parseCommand } from '../../../../broker/credentials/parse-command.ts';
import type { Database } from '../../../../database/database.ts';
import { openMemoryDatabase } from '../../../support/memory-database.ts';
import { smallCity } from '../../../support/small-city.ts';

let database: Database;
let printed: string[];
let files: Map<string, string>;
beforeEach(async () => {
  database = await openMemoryDatabase();
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
    actor: 'test',
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
    [['add', 'unit-9', '--kind', 'ambulance', '--base', 'nowhere'], /a --base of the city/],
    [['add', 'unit-9', '--kind', 'ambulance', '--vehicle', 'boat'], /motorcycle or transport/],
    [['add', 'clinic', '--kind', 'hospital'], /--beds/],
    [['add', 'gauge-9', '--kind', 'river-gauge', '--format', 'carrier-pigeon'], /no format carrier-pigeon/],
    [['add', 'hulu', '--alias', ' '], /1 to 128/],
    [['add', 'hulu', '--columns', ','], /levelM:cm/],
    [['add', 'gateway:lora'], /say its --format/],
    [['add', 'gateway:lora', '--format', 'chirpstack', '--simulated'], /of its devices/],
    [['add', 'gateway:Lora 1', '--format', 'chirpstack'], /gateway:<name>/],
    [['claim', 'a840', 'nobody'], /not registered/],
    [['claim', 'a840'], /an alias and an id/],
    [['set', 'nobody', '--format', 'owntracks'], /not registered/],
    [['try-format', 'owntracks'], /a format and a file/],
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

describe('what a device speaks', () => {
  const formats = () => database.selectFrom('device_formats').selectAll().orderBy('device').execute();
  const aliases = () =>
    database.selectFrom('device_aliases').select(['alias', 'device']).orderBy('alias').execute();

  test('is said when it is added, with as many names as it has', async () => {
    const [secret] = await run(
      ...['add', 'motor-9', '--kind', 'ambulance', '--vehicle', 'transport', '--call-sign', 'Delta 9'],
      ...['--format', 'owntracks', '--alias', 'budi/Phone', '--alias', 'A8:40:41:FF:FF:12:34:56'],
    );
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect(await formats()).toMatchObject([{ device: 'motor-9', format: 'owntracks', gateway: null }]);
    expect(await aliases()).toEqual([
      { alias: 'a84041ffff123456', device: 'motor-9' },
      { alias: 'budi/phone', device: 'motor-9' },
    ]);
    const [row] = await database.selectFrom('devices').selectAll().execute();
    expect(JSON.parse(row?.site ?? '')).toMatchObject({
      vehicle: 'transport',
      base: 'psc',
      callSign: 'Delta 9',
    });
  });

  test("is said of a device of the city's folder as well, and changed later", async () => {
    await run('add', 'hulu', '--format', 'value', '--columns', 'levelM:cm,batteryV');
    await run('set', 'hulu', '--alias', 'kali-baru', '--gateway', 'lora');
    expect(await formats()).toMatchObject([
      {
        device: 'hulu',
        format: 'value',
        gateway: 'gateway:lora',
        options: '{"columns":"levelM:cm,batteryV"}',
      },
    ]);
  });

  test('is said with whether it is simulated, which is taken back by name alone', async () => {
    await run('add', 'hulu', '--simulated');
    await run('add', 'bendung', '--format', 'value');
    const simulated = async () => (await formats()).map((row) => [row.device, row.simulated]);
    expect(await simulated()).toEqual([
      ['bendung', null],
      ['hulu', 1],
    ]);
    await run('set', 'hulu', '--format', 'value');
    await run('set', 'bendung', '--simulated');
    expect(await simulated()).toEqual([
      ['bendung', 1],
      ['hulu', 1],
    ]);
    await run('set', 'hulu', '--no-simulated');
    expect(await simulated()).toEqual([
      ['bendung', 1],
      ['hulu', 0],
    ]);
  });

  test('is a mapping of its own from a file', async () => {
    files.set('my.jsonata', '{ "levelM": tma }');
    await run('add', 'hulu', '--format', 'mapped', '--mapping', 'my.jsonata');
    expect(await formats()).toMatchObject([{ options: JSON.stringify({ mapping: '{ "levelM": tma }' }) }]);
  });

  test('takes no name from another device', async () => {
    await run('add', 'hulu', '--alias', 'a840');
    await expect(run('add', 'bendung', '--alias', 'A840')).rejects.toThrow(/a840 is an alias of hulu/);
    await expect(run('claim', 'a840', 'bendung')).rejects.toThrow(/a840 is an alias of hulu/);
  });

  test('a hospital is added with its beds', async () => {
    await run('add', 'clinic', '--kind', 'hospital', '--lat', '-7', '--lng', '110.4', '--beds', '4,2,50');
    const [row] = await database.selectFrom('devices').selectAll().execute();
    expect(JSON.parse(row?.site ?? '')).toMatchObject({
      class: 'D',
      beds: { emergency: 4, intensive: 2, ward: 50 },
    });
  });

  test('a gateway has a credential, a format and no kind', async () => {
    expect(await run('add', 'gateway:lora', '--format', 'chirpstack')).toEqual([
      expect.stringMatching(/^[\w-]{32}$/),
    ]);
    expect(await database.selectFrom('gateways').select(['id', 'format']).execute()).toEqual([
      { id: 'gateway:lora', format: 'chirpstack' },
    ]);
  });

  test('a name that waits is claimed with the gateway and the format that brought it', async () => {
    await database
      .insertInto('waiting_aliases')
      .values({
        ...{
          alias: 'a840',
          gateway: 'gateway:lora',
          format: 'chirpstack',
          first_at: 1,
          last_at: 2,
          messages: 3,
        },
        ...{ topic: 'application/1/device/a840/event/up', payload: '{"object":{"distance":30}}' },
      })
      .execute();
    expect((await run('waiting'))[1]).toContain('a840\tgateway:lora\tchirpstack\t3');
    await run('claim', 'A840', 'hulu');
    expect(await formats()).toMatchObject([
      { device: 'hulu', format: 'chirpstack', gateway: 'gateway:lora' },
    ]);
    expect(await aliases()).toEqual([{ alias: 'a840', device: 'hulu' }]);
  });

  test('a message is tried before anything is saved', async () => {
    files.set('up.json', '{"_type":"location","lat":-7,"lon":110.4,"tst":1768444200,"vel":36}');
    const lines = await run(
      'try-format',
      'owntracks',
      'up.json',
      '--topic',
      'owntracks/budi/phone',
      '--kind',
      'ambulance',
    );
    expect(lines[0]).toBe('device: budi/phone, phone, budi');
    expect(lines[2]).toBe('  as a ambulance: {"lat":-7,"lng":110.4,"speedMps":10}');
    files.set('bad.json', '{"tma":1}');
    files.set('my.jsonata', '{ "levelM": { "value": tma, "unit": "furlong" } }');
    expect((await run('try-format', 'mapped', 'bad.json', '--mapping', 'my.jsonata'))[1]).toContain(
      'no unit',
    );
    expect(await run('try-format', 'chirpstack', 'bad.json')).toEqual([
      expect.stringContaining('refused: bad-format'),
    ]);
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

  test('says what each of them speaks, by which names, and whether it is simulated', async () => {
    files.set(
      'in.csv',
      [
        'id,kind,format,alias,gateway,columns,simulated',
        'hulu,river-gauge,chirpstack,A8:40:41:FF:FF:12:34:56 hulu-node,lora,,true',
        'bendung,river-gauge,value,,,"levelM:cm,batteryV",no',
        'tide,river-gauge,,,,,',
      ].join('\n'),
    );
    await run('import', 'in.csv', '--out', 'out.csv');
    const rows = await database.selectFrom('device_formats').selectAll().orderBy('device').execute();
    expect(rows).toMatchObject([
      { device: 'bendung', format: 'value', options: '{"columns":"levelM:cm,batteryV"}', simulated: 0 },
      { device: 'hulu', format: 'chirpstack', gateway: 'gateway:lora', simulated: 1 },
    ]);
    const named = await database.selectFrom('device_aliases').select(['alias', 'device']).execute();
    expect(named).toEqual([
      { alias: 'a84041ffff123456', device: 'hulu' },
      { alias: 'hulu-node', device: 'hulu' },
    ]);
  });

  test.each([
    ['format', 'carrier-pigeon', /line 2: no format carrier-pigeon/],
    ['simulated', 'perhaps', /line 2: simulated is "perhaps"; expected true or false/],
    ['colour', 'red', /no column colour[\s\S]*simulated/],
  ])('with %s %s is refused before anything is written', async (column, word, sentence) => {
    files.set('in.csv', `id,kind,${column}\ngauge-8,river-gauge,${word}\n`);
    await expect(run('import', 'in.csv')).rejects.toThrow(sentence);
    expect(await database.selectFrom('devices').selectAll().execute()).toEqual([]);
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
  [['add', 'a', '--no-simulated'], /no-simulated/],
])('%j is no command, and the answer says why', (words, sentence) => {
  expect(() => parseCommand(words)).toThrow(sentence);
});
