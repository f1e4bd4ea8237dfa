/**
 * The doctor on a machine that the test prepares: every fault at once, each with a remedy, none of the others hidden.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examine } from '../../../ops/doctor.ts';

let folder: string;
let environment: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-doctor-'));
  environment = { SIAGA_DATA_DIR: folder, HTTP_PORT: '0', MQTT_PORT: '0', JOURNAL_MAX_BYTES: '1000000' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bad = (found: Awaited<ReturnType<typeof examine>>) => found.filter(({ state }) => state === 'bad');

test('a machine that is well has nothing bad, and each line says what was looked at', async () => {
  const found = await examine(environment);
  expect(bad(found).filter(({ what }) => what !== 'clock')).toEqual([]);
  const looked = new Set(found.map(({ what }) => what));
  expect([...looked]).toEqual(['environment', 'data folder', 'disk', 'open files', 'clock', 'ports']);
});

test('a wrong environment is told with every problem, and nothing else is guessed from it', async () => {
  const found = await examine({ ...environment, HTTP_PORT: 'many', MQTT_PROT: '1' });
  expect(found.map(({ state, what }) => `${state} ${what}`)).toEqual(['bad environment', 'bad environment']);
});

test('a port that somebody else has is bad, with how to find out who', async () => {
  await using server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const found = await examine({ ...environment, MQTT_PORT: String(port) });
  expect(bad(found)).toContainEqual(
    expect.objectContaining({
      what: 'ports',
      says: `MQTT_PORT 127.0.0.1:${port}: EADDRINUSE`,
      remedy: expect.stringContaining('ss -ltnp') as string,
    }),
  );
});

test('what may harm later is said: an open folder, a disk too small for the journal, secrets in clear', async () => {
  chmodSync(folder, 0o755);
  const found = await examine({
    ...environment,
    JOURNAL_MAX_BYTES: String(2 ** 50),
    MQTT_HOST: '0.0.0.0',
    HTTP_HOST: '0.0.0.0',
  });
  const looks = found.filter(({ state }) => state === 'look').map(({ what }) => what);
  expect(looks).toEqual(expect.arrayContaining(['data folder', 'disk', 'entrance', 'entrance']));
  for (const { state, remedy } of found) if (state !== 'ok') expect(remedy).toBeTruthy();
});

test('databases that are away: PostgreSQL stops Siaga, InfluxDB does not; no password is in a line', async () => {
  const found = await examine({
    ...environment,
    DATABASE_URL: 'postgres://siaga:hunter2@127.0.0.1:1/siaga',
    INFLUX_URL: 'http://127.0.0.1:1',
    INFLUX_TOKEN: 'hunter2',
  });
  expect(bad(found).map(({ what }) => what)).toContain('PostgreSQL');
  expect(found).toContainEqual(expect.objectContaining({ state: 'look', what: 'InfluxDB' }));
  expect(JSON.stringify(found)).not.toContain('hunter2');
});
