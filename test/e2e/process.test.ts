/** The process as those who run it see it: what it refuses to start with, in one clear line, and how it ends. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Load } from '../support/load-generator.ts';
import {
  createDataFolder,
  type DataFolder,
  type Exit,
  runSiaga,
  startSiaga,
} from '../support/start-siaga.ts';

/** Ctrl-C ends it within this; some 0.1 s here. */
const CLOSE_WITHIN_MS = 3_000;

/** Room for some starts on a busy machine; a start takes 1 s here. */
const START_TIMEOUT_MS = 120_000;

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  dataDir = folder.path;
});
afterEach(() => folder[Symbol.asyncDispose]());

function expectOneLine({ code, stderr }: Exit, line: RegExp | string): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr.trim()).toMatch(line);
  expect(code).toBe(1);
}

async function occupyPort(): Promise<{ port: number; [Symbol.dispose](): void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}

describe('a server that cannot start', { timeout: START_TIMEOUT_MS }, () => {
  it('lists every problem of its environment and exits 1', async () => {
    const { code, stderr, stdout } = await runSiaga({
      dataDir,
      environment: {
        SIAGA_CITY: 'atlantis',
        HTTP_PORT: '99999',
        MQTT_AUTH: 'maybe',
        MQTT_PRT: '1883',
        INFLUX_URL: 'ftp://influx',
        TELEGRAM_TOKEN: 'secret-word',
      },
    });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    for (const name of ['HTTP_PORT', 'MQTT_AUTH', 'MQTT_PRT', 'INFLUX_URL']) {
      expect(stderr).toContain(`- ${name}: `);
    }
    expect(stderr).toContain('did you mean MQTT_PORT?');
    expect(stderr).not.toContain('secret-word');
  });

  it('lists every contradiction between variables that are right each by itself', async () => {
    const { code, stderr } = await runSiaga({
      dataDir,
      environment: { SIAGA_CITY: 'atlantis', MQTT_HOST: '0.0.0.0', HTTP_HOST: '0.0.0.0', MQTTS_PORT: '8883' },
    });
    expect(code).toBe(1);
    for (const name of ['SIAGA_CITY', 'MQTT_AUTH', 'API_AUTH', 'MQTTS_PORT']) {
      expect(stderr).toContain(`- ${name}: `);
    }
  });

  it.each(['MQTT_PORT', 'HTTP_PORT'])('says in one line that %s is in use', async (variable) => {
    using occupied = await occupyPort();
    const exit = await runSiaga({ dataDir, environment: { [variable]: String(occupied.port) } });
    expectOneLine(exit, new RegExp(`127\\.0\\.0\\.1:${occupied.port}.* in use`));
  });

  it('says in one line that its data folder cannot be one', async () => {
    await writeFile(`${dataDir}/file`, '');
    expectOneLine(await runSiaga({ dataDir: `${dataDir}/file` }), /file cannot be used: .*SIAGA_DATA_DIR/);
  });

  it('refuses a journal of a later version in one line, and leaves it as it is', async () => {
    const file = `${dataDir}/journal.db`;
    {
      using journal = new DatabaseSync(file);
      journal.exec('create table readings (id integer primary key); pragma user_version = 99');
    }
    const before = readFileSync(file);
    expectOneLine(await runSiaga({ dataDir }), /journal\.db was written by a later Siaga \(schema 99/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses a state database of a later version in one line', async () => {
    {
      await using server = await startSiaga({ dataDir });
      await server.stop();
    }
    {
      using state = new DatabaseSync(`${dataDir}/state.db`);
      state.exec("insert into kysely_migration values ('9999-from-the-future', '2099-01-01T00:00:00Z')");
    }
    expectOneLine(
      await runSiaga({ dataDir }),
      /state database is from a newer Siaga \(9999-from-the-future\)/,
    );
  });

  it('refuses a data folder that another server uses in one line, and leaves that one at work', async () => {
    await using server = await startSiaga({ dataDir });
    expectOneLine(await runSiaga({ dataDir }), /is used by another Siaga/);
    expect(await server.get('/readyz')).toEqual({ status: 'ready' });
    // After kill -9 the folder is free at once.
    await server.kill();
    await using next = await startSiaga({ dataDir });
    expect(await next.get('/readyz')).toEqual({ status: 'ready' });
  });
});

describe('a server that has lost a thread', { timeout: START_TIMEOUT_MS }, () => {
  it.each([
    [1, 'journal', "the journal's thread died: restart"],
    [2, 'embedded history', 'the thread of history died: restart'],
  ])(
    '(%i, the %s) exits 70 with the reason in its log, and is ready when it is started again',
    async (thread, _, reason) => {
      const preload = new URL(`../support/end-thread.child.ts?thread=${thread}`, import.meta.url).href;
      await using server = await startSiaga({
        dataDir,
        environment: { NODE_OPTIONS: `--import=${preload}` },
      });
      expect((await server.stop('SIGUSR2')).code).toBe(70);
      const fatal = server.logged.filter(({ level }) => level === 60);
      expect(fatal.map(({ msg }) => msg)).toEqual([reason]);
      await using next = await startSiaga({ dataDir });
      expect(await next.get('/readyz')).toEqual({ status: 'ready' });
    },
  );
});

describe('a server that is told to end', { timeout: START_TIMEOUT_MS }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'closes on %s with devices sending and streams open, exits 0 and loses nothing acknowledged',
    async (signal) => {
      await using server = await startSiaga({ dataDir });
      const streams = await Promise.all(
        Array.from({ length: 3 }, () => fetch(`${server.httpUrl}/v1/stream`)),
      );
      const firstMs = Date.now() - 86_400_000;
      const load = new Load(
        ['garang-pudakpayung', 'kreo-cepoko', 'bkb-muara'].map((id, i) => ({
          id,
          topic: `siaga/semarang/river-gauge/${id}/telemetry`,
          qos: i === 2 ? 2 : 1,
          inFlight: 20,
          readingsPerPublish: 1,
          reading: (n) => ({ measuredAt: firstMs + n * 1_000, seq: n, levelM: 0.5 + (n % 100) / 100 }),
        })),
      );
      const enough = load.moreAcknowledged(500);
      await load.connect(server.mqttPort);
      await enough;

      const { code, stderr } = await server.stop(signal);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const [closing, closed] = ['closing', 'closed'].map((msg) =>
        Number(server.logged.find((line) => line['msg'] === msg)?.['time']),
      ) as [number, number];
      expect(closed - closing).toBeLessThan(CLOSE_WITHIN_MS);
      for (const stream of streams) expect(await stream.text()).toContain('retry:');

      using journal = new DatabaseSync(`${dataDir}/journal.db`, { readOnly: true });
      const rows = journal
        .prepare(
          'select device, measured_at as atMs from (select d.device, r.measured_at from readings r join devices d on d.number = r.device)',
        )
        .all();
      const stored = new Set(rows.map(({ device, atMs }) => `${device} ${atMs}`));
      expect(stored.size).toBe(rows.length);
      const acknowledged = load.devices.flatMap(({ options, acknowledged: counts }) =>
        counts.flatMap((count, n) => (count ? [`${options.id} ${firstMs + n * 1_000}`] : [])),
      );
      expect(acknowledged.length).toBeGreaterThanOrEqual(500);
      expect(acknowledged.filter((each) => !stored.has(each))).toEqual([]);
      expect(load.devices.map(({ outOfOrder }) => outOfOrder)).toEqual([0, 0, 0]);
    },
  );
});
