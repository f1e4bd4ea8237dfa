/**
 * `npm run roads -- import FILE`: OpenStreetMap data → the road file of a city.
 *
 * Runs beside the server, which reads the file at its next start in place of the city's main roads.
 * Progress goes to stderr, the summary to stdout; a file that cannot be used ends with one line and exit 1.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type City, loadCity } from '../../cities/city.ts';
import { allowClosedPipe } from '../../config/closed-pipe.ts';
import { parseConfig } from '../../config/config.ts';
import { PRIVATE_UMASK } from '../../database/data-folder-modes.ts';
import { OsmError } from '../../openstreetmap/osm-content.ts';
import type { EdgeList } from './edge-list.ts';
import { closeIslands } from './islands.ts';
import { parseOsm } from './osm/parse-osm.ts';
import { CLASS_NUMBERS, VEHICLES } from './road-classes.ts';
import { readRoadFile, roadFileOf, writeRoadFile } from './road-file.ts';
import { coversCity } from './road-network.ts';

const HELP = `npm run roads -- import FILE [--city NAME] [--source TEXT] [--out FILE]
npm run roads -- show [--city NAME]

import  reads OpenStreetMap roads for each vehicle, closes what a vehicle cannot both reach and leave,
        prints what it read, guessed and left out, and writes all of it to <SIAGA_DATA_DIR>/<city>.roads, which the server reads at its next start in place
        of the city's main roads. FILE is an Overpass answer in JSON, or GeoJSON lines with OSM's tags.
show    tells what the city's road file holds, with that report.

  --city NAME    the city (default: SIAGA_CITY, semarang)
  --source TEXT  where the data come from; shown in answers (default: OpenStreetMap contributors, ODbL)
  --out FILE     write there instead
  --incomplete   take an answer that says it was cut (Overpass: "Query timed out")
  --help         this

Roads of a city within bounds (south,west,north,east), from any Overpass server, with gates, ferries and banned turns:
  [out:json][timeout:180][bbox:-7.12,110.26,-6.93,110.51];
  (way[highway]; way[route=ferry];)->.w; .w > ->.n; rel(bw.w)[type~"^restriction"]->.r; (.w; .n; .r;); out;
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
        incomplete: { type: 'boolean', default: false },
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
  const open = VEHICLES.map((vehicle) => {
    let km = 0;
    for (const [edge, speed] of list.speeds[vehicle].entries()) {
      if (speed > 0) km += (list.lengthsM[edge] as number) / 1000;
    }
    return `${vehicle} ${Math.round(km)}`;
  });
  const counts = `${list.lats.length} nodes, ${list.from.length} directed edges, ${list.bans.length} banned turns`;
  return `${counts}, ${Math.round(totalKm)} km of lanes (${classes.join(', ')}), open to ${open.join(', ')}`;
}

interface Import {
  readonly file: string;
  readonly city: City;
  readonly out: string;
  readonly source: string;
  readonly takesIncomplete: boolean;
}

/** Overpass answers with a page in HTML when it has no time. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const start = text.trimStart().slice(0, 40).replaceAll(/\s+/g, ' ');
    throw new OsmError(`not JSON, or cut in the middle; it begins with "${start}"`, { cause: error });
  }
}

function runImport({ file, city, out, source, takesIncomplete }: Import): void {
  const startMs = performance.now();
  const progress = (step: string) =>
    process.stderr.write(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  ${step}\n`);
  progress(`reading ${file}`);
  const text = readFileSync(file, 'utf8');
  progress(`${(text.length / 2 ** 20).toFixed(1)} MiB read, parsing`);
  const { incomplete, list: read, report, ways } = parseOsm(parseJson(text));
  if (incomplete !== undefined && !takesIncomplete) {
    throw new OsmError(`the answer is cut and was not imported (--incomplete takes it): ${incomplete}`);
  }
  progress(`${ways} roads, ${read.lats.length} nodes, ${read.from.length} directed edges`);
  const { list, of } = closeIslands(read);
  for (const vehicle of VEHICLES) {
    const { closedM, kept } = of[vehicle];
    const km = (closedM / 1000).toFixed(1);
    if (closedM > 0)
      report.note('left out', `${km} km of lanes that a ${vehicle} cannot both reach and leave`);
    report.note('read', `island of the ${vehicle} network, large enough to stay`, kept);
  }
  const lines = report.lines();
  for (const line of lines) progress(line);
  if (incomplete !== undefined) progress(`INCOMPLETE: ${incomplete}`);
  const about = { source, importedAt: new Date().toISOString(), report: lines };
  const bytes = writeRoadFile(out, list, { ...about, ...(incomplete === undefined ? {} : { incomplete }) });
  progress(`${out} written, ${(bytes / 1024).toFixed(0)} KiB`);
  console.log(tell(list));
  if (!coversCity(list, city)) {
    console.error(`warning: these roads lie outside ${city.name}; the server will not use them for it`);
  }
}

const {
  command,
  file,
  extra,
  help,
  city: cityOption,
  source,
  out: outOption,
  incomplete: takesIncomplete,
} = readArguments();
if (help || command === undefined) {
  console.log(HELP);
  process.exit(help ? 0 : 1);
}
process.umask(PRIVATE_UMASK);
allowClosedPipe();
try {
  const config = parseConfig({ ...process.env, ...(cityOption ? { SIAGA_CITY: cityOption } : {}) });
  const out = outOption ?? roadFileOf(config.SIAGA_DATA_DIR, config.SIAGA_CITY);
  if (command === 'import' && file && extra.length === 0) {
    if (!outOption) mkdirSync(config.SIAGA_DATA_DIR, { recursive: true });
    const city = loadCity(config.SIAGA_CITY, config);
    runImport({ file, city, out, source, takesIncomplete });
  } else if (command === 'show' && !file) {
    const { header, list } = readRoadFile(out);
    const cut = header.incomplete === undefined ? [] : [`INCOMPLETE: ${header.incomplete}`];
    const about = [`${out}: ${header.source}, imported ${header.importedAt}`, ...cut, tell(list)];
    console.log([...about, ...header.report].join('\n'));
  } else {
    fail(HELP);
  }
} catch (error) {
  fail((error as Error).message);
}
