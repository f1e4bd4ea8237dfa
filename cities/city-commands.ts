/**
 * What `npm run city` does, apart from the process around it (cli.ts): `new`, `check`, `export`.
 *
 * Invariants: nothing that is there is overwritten; what was assumed because nobody said it is printed.
 */
import { cpSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import {
  type CityPlaces,
  DEFAULT_DATA_DIR,
  describeUnknownCity,
  findCityFolder,
  listCityPlaces,
} from '../config/city-folder.ts';
import { isId } from '../devices/topics.ts';
import { checkCityFolder, formatProblem } from './check-city.ts';
import { CityError } from './city.ts';
import { describeFolder } from './folder-readme.ts';
import { buildSkeleton, type SkeletonOptions } from './skeleton.ts';

export const HELP = `npm run city -- new ID [--name NAME] [--lat LAT --lng LNG] [--time-zone ZONE]
npm run city -- check ID|FOLDER
npm run city -- export ID FOLDER
npm run city -- import map FILE [--source TEXT] [--incomplete]
npm run city -- set LIST ID FIELD=VALUE …
npm run city -- remove LIST ID
npm run city -- import FILE [--list LIST] [--kind KIND] [--keep-good]
npm run city -- changes [LIST [ID]]
npm run city -- undo NUMBER|FIRST-LAST

new     writes the folder of a city that starts as it is: one river, one gauge, one base, one ambulance and one
        hospital near the position, and a README.md that explains each file and field.
        It is written into SIAGA_CITIES_DIR, else into cities in the data folder (SIAGA_DATA_DIR).
check   says all that is wrong, with file, entry, reason and remedy; exit code 1 when there is anything.
export  copies the city as a folder for somebody else: FOLDER itself where it bears the city's id, else FOLDER/ID.
        Of the city that SIAGA_CITY names, what was changed while it ran is in the copy.

import map
        draws the map of the city that SIAGA_CITY names from OpenStreetMap data (an Overpass answer in JSON, or GeoJSON
        with OSM's tags), for the pages, and hands the file to npm run roads for the road network. Both are read at the
        server's next start. For larger areas give the server tiles: MAP_FILE.

These change the city that SIAGA_CITY names while it runs; a running server notices within two seconds:

set     changes fields of an entry: name="Kali Baru", thresholds.0.levelM=1.4; null takes a field away.
remove  takes an entry out of the city; what it measured stays.
import  takes entries from a CSV file with a header, or from GeoJSON points. An id that is there is changed by the
        columns that the file has. Where a row is bad, all bad rows are named and nothing is written.
changes tells who changed what, when, from what to what; undo takes one change back, or all of an import: 12-40.

LIST is devices, hospitals, places, bases, rivers or uplinks.

  --name NAME        as people say it                 (made from the id)
  --lat, --lng       its middle, degrees              (Jakarta's)
  --time-zone ZONE   IANA name                        (Asia/Jakarta)
  --list LIST        of what a file has               (devices)
  --kind KIND        of devices in a file without the column kind
  --source TEXT      where a map comes from; shown under it (© OpenStreetMap contributors, ODbL)
  --incomplete       takes an Overpass answer that says it was cut
  --keep-good        writes the good rows where some are bad

  npm run city -- new kota-baru --name "Kota Baru" --lat -3.2414 --lng 116.2238 --time-zone Asia/Makassar`;

/** Where the person gave none; said aloud. */
const ASSUMED = { lat: -6.1754, lng: 106.8272, timeZone: 'Asia/Jakarta' };

/** Words that cannot be a command. */
export class CommandError extends Error {}

export interface CityEnvironment {
  readonly places: CityPlaces;
  readonly print: (line: string) => void;
}

export type CityFlags = Readonly<Partial<Record<'name' | 'lat' | 'lng' | 'time-zone', string | undefined>>>;

/** Returns the exit code. Throws CommandError for wrong words, CityError for an unknown city. */
export function runCityCommand(
  words: readonly string[],
  flags: CityFlags,
  environment: CityEnvironment,
): number {
  const [command, first, second, ...extra] = words;
  const hasFlags = Object.keys(flags).length > 0;
  if (command !== 'new' && hasFlags) throw new CommandError(`${command} takes no options`);
  if (command === 'new' && first && !second) return writeNew(first, flags, environment);
  if (command === 'check' && first && !second) return check(first, environment);
  if (command === 'export' && first && second && extra.length === 0) {
    return exportCity(first, second, environment);
  }
  throw new CommandError(
    command && ['new', 'check', 'export'].includes(command)
      ? `${command}: too few or too many words`
      : `${command}: no such command`,
  );
}

function writeNew(id: string, flags: CityFlags, { places, print }: CityEnvironment): number {
  const options = parseSkeletonOptions(id, flags);
  const parent = resolve(
    places.SIAGA_CITIES_DIR || join(places.SIAGA_DATA_DIR || DEFAULT_DATA_DIR, 'cities'),
  );
  const folder = join(parent, id);
  mkdirSync(parent, { recursive: true });
  if (existsSync(folder)) throw new Error(`${folder} is there already and stays as it is`);
  mkdirSync(folder);
  for (const [file, content] of buildSkeleton(options)) {
    writeFileSync(join(folder, file), `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx' });
  }
  writeFileSync(join(folder, 'README.md'), describeFolder(options.name), { flag: 'wx' });
  print(`wrote ${folder}; its README.md explains each file`);
  if (flags.lat === undefined) {
    print(`assumed the position ${options.lat}, ${options.lng}: say --lat and --lng, or change it`);
  }
  if (flags['time-zone'] === undefined) {
    print(`assumed the time zone ${options.timeZone}: say --time-zone, or change it in city.json`);
  }
  print(`npm run city -- check ${id}\nSIAGA_CITY=${id} npm start`);
  return 0;
}

/** Throws CommandError with every problem. */
function parseSkeletonOptions(id: string, flags: CityFlags): SkeletonOptions {
  const problems: string[] = [];
  if (!isId(id)) problems.push('the id must be lower case letters, digits and hyphens, up to 64');
  if ((flags.lat === undefined) !== (flags.lng === undefined)) problems.push('--lat and --lng go together');
  const degrees = (name: 'lat' | 'lng', limit: number) => {
    const text = flags[name];
    const value = text === undefined ? ASSUMED[name] : Number(text.trim() || Number.NaN);
    if (!(Math.abs(value) <= limit)) problems.push(`--${name} must be degrees from -${limit} to ${limit}`);
    return value;
  };
  // Short of the pole and of the date line, so that the bounds have a place on either side.
  const [lat, lng] = [degrees('lat', 85), degrees('lng', 179.8)];
  const timeZone = flags['time-zone'] ?? ASSUMED.timeZone;
  if (!Intl.supportedValuesOf('timeZone').includes(timeZone)) {
    problems.push('--time-zone must be an IANA name, such as Asia/Makassar');
  }
  const name =
    flags.name ?? id.replace(/(^|-)([a-z])/g, (_, gap, letter) => (gap && ' ') + letter.toUpperCase());
  if (name.trim() === '') problems.push('--name must not be empty');
  if (problems.length > 0) throw new CommandError(problems.join('\n'));
  return { id, name, timeZone, lat, lng };
}

function check(word: string, { places, print }: CityEnvironment): number {
  const folder = chooseFolder(word, places);
  const problems = checkCityFolder(folder);
  for (const problem of problems) print(formatProblem(problem));
  print(problems.length === 0 ? `${folder}: no problems` : `${folder}: ${problems.length} problem(s)`);
  return problems.length === 0 ? 0 : 1;
}

/** An id is a city of the places; whatever else, and an id that no place has, is a folder. */
function chooseFolder(word: string, places: CityPlaces): string {
  const listed = listCityPlaces(places);
  const found = findCityFolder(word, listed);
  if (found) return found;
  if (statSync(word, { throwIfNoEntry: false })?.isDirectory()) return resolve(word);
  throw new CityError(word, [describeUnknownCity(listed)]);
}

/** The folder itself where it bears the city's id, else one of that name in it. */
export function chooseCopy(id: string, target: string): string {
  return basename(resolve(target)) === id ? resolve(target) : resolve(target, id);
}

function exportCity(id: string, target: string, { places, print }: CityEnvironment): number {
  const listed = listCityPlaces(places);
  const folder = findCityFolder(id, listed);
  if (!folder) throw new CityError(id, [describeUnknownCity(listed)]);
  const copy = chooseCopy(id, target);
  if (existsSync(copy)) throw new Error(`${copy} is there already and stays as it is`);
  if (`${copy}${sep}`.startsWith(`${folder}${sep}`)) throw new Error(`${copy} lies in the city's own folder`);
  mkdirSync(resolve(copy, '..'), { recursive: true });
  cpSync(folder, copy, { recursive: true, dereference: true, errorOnExist: true, force: false });
  const readme = join(copy, 'README.md');
  if (!existsSync(readme)) writeFileSync(readme, describeFolder(id), { flag: 'wx' });
  const problems = checkCityFolder(copy);
  print(`wrote ${copy}${problems.length > 0 ? `, with the ${problems.length} problem(s) that it has` : ''}`);
  return 0;
}
