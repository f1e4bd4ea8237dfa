/** The law of imports: which folder may name which, so that the house keeps its shape. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SKIPPED = new Set(['node_modules', 'test', 'data', '.git', 'coverage']);

/** Folder → folders it may import from, besides itself. `type` ones by `import type` only. */
const LAW: Record<string, { value: string[]; type?: string[] }> = {
  devices: { value: [] },
  cities: { value: ['devices'] },
  'environment.ts': { value: [] },
  'config.ts': { value: ['environment.ts'] },
  database: { value: ['config.ts'], type: ['devices', 'ingest', 'dispatch', 'api'] },
  ingest: { value: ['devices', 'cities', 'config.ts', 'database'] },
  broker: { value: ['devices', 'cities', 'config.ts', 'database'], type: ['ingest'] },
  sources: { value: ['devices', 'config.ts'], type: ['ingest'] },
  dispatch: { value: ['devices', 'cities', 'config.ts', 'database', 'ingest'] },
  api: { value: ['devices', 'cities', 'config.ts', 'database', 'ingest', 'dispatch'], type: ['broker'] },
  'firmware-sim': { value: ['devices', 'cities'] },
  dashboards: { value: ['devices', 'cities', 'config.ts'] },
  bench: {
    value: [
      'open-siaga.ts',
      'devices',
      'cities',
      'config.ts',
      'database',
      'ingest',
      'dispatch',
      'broker',
      'api',
      'firmware-sim',
      'test',
    ],
  },
  'open-http-api.ts': { value: ['config.ts', 'api'], type: ['ingest', 'dispatch'] },
  'open-siaga.ts': {
    value: [
      'devices',
      'cities',
      'config.ts',
      'database',
      'ingest',
      'dispatch',
      'broker',
      'sources',
      'api',
      'open-http-api.ts',
      'periodic-jobs.ts',
    ],
  },
  'describe-config.ts': { value: ['environment.ts'] },
  'periodic-jobs.ts': { value: [] },
  'main.ts': { value: ['cities', 'config.ts', 'open-siaga.ts'] },
  'start.js': { value: ['main.ts'] },
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function* sources(folder = ROOT): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.ts') || path === join(ROOT, 'start.js')) yield relative(ROOT, path);
  }
}

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^;'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => ({
    from: file,
    to: normalize(join(dirname(file), match[2] as string)),
    typeOnly: match[1] !== undefined,
  }));
}

const room = (file: string) => file.split('/')[0] as string;
const all = [...sources()].flatMap(importsOf);

describe('the law of imports', () => {
  test('finds the imports that it judges', () => {
    expect(all.length).toBeGreaterThan(50);
  });

  test('every folder imports only from the folders that it may', () => {
    const broken = all.filter(({ from, to, typeOnly }) => {
      if (room(from) === room(to)) return false;
      const law = LAW[room(from)];
      if (!law) return !from.endsWith('.config.ts');
      return !(law.value.includes(room(to)) || (typeOnly && law.type?.includes(room(to))));
    });
    expect(broken.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('no two files import each other in a circle', () => {
    const graph = Map.groupBy(
      all.filter((each) => !each.typeOnly),
      (each) => each.from,
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: string[]): void => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      if (done.has(file)) return;
      for (const { to } of graph.get(file) ?? []) walk(to, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  test('only config.ts reads the environment of the server', () => {
    const readers = [...sources()].filter((file) => {
      if (['config.ts', 'firmware-sim', 'bench', 'dashboards'].includes(room(file))) return false;
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
