/**
 * The files of a city's folder: `city.json`, and beside it one JSON file a list, named after it (`devices.json` or
 * several `devices.<kind>.json`, `hospitals.json`, `roads.json` …).
 *
 * Read by city.ts, which judges what they hold, and by check-city.ts, which says in which file a problem is.
 * Invariant: a file that is no JSON is a sentence, and the others are read all the same.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file that could be read: which list it adds to, and from which place in it. */
export interface CityFile {
  readonly file: string;
  /** `devices` of `devices.river-gauge.json`; undefined of `city.json`, whose fields are the city's own. */
  readonly list: string | undefined;
  /** Place of its first entry in the whole list. */
  readonly firstIndex: number;
  readonly content: unknown;
}

export interface CityFiles {
  readonly whole: Readonly<Record<string, unknown>>;
  readonly files: readonly CityFile[];
  /** `file: sentence` of each that could not be read. */
  readonly broken: readonly string[];
}

export function readCityFolder(folder: string): CityFiles {
  const whole: Record<string, unknown> = {};
  const files: CityFile[] = [];
  const broken: string[] = [];
  for (const file of listJsonFiles(folder, broken)) {
    try {
      const content: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const list = file === 'city.json' ? undefined : (file.split('.')[0] as string);
      const before = list === undefined ? [] : whole[list];
      files.push({ file, list, firstIndex: Array.isArray(before) ? before.length : 0, content });
      if (list === undefined) Object.assign(whole, content);
      else if (Array.isArray(content)) whole[list] = [...((before as unknown[]) ?? []), ...content];
      else whole[list] = content;
    } catch (error) {
      broken.push(`${file}: ${(error as Error).message}`);
    }
  }
  return { whole, files, broken };
}

/** `city.json` first: a list of its own that has a file as well is added to. */
function listJsonFiles(folder: string, broken: string[]): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((each) => each.endsWith('.json'));
  } catch (error) {
    broken.push(`${folder}: ${(error as Error).message}`);
    return [];
  }
  if (!names.includes('city.json')) broken.push(`city.json: there is no such file in ${folder}`);
  return names.sort((a, b) => Number(b === 'city.json') - Number(a === 'city.json') || (a < b ? -1 : 1));
}
