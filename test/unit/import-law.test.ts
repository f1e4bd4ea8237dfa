/** The law of imports: which folder may name which, so that the house keeps its shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SKIPPED = new Set(['node_modules', 'test', 'data', '.git', 'coverage']);

/**
 * Room → rooms that it may import from, besides itself. Types count: who names a type must be read with it. A room
 * inside a room (`journal/sqlite`) stands for itself where it is listed here.
 */
const LAW: Record<string, readonly string[]> = {
  devices: [],
  config: [],
  clock: [],
  // Where cities are is said by the environment; what was changed of one lies in the state.
  cities: ['devices', 'config', 'database', 'tables', 'maps'],
  // Files of OpenStreetMap data, read: for the road network and for the map.
  openstreetmap: [],
  // What is drawn of a city, and the file that holds it.
  maps: ['openstreetmap'],
  // People's files; of no city and no device, so that server and simulator read them alike.
  tables: [],
  database: ['config', 'clock'],
  ownership: ['config', 'database', 'journal'],
  // What comes to a standby goes to the owner: the broker's front door, and nothing of what is behind it.
  relay: ['config', 'ownership', 'broker'],
  journal: ['devices', 'database', 'clock'],
  'journal/sqlite': ['journal', 'devices', 'database', 'clock'],
  'journal/replica': ['journal', 'devices', 'database', 'clock'],
  fleet: ['clock', 'devices', 'cities', 'database', 'journal'],
  history: ['clock', 'devices', 'config', 'database', 'journal', 'journal/sqlite', 'fleet'],
  influx: [
    'clock',
    'devices',
    'cities',
    'config',
    'database',
    'journal',
    'journal/sqlite',
    'fleet',
    'history',
    'alerts',
  ],
  ingest: ['clock', 'devices', 'cities', 'config', 'journal', 'fleet'],
  alerts: ['clock', 'devices', 'cities', 'config', 'database', 'journal', 'fleet'],
  // The database's way to call into a thread.
  backtest: ['tables', 'clock', 'database', 'devices', 'cities', 'fleet', 'alerts'],
  sources: ['clock', 'devices', 'config', 'ingest'],
  dispatch: ['clock', 'devices', 'cities', 'config', 'database', 'fleet', 'alerts', 'openstreetmap'],
  broker: ['tables', 'clock', 'devices', 'cities', 'config', 'database', 'journal', 'fleet', 'ingest'],
  api: [
    'tables',
    'clock',
    'devices',
    'cities',
    'config',
    'database',
    'journal',
    'fleet',
    'history',
    'ingest',
    'alerts',
    'backtest',
    'dispatch',
    'drill',
    'pages',
    'maps',
  ],
  drill: ['devices', 'cities', 'database', 'fleet', 'ingest', 'alerts'],
  canary: ['devices', 'database', 'fleet', 'history', 'alerts', 'broker'],
  // The public's pages as text; api/pages/public-pages.ts sends them.
  pages: ['devices', 'cities', 'fleet', 'history', 'alerts'],
  // What a phone loads: of the client nothing but types, which are stripped.
  'pages/browser': ['clients/typescript'],
  // For others to copy: it knows the document and nothing of the house.
  'clients/typescript': [],
  docs: ['clients/typescript'],
  'firmware-sim': ['clients/typescript', 'tables', 'devices', 'cities'],
  // Pages are type-checked against the API's document.
  dashboards: ['devices', 'clients/typescript'],
  ops: ['cities', 'clock', 'config', 'database', 'journal', 'journal/sqlite', 'opening'],
};

/** What opens, runs or measures the whole of it may name every room. */
const WHOLE = new Set(['open-siaga.ts', 'opening', 'main.ts', 'start.js', 'bench']);

const MOST_FILES = 30;
/** Folders in which each file is one of its kind, and a list names them all. */
const ONE_FILE_EACH = new Set(['devices/formats', 'devices/kinds', 'alerts/rules', 'database/migrations']);

interface Import {
  readonly from: string;
  readonly to: string;
}

function* sources(folder = ROOT): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.ts') || path === join(ROOT, 'start.js')) yield relative(ROOT, path);
  }
}

const IMPORT = /^(?:import|export)\s+(?:[^;'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => ({
    from: file,
    to: normalize(join(dirname(file), match[1] as string)),
  }));
}

/** The innermost room that the law lists; else the first folder, or the file at the root. */
function room(file: string): string {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) if (folder in LAW) return folder;
  return file.split('/')[0] as string;
}

const all = [...sources()].flatMap(importsOf);

function circlesOf(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of graph.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return circles;
}

describe('the law of imports', () => {
  test('finds the imports that it judges', () => {
    expect(all.length).toBeGreaterThan(50);
  });

  test('every room imports only from the rooms that it may, types included', () => {
    const broken = all.filter(({ from, to }) => {
      const [own, other] = [room(from), room(to)];
      return own !== other && !WHOLE.has(own) && !from.endsWith('.config.ts') && !LAW[own]?.includes(other);
    });
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('no two files import each other in a circle, types included', () => {
    expect(circlesOf(Map.groupBy(all, ({ from }) => from))).toEqual([]);
  });

  test('the rooms of the API stand on each other without a circle, types included', () => {
    const between = all
      .map(({ from, to }) => ({ from: dirname(from), to: dirname(to) }))
      .filter(({ from, to }) => from !== to && from.startsWith('api/') && to.startsWith('api/'));
    expect(between.length).toBeGreaterThan(50);
    expect(circlesOf(Map.groupBy(between, ({ from }) => from))).toEqual([]);
  });

  test('no folder has so many files that one must search in it: about twenty, thirty at the most', () => {
    const folders = Map.groupBy(
      [...sources()].filter((file) => !ONE_FILE_EACH.has(dirname(file))),
      (file) => dirname(file),
    );
    const crowded = [...folders].filter(([, files]) => files.length > MOST_FILES);
    expect(crowded.map(([folder, files]) => `${folder} has ${files.length}`)).toEqual([]);
  });

  test('only config/ reads the environment of the server', () => {
    const readers = [...sources()].filter((file) => {
      if (['config', 'firmware-sim', 'bench', 'dashboards', 'docs'].includes(room(file))) return false;
      const uses = readFileSync(join(ROOT, file), 'utf8').match(/process\.env(?!\)|\['\w+'\] (?:\?\?)?=)/g);
      // What is written there is for threads and children. The composition root and the command lines hand the environment to parseConfig as it is.
      return (
        uses !== null && !/parseConfig\((\{ \.\.\.)?process\.env/.test(readFileSync(join(ROOT, file), 'utf8'))
      );
    });
    expect(readers).toEqual([]);
  });

  test('devices imports zod, and jsonata for the mappings, and nothing else from outside', () => {
    const foreign = [...sources()]
      .filter((file) => room(file) === 'devices')
      .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/from '([^.'][^']*)'/g)])
      .map((match) => match[1])
      .filter((name) => !['zod', 'jsonata'].includes(name ?? '') && !name?.startsWith('node:'));
    expect(foreign).toEqual([]);
  });

  test('no folder or file has a name that says nothing', () => {
    const empty = [...sources()].filter((file) =>
      /(^|\/)(utils?|common|shared|helpers?|types)(\/|\.ts$)/.test(file),
    );
    expect(empty).toEqual([]);
  });
});

test('the table in docs/architecture.md names every room', () => {
  const table = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const rooms = Object.keys(LAW).filter((name) => name !== 'docs');
  // A room in another stands in the other's line.
  const unnamed = rooms.filter(
    (name) => !table.includes(`\`${name}/\``) && !table.includes(`\`${name.split('/')[1]}/\``),
  );
  expect(unnamed).toEqual([]);
});
