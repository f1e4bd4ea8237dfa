/**
 * The first promise on the whole server: a PUBACK means that the reading is on disk.
 *
 * Devices number their readings; the server is killed (SIGKILL) under load twenty times at seeded moments,
 * some of them during its start, and started again on the same data. SIAGA_TEST_SEED repeats a run's moments.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { between, createRandom } from '../../firmware-sim/random.ts';
import { STORED_SEQ } from '../../journal/sqlite/file/record-layout.ts';
import { eventually } from '../support/eventually.ts';
import { Load, type NumberedDevice, type NumberedDeviceOptions } from '../support/load-generator.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  startAndKill,
  startSiaga,
} from '../support/start-siaga.ts';

const KILLS = 20;
/** Each fifth restart is killed once more before it is ready. */
const KILL_DURING_START_EVERY = 5;
/** Publishes acknowledged between two kills; up to a second of the load. */
const MAX_ACKNOWLEDGED = 1_000;
/** A kill follows an acknowledgement by up to this, so that it falls anywhere between two commits. */
const MAX_DELAY_MS = 20;
const START_WITHIN_MS = 800;

const seed = Number(process.env['SIAGA_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = createRandom(seed, 'kill -9');
/**
 * A backlog of the last month, a reading a minute: none is ahead of the clock, and none comes at its own pace, as
 * those of a clock that is off do.
 */
const firstMs = Math.floor(Date.now() / 1000) * 1000 - 30 * 86_400_000;
const measuredAt = (number: number) => firstMs + number * 60_000;
/** A triangle between 0.5 and 3.5 m: the alert rules have work. */
const levelM = (number: number) => 0.5 + Math.abs((number % 600) - 300) / 100;

const gauge = (
  id: string,
  options: Pick<NumberedDeviceOptions, 'qos' | 'inFlight' | 'readingsPerPublish'>,
) => ({
  id,
  topic: `siaga/semarang/river-gauge/${id}/telemetry`,
  reading: (n: number) => ({ measuredAt: measuredAt(n), seq: n, levelM: levelM(n), batteryV: 12.6 }),
  ...options,
});
/** A year behind and at its own pace: a clock that is off, whose readings are dated by ours. */
const yearBehind = (id: string, inFlight: number, readingsPerPublish: number) => {
  let lastMs = 0;
  return {
    ...{
      id,
      topic: `siaga/semarang/river-gauge/${id}/telemetry`,
      qos: 1 as const,
      inFlight,
      readingsPerPublish,
    },
    reading: (n: number) => {
      lastMs = Math.max(lastMs + 1, Date.now() - 365 * 86_400_000);
      return { measuredAt: lastMs, seq: n, levelM: 0.5 + n / 10_000 };
    },
  };
};
const accessPoint = (id: string, inFlight: number) => ({
  id,
  topic: `siaga/semarang/wifi-access-point/${id}/telemetry`,
  qos: 1 as const,
  inFlight,
  readingsPerPublish: 1,
  reading: (n: number) => ({
    measuredAt: measuredAt(n),
    seq: n,
    clients: n % 200,
    rxBytes: n * 1_000,
    txBytes: n * 300,
  }),
});
/** Without a clock: the server's time counts, and `seq` tells a repeat. No two have the same level. */
const clockless = (id: string, inFlight: number) => ({
  id,
  topic: `siaga/semarang/river-gauge/${id}/telemetry`,
  qos: 1 as const,
  inFlight,
  readingsPerPublish: 1,
  reading: (n: number) => ({ seq: n, levelM: 0.5 + n / 10_000 }),
});

/** What they say of the time is not what stands in the journal; `seq` tells whether each is there once. */
const withoutClock = new Set([
  'plumbon-bendung',
  'sringin-genuk',
  'silandak-purwoyoso',
  'beringin-gondoriyo',
]);
const load = new Load([
  yearBehind('silandak-purwoyoso', 20, 1),
  yearBehind('beringin-gondoriyo', 3, 25),
  clockless('plumbon-bendung', 1),
  clockless('sringin-genuk', 20),
  ...['garang-pudakpayung', 'garang-tinjomoyo', 'kripik-kandri', 'kreo-cepoko'].map((id) =>
    gauge(id, { qos: 1, inFlight: 20, readingsPerPublish: 1 }),
  ),
  ...['kreo-jatibarang', 'bendung-simongan'].map((id) =>
    gauge(id, { qos: 1, inFlight: 3, readingsPerPublish: 25 }),
  ),
  ...['bkb-sudirman', 'bkb-muara'].map((id) => gauge(id, { qos: 2, inFlight: 10, readingsPerPublish: 1 })),
  gauge('bkt-gemah', { qos: 2, inFlight: 2, readingsPerPublish: 25 }),
  ...['ap-simpang-lima-1', 'ap-simpang-lima-2', 'ap-simpang-lima-3'].map((id) => accessPoint(id, 1)),
]);

interface Kill {
  readonly acknowledged: number;
  readonly cursors: Readonly<Record<string, number>>;
  readonly lastId: number;
}

let folder: DataFolder;
let server: RunningSiaga;
const kills: Kill[] = [];

beforeAll(async () => {
  folder = await createDataFolder();
  const dataDir = folder.path;
  for (let round = 1; round <= KILLS; round++) {
    if (round % KILL_DURING_START_EVERY === 0) {
      await startAndKill({ dataDir }, between(random, 0, START_WITHIN_MS));
    }
    server = await startSiaga({ dataDir });
    const before = load.acknowledgements;
    const enough = load.moreAcknowledged(Math.ceil(between(random, 0, MAX_ACKNOWLEDGED)));
    await load.connect(server.mqttPort);
    await enough;
    await delay(between(random, 0, MAX_DELAY_MS));
    await server.kill();
    kills.push({ acknowledged: load.acknowledgements - before, ...readCursors() });
  }
  server = await startSiaga({ dataDir });
  await load.connect(server.mqttPort);
  await load.moreAcknowledged(200);
  await load.finish();
  await load.disconnect();
}, 300_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

function openReadOnly(name: string): DatabaseSync {
  return new DatabaseSync(`${folder.path}/${name}`, { readOnly: true, timeout: 5_000 });
}

/** Where the journal's readings end, and how far each consumer of them says it has come. */
function readCursors(): { cursors: Record<string, number>; lastId: number } {
  using state = openReadOnly('state.db');
  using journal = openReadOnly('journal.db');
  // `acks` counts in messages, of which these devices send none.
  const rows = state.prepare("select consumer, position from cursors where consumer <> 'acks'").all();
  return {
    cursors: Object.fromEntries(rows.map(({ consumer, position }) => [String(consumer), Number(position)])),
    lastId: Number(journal.prepare('select max(id) as id from readings').get()?.['id'] ?? 0),
  };
}

interface Page {
  readonly points: readonly { at: string; values: Record<string, number> }[];
  readonly next?: string;
}

async function readHistory(device: string): Promise<Page['points']> {
  const points: Page['points'][number][] = [];
  const from = new Date(firstMs).toISOString();
  let path: string | undefined = `/v1/devices/${device}/readings?from=${from}&limit=5000`;
  while (path !== undefined) {
    const page: Page = await server.get<Page>(path);
    points.push(...page.points);
    path = page.next;
  }
  return points;
}

function readJournal(device: string): { measuredAt: number; copies: number }[] {
  using journal = openReadOnly('journal.db');
  return journal
    .prepare(
      `select measured_at as measuredAt, count(*) as copies from readings join devices on number = readings.device
       where devices.device = ? group by measured_at order by measured_at`,
    )
    .all(device)
    .map((row) => ({ measuredAt: Number(row['measuredAt']), copies: Number(row['copies']) }));
}

/** The `seq` of every reading of a device, in order. */
function readSeqs(device: string): number[] {
  using journal = openReadOnly('journal.db');
  const rows = journal
    .prepare('select record from readings join devices on number = readings.device where devices.device = ?')
    .all(device);
  return rows
    .map(({ record }) => new Float64Array(Uint8Array.from(record as Uint8Array).buffer)[STORED_SEQ] as number)
    .sort((a, b) => a - b);
}

const numbers = ({ sent }: NumberedDevice) => Array.from({ length: sent }, (_, n) => n);

const clocked = load.devices.filter(({ options }) => !withoutClock.has(options.id));

describe(`a server killed ${KILLS} times under load (SIAGA_TEST_SEED=${seed})`, { timeout: 60_000 }, () => {
  it('was killed while publishes were in flight, which their devices published again', () => {
    const repeated = load.devices.reduce((sum, device) => sum + device.repeated, 0);
    const sent = load.devices.reduce((sum, device) => sum + device.sent, 0);
    console.log(
      `seed ${seed}: ${sent} readings, ${load.acknowledgements} acknowledgements (${kills.map(({ acknowledged }) => acknowledged).join(', ')} before the kills), ${repeated} publishes repeated`,
    );
    expect(kills).toHaveLength(KILLS);
    expect(repeated).toBeGreaterThan(KILLS);
    expect(sent).toBeGreaterThan(1_000);
  });

  it.each(load.devices)(
    'acknowledged every reading of $options.id, in the order of its publishes',
    (device) => {
      expect(device.sent).toBeGreaterThan(0);
      expect(device.acknowledged).toEqual(numbers(device).map(() => 1));
      expect(device.outOfOrder).toBe(0);
    },
  );

  it.each(clocked)('has every acknowledged reading of $options.id in the journal exactly once', (device) => {
    expect(readJournal(device.options.id)).toEqual(
      numbers(device).map((n) => ({ measuredAt: measuredAt(n), copies: 1 })),
    );
  });

  it.each(clocked)(
    'shows every acknowledged reading of $options.id in history exactly once',
    async (device) => {
      const expected = numbers(device).map((n) => {
        const { measuredAt: atMs, seq: _, ...values } = device.options.reading(n);
        return { at: new Date(atMs as number).toISOString(), values };
      });
      await eventually(async () => {
        const points = await readHistory(device.options.id);
        expect(points.map(({ at, values }) => ({ at, values }))).toEqual(expected);
      });
    },
  );

  it.each([...withoutClock])(
    'has every reading of %s, which has no clock that is right, in the journal exactly once',
    (id) => {
      const device = load.devices.find(({ options }) => options.id === id) as NumberedDevice;
      expect(readSeqs(id)).toEqual(numbers(device));
    },
  );

  it('found no consumer ahead of the journal after any kill', () => {
    for (const { cursors, lastId } of kills) {
      for (const position of Object.values(cursors)) expect(position).toBeLessThanOrEqual(lastId);
    }
  });

  it('lets every consumer come to the end of the journal', async () => {
    await eventually(() => {
      const { cursors, lastId } = readCursors();
      expect(Object.keys(cursors)).toContain('alerts');
      for (const consumer of Object.keys(cursors)) expect(cursors).toHaveProperty(consumer, lastId);
    });
  });
});
