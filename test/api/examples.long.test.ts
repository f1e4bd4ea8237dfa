/** The programs of docs/examples, against a Siaga with a flood and units on duty. Both say the same. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillHouse } from '../support/fill-house.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');

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

/** Undefined when it is here, else why this is skipped. Throws when CI=true. */
function pythonMissing(): string | undefined {
  if (spawnSync('python3', ['--version']).status === 0) return undefined;
  const reason = 'no python3 here: the example in Python is not run';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

describe.each([
  ['TypeScript', process.execPath, 'city.ts', undefined],
  ['Python', 'python3', 'city.py', pythonMissing()],
])('the example in %s', (_, program, file, missing) => {
  const run = async (...words: string[]) => {
    const child = spawn(program, [join(EXAMPLES, file), ...words], {
      env: { PATH: process.env['PATH'], SIAGA_URL: server.httpUrl },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n');
  };

  test.skipIf(missing)('shows rivers in alert', async () => {
    const { alerts } = await server.get<{ alerts: { rule: string; subjectName: string }[] }>(
      '/v1/alerts?state=open',
    );
    const names = alerts.filter(({ rule }) => rule === 'river-level').map(({ subjectName }) => subjectName);
    expect(names).not.toEqual([]);
    const lines = await run('rivers');
    expect(lines.map((line) => line.split(': ')[0]).sort()).toEqual(names.sort());
  });

  test.skipIf(missing)('shows a day of a gauge that was heard', async () => {
    const { devices } = await server.get<{ devices: { id: string; last?: object }[] }>(
      '/v1/devices?kind=river-gauge',
    );
    const heard = devices.find(({ last }) => last);
    const lines = await run('day', heard?.id ?? '');
    expect(lines.join()).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:00:00\.000Z [\d.]+ m/);
  });

  test.skipIf(missing)('shows who would be there first', async () => {
    const lines = await run('nearest', '-6.985', '110.415');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^[a-z]+-\d\d in \d+ s: /);
  });

  test.skipIf(missing)('brings an incident to its end', async () => {
    const lines = await run('incident', '-6.985', '110.415');
    expect(lines[0]).toMatch(/^incident \d+ is open$/);
    const steps = lines.filter((line) => / is (?:en-route|on-scene|completed)$/.test(line));
    expect(steps).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/^incident \d+ is closed: treated$/);
  });
});
