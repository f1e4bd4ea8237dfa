/**
 * `npm run roads -- import FILE`: OpenStreetMap data → the road file of a city.
 *
 * Runs beside the server, which reads the file at its next start in place of the city's main roads.
 * Progress goes to stderr, the summary to stdout; a file that cannot be used ends with one line and exit 1.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type City, loadCity } from '../../cities/city.ts';
import { parseConfig } from '../../config/config.ts';
import { PRIVATE_UMASK } from '../../database/data-folder-modes.ts';
import { keepLargestComponent } from './largest-component.ts';
import { parseOsm } from './osm.ts';
import { CLASS_NUMBERS } from './road-classes.ts';
import { readRoadFile, roadFileOf, writeRoadFile } from './road-file.ts';
import type { EdgeList } from './road-graph.ts';
import { coversCity } from './road-network.ts';

const HELP = `npm run roads -- import FILE [--city NAME] [--source TEXT] [--out FILE]
npm run roads -- show [--city NAME]

import  reads OpenStreetMap roads, keeps the largest part that is connected, and writes them to
        <SIAGA_DATA_DIR>/<city>.roads, which the server reads at its next start in place of the
        city's main roads. FILE is an Overpass answer in JSON, or GeoJSON lines with OSM's tags.
show    tells what the city's road file holds.

  --city NAME    the city (default: SIAGA_CITY, semarang)
  --source TEXT  where the data come from; shown in answers (default: OpenStreetMap contributors, ODbL)
  --out FILE     write there instead
  --help         this

Roads of a city within bounds (south,west,north,east), from any Overpass server:
  [out:json]; way[highway](-7.12,110.26,-6.93,110.51); (._;>;); out;
`;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        city: { type: 'string' },
        source: { type: 'string', default: 'OpenStreetMap contributors, ODbL' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, command: positionals[0], file: positionals[1], extra: positionals.slice(2) };
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${HELP}`);
  }
}

function tell(list: EdgeList): string {
  const kmOf = new Map<string, number>();
  let totalKm = 0;
  for (let edge = 0; edge < list.from.length; edge++) {
    const km = (list.lengthsM[edge] as number) / 1000;
    const name = CLASS_NUMBERS[list.classes[edge] as number] as string;
    kmOf.set(name, (kmOf.get(name) ?? 0) + km);
    totalKm += km;
  }
  const classes = [...kmOf].sort((a, b) => b[1] - a[1]).map(([name, km]) => `${name} ${Math.round(km)}`);
  return `${list.lats.length} nodes, ${list.from.length} directed edges, ${Math.round(totalKm)} km of lanes (${classes.join(', ')})`;
}

function runImport(file: string, city: City, out: string, source: string): void {
  const startMs = performance.now();
  const progress = (step: string) =>
    process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  ${step}\n`);
  progress(`reading ${file}`);
  const text = readFileSync(file, 'utf8');
  progress(`${(text.length / 2 ** 20).toFixed(1)} MiB read, parsing`);
  const imported = parseOsm(JSON.parse(text));
  progress(
    `${imported.ways} roads, ${imported.list.lats.length} nodes, ${imported.list.from.length} directed edges`,
  );
  for (const [why, count] of imported.leftOut) progress(`left out: ${count} × ${why}`);
  const list = keepLargestComponent(imported.list);
  progress(`largest connected part kept; ${imported.list.lats.length - list.lats.length} nodes left out`);
  const bytes = writeRoadFile(out, list, { source, importedAt: new Date().toISOString() });
  progress(`${out} written, ${(bytes / 1024).toFixed(0)} KiB`);
  console.log(tell(list));
  if (!coversCity(list, city)) {
    console.error(`warning: these roads lie outside ${city.name}; the server will not use them for it`);
  }
}

const { command, file, extra, help, city: cityOption, source, out: outOption } = readArguments();
if (help || command === undefined) {
  console.log(HELP);
  process.exit(help ? 0 : 1);
}
process.umask(PRIVATE_UMASK);
try {
  const config = parseConfig({ ...process.env, ...(cityOption ? { SIAGA_CITY: cityOption } : {}) });
  const out = outOption ?? roadFileOf(config.SIAGA_DATA_DIR, config.SIAGA_CITY);
  if (command === 'import' && file && extra.length === 0) {
    if (!outOption) mkdirSync(config.SIAGA_DATA_DIR, { recursive: true });
    runImport(file, loadCity(config.SIAGA_CITY, config), out, source);
  } else if (command === 'show' && !file) {
    const { header, list } = readRoadFile(out);
    console.log(`${out}: ${header.source}, imported ${header.importedAt}\n${tell(list)}`);
  } else {
    fail(HELP);
  }
} catch (error) {
  fail((error as Error).message);
}
