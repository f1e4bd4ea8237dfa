/**
 * A city outside the repository: begun by the command line, run by the real server, and known to every other program.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  createDataFolder,
  type DataFolder,
  type Exit,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

/** A program takes a second to start here, and several on a busy machine. */
const TIMEOUT_MS = 120_000;
const POSITION = ['--lat', '-3.2414', '--lng', '116.2238', '--time-zone', 'Asia/Makassar'];

let folder: DataFolder;
beforeEach(async () => {
  folder = await createDataFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const city = (...words: string[]) => runCommand('cities/cli.ts', words, folder.path);
/** With the city of the environment, as a person would who has set it once. */
const ofKotaBaru = (file: string, ...words: string[]): Promise<Exit> =>
  runCommand(file, words, folder.path, ['env', 'SIAGA_CITY=kota-baru']);

async function takeReading(environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  await using server = await startSiaga({ dataDir: folder.path, environment });
  const gauge = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { reconnectPeriod: 0 });
  try {
    await gauge.publishAsync('siaga/kota-baru/river-gauge/gauge-1/telemetry', '{"levelM":1.25}', { qos: 1 });
    await eventually(async () => {
      const { points } = await server.get<{ points: object[] }>('/v1/devices/gauge-1/readings');
      expect(points).toMatchObject([{ values: { levelM: 1.25 } }]);
    });
    expect(await server.get('/v1/city')).toMatchObject({ city: { id: 'kota-baru' } });
  } finally {
    await gauge.endAsync(true);
  }
  return server.logged.find(({ msg }) => msg === 'the city is loaded')?.['folder'] as string | undefined;
}

describe('a city outside the repository', { timeout: TIMEOUT_MS }, () => {
  test('a city in the data folder starts as it was begun, and a reading of its gauge is history', async () => {
    const begun = await ofKotaBaru('cities/cli.ts', 'new', 'kota-baru', ...POSITION);
    expect(begun).toMatchObject({ code: 0, stderr: '' });
    expect((await city('check', 'kota-baru')).code).toBe(0);
    expect(await takeReading({ SIAGA_CITY: 'kota-baru' })).toBe(join(folder.path, 'cities/kota-baru'));
  });

  test('SIAGA_CITIES_DIR goes before the data folder', async () => {
    await city('new', 'kota-baru', ...POSITION);
    expect((await city('export', 'kota-baru', join(folder.path, 'own'))).code).toBe(0);
    writeFileSync(join(folder.path, 'cities/kota-baru/city.json'), '{}');
    const own = { SIAGA_CITY: 'kota-baru', SIAGA_CITIES_DIR: join(folder.path, 'own') };
    expect(await takeReading(own)).toBe(join(folder.path, 'own/kota-baru'));
  });

  test('the command lines, the simulator and the back-test know it', async () => {
    await city('new', 'kota-baru', ...POSITION);
    const devices = await ofKotaBaru('broker/credentials/cli.ts', 'add', 'gauge-1');
    expect(devices, devices.stderr).toMatchObject({ code: 0 });
    const csv = join(folder.path, 'levels.csv');
    writeFileSync(
      csv,
      `time,level\n${[1, 2, 3].map((hour) => `2026-01-0${hour} 08:00,${hour}`).join('\n')}\n`,
    );
    const columns = ['--csv', csv, '--time', 'time', '--value', 'level', '--device', 'gauge-1'];
    const backtest = await ofKotaBaru('backtest/cli.ts', ...columns);
    expect(backtest.stdout, backtest.stderr).toMatch(/^gauge-1: 3 readings[\s\S]*1\.5 m Waspada/);
    const words = ['city', '--city', 'kota-baru', '--url', 'mqtt://127.0.0.1:1', '--duration', '0.2'];
    const sim = await ofKotaBaru('firmware-sim/cli.ts', ...words);
    expect(sim.stdout, sim.stderr).toContain('3 devices of kota-baru');
    const overpass = join(folder.path, 'overpass.json');
    const nodes = [0, 0.01].map((east, id) => ({ type: 'node', id, lat: -3.24, lon: 116.22 + east }));
    const way = { type: 'way', id: 9, nodes: [0, 1], tags: { highway: 'primary' } };
    writeFileSync(overpass, JSON.stringify({ elements: [...nodes, way] }));
    const roads = await ofKotaBaru('dispatch/roads/cli.ts', 'import', overpass);
    expect(roads.stderr).not.toMatch(/warning/);
    expect(roads).toMatchObject({ code: 0, stdout: expect.stringContaining('2 nodes') });
  });

  test('a wrong city says all that is wrong with exit code 1, wrong words are exit code 2', async () => {
    await city('new', 'kota-baru', ...POSITION);
    const file = join(folder.path, 'cities/kota-baru/hospitals.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"C"', '"E"'));
    const checked = await city('check', 'kota-baru');
    expect(checked).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('hospitals.json: hospitals.hos'),
    });
    const twice = await city('new', 'kota-baru');
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^[^\n]*is there already[^\n]*\n$/),
    });
    expect((await city('new', 'kota-lama', '--latitude', '1')).code).toBe(2);
  });
});
