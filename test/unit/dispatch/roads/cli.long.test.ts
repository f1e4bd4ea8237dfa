/** `npm run roads`, as it is run: in a process of its own, on a folder of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCity } from '../../../../cities/city.ts';
import { openRoadNetwork } from '../../../../dispatch/roads/road-network.ts';
import { runCommand } from '../../../support/start-siaga.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-roads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const roads = (...words: string[]) => runCommand('dispatch/roads/cli.ts', words, folder);

/** Three junctions and two roads around a place. */
function writeOverpass(lat: number, lng: number): string {
  const file = `${folder}/overpass.json`;
  const node = (id: number, north: number, east: number) => ({
    type: 'node',
    id,
    lat: lat + north,
    lon: lng + east,
  });
  const elements = [
    node(1, 0, 0),
    node(2, 0.01, 0),
    node(3, 0.01, 0.01),
    { type: 'way', id: 9, nodes: [1, 2, 3], tags: { highway: 'primary' } },
    { type: 'way', id: 10, nodes: [1, 3], tags: { highway: 'steps' } },
  ];
  writeFileSync(file, JSON.stringify({ elements }));
  return file;
}

test('imports with progress, shows what it holds, and the server uses it in place of the main roads', async () => {
  const log = pino({ level: 'silent' });
  const city = loadCity('semarang');
  expect(openRoadNetwork(city, folder, log)?.source).toMatch(/main roads/);
  const imported = await roads('import', writeOverpass(-6.99, 110.42), '--source', 'a test');
  expect(imported).toMatchObject({ code: 0 });
  expect(imported.stdout).toMatch(/^3 nodes, 4 directed edges/);
  expect(imported.stderr).toMatch(/parsing[\s\S]*left out: 1 × highway=steps[\s\S]*written/);
  expect((await roads('show')).stdout).toMatch(/a test, imported [\s\S]*3 nodes/);
  const network = openRoadNetwork(city, folder, log);
  expect(network?.source).toMatch(/^a test, imported/);
  expect(network?.graph.nodeCount).toBe(3);
});

test('what was read and guessed is kept; an answer that was cut is refused, and taken only when asked to, and says so', async () => {
  const file = writeOverpass(-6.99, 110.42);
  const whole = JSON.parse(readFileSync(file, 'utf8')) as object;
  const remark = 'runtime error: Query timed out in "query" at line 1 after 181 seconds.';
  writeFileSync(file, JSON.stringify({ ...whole, remark }));
  const refused = await roads('import', file);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /was not imported \(--incomplete takes it\): runtime error: Query timed out/,
  );
  expect((await roads('show')).code).toBe(1);
  expect(await roads('import', file, '--incomplete')).toMatchObject({ code: 0 });
  const { stdout } = await roads('show');
  expect(stdout).toMatch(
    /INCOMPLETE: runtime error[\s\S]*left out: 1 × highway=steps[\s\S]*unknown: 1 × no node has tags/,
  );
  const log = pino({ level: 'silent' });
  expect(openRoadNetwork(loadCity('semarang'), folder, log)?.source).toMatch(/, incomplete$/);
});

test('roads of another place are written with a warning, and the server does not use them', async () => {
  const { code, stderr } = await roads('import', writeOverpass(-7.8, 112));
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: these roads lie outside/);
  expect(openRoadNetwork(loadCity('semarang'), folder, pino({ level: 'silent' }))?.source).toMatch(
    /main roads/,
  );
});

test('a damaged road file is not used and does not keep the server from starting', () => {
  writeFileSync(`${folder}/semarang.roads`, 'SIAGA ROADS 1\nnonsense');
  expect(openRoadNetwork(loadCity('semarang'), folder, pino({ level: 'silent' }))?.source).toMatch(
    /main roads/,
  );
});

test('--help explains; what it cannot use ends with one line and exit 1', async () => {
  const help = await roads('--help');
  expect(help).toMatchObject({ code: 0 });
  expect(help.stdout).toMatch(/npm run roads -- import FILE/);
  expect((await roads('import', `${folder}/absent.json`)).code).toBe(1);
  writeFileSync(`${folder}/odd.json`, '{"elements": [{"type": "way"}]}');
  writeFileSync(`${folder}/busy.json`, '<!DOCTYPE html><p>The server is too busy</p>');
  const busy = await roads('import', `${folder}/busy.json`);
  expect(busy).toMatchObject({ code: 1 });
  expect(busy.stderr).toMatch(/not JSON, or cut in the middle; it begins with "<!DOCTYPE html>/);
  const odd = await roads('import', `${folder}/odd.json`);
  expect(odd).toMatchObject({ code: 1 });
  expect(odd.stderr.trim().split('\n').at(-1)).toMatch(/^neither an Overpass answer nor GeoJSON/);
  expect((await roads('fly')).code).toBe(1);
});
