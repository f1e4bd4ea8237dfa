/**
 * CityState: a city as it stands: its folder, the devices that a command has added, and over them what was changed.
 *
 * Read from the state database by the registry of the server and by command lines beside it; changed by
 * change-city.ts. Invariants: reading never fails for what a new folder or a new version made of an old change, it
 * says so in `notes`; the folder goes before a device that a command added, and a change before both.
 */
import type { Kysely } from 'kysely';
import type { CityEntriesTable } from '../database/city-tables.ts';
import type { Tables } from '../database/tables.ts';
import { isHospital } from '../devices/kinds/hospital.ts';
import type { City } from './entries.ts';
import { parseEdit } from './judge-edits.ts';
import {
  canonicalJson,
  ENTRY_LISTS,
  type Entry,
  type EntryList,
  type FindEntry,
  indexEntries,
  type LaidEntry,
  layOver,
} from './overlay.ts';

/** A device of which a command has said too little for a city: it may publish, and no more. */
export interface BareDevice {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat?: number;
  readonly lng?: number;
}

export interface CityState {
  /** Grows with each change. */
  readonly revision: number;
  /** The folder, and the devices that a command has added. */
  readonly base: City;
  /** The folder, and what was changed over it: what a command that adds devices leaves alone. */
  readonly changed: City;
  readonly now: City;
  readonly findNow: FindEntry;
  readonly findBase: FindEntry;
  readonly bare: ReadonlyMap<string, BareDevice>;
  /** `bare`, and those of them that were removed or made whole since. */
  readonly addedBare: ReadonlyMap<string, BareDevice>;
  /** What a person should know of it at the start: what the folder says otherwise by now, what cannot be used. */
  readonly notes: readonly string[];
  /** What the folder says otherwise by now; what was changed here stands. */
  readonly differences: readonly SeedDifference[];
}

/** An entry that was changed here, and of which the folder says something else than it did then. */
export interface SeedDifference {
  readonly list: EntryList;
  readonly id: string;
  /** What the folder said when it was changed; undefined where it had none. */
  readonly seedThen: Entry | undefined;
  /** What it says now. */
  readonly seedNow: Entry | undefined;
}

/** Entries by where they lie and their text: what has not changed is not parsed again and stays the same object. */
export type EntryCache = Map<string, { readonly text: string; readonly entry: Entry | undefined }>;

type Reader = Pick<Kysely<Tables>, 'selectFrom'>;

export async function readCityState(
  database: Reader,
  folder: City,
  cache: EntryCache = new Map(),
): Promise<CityState> {
  const { id: city } = folder;
  const revision = await database
    .selectFrom('city_revisions')
    .select('revision')
    .where('city', '=', city)
    .executeTakeFirst();
  const rows = await database.selectFrom('city_entries').selectAll().where('city', '=', city).execute();
  const findSeed = indexEntries(folder);
  const added = await readAdded(database, findSeed, cache);
  const base = layOver(folder, added.laid);
  const notes: string[] = [];
  const differences: SeedDifference[] = [];
  const laid: LaidEntry[] = [];
  const gone = new Set<string>();
  for (const row of rows) {
    const list = ENTRY_LISTS.find((each) => each === row.list);
    const entry = list && (row.document === null ? null : recall(cache, list, row.entry, row.document));
    if (!list || entry === undefined) {
      notes.push(`${row.list}.${row.entry}: what was changed here cannot be used by this version`);
      continue;
    }
    laid.push({ list, id: row.entry, entry });
    if (list === 'devices') gone.add(row.entry);
    const difference = findDifference(findSeed(list, row.entry), list, row);
    if (!difference) continue;
    differences.push(difference);
    notes.push(describeDifference(difference));
  }
  const bare = new Map([...added.bare].filter(([id]) => !gone.has(id)));
  const now = layOver(base, laid);
  return {
    ...{
      revision: Number(revision?.revision ?? 0),
      base,
      now,
      bare,
      addedBare: added.bare,
      notes,
      differences,
    },
    changed: layOver(folder, laid),
    ...{ findNow: indexEntries(now), findBase: indexEntries(base) },
  };
}

/** Ids that were taken out of the city: a device that a command has added is still in its table. */
export async function readRemoved(database: Reader, city: string): Promise<ReadonlySet<string>> {
  const rows = await database
    .selectFrom('city_entries')
    .select('entry')
    .where('city', '=', city)
    .where('list', 'in', ['devices', 'hospitals'])
    .where('document', 'is', null)
    .execute();
  return new Set(rows.map(({ entry }) => entry));
}

/** The entry as it stands, be it a device that a command has added with less. */
export function currentEntry({ findNow, bare }: CityState, list: EntryList, id: string): Entry | undefined {
  const entry = findNow(list, id);
  return entry ?? (list === 'devices' ? (bare.get(id) as Entry | undefined) : undefined);
}

function recall(cache: EntryCache, list: EntryList, id: string, text: string): Entry | undefined {
  const key = `${list}/${id}`;
  const known = cache.get(key);
  if (known?.text === text) return known.entry;
  const entry = parseEdit({ list, id, entry: JSON.parse(text) }).entry ?? undefined;
  cache.set(key, { text, entry });
  return entry;
}

async function readAdded(database: Reader, findSeed: FindEntry, cache: EntryCache) {
  const laid: LaidEntry[] = [];
  const bare = new Map<string, BareDevice>();
  for (const row of await database.selectFrom('devices').selectAll().orderBy('id').execute()) {
    const { id, kind, name, lat, lng, site } = row;
    if (findSeed('devices', id) || findSeed('hospitals', id)) continue;
    const list = isHospital({ kind }) ? 'hospitals' : 'devices';
    const entry = site === null ? undefined : recall(cache, list, id, withoutHospitalKind(list, site));
    if (entry) laid.push({ list, id, entry });
    else bare.set(id, { id, kind, name, ...(lat !== null && lng !== null ? { lat, lng } : {}) });
  }
  return { laid, bare };
}

/** A hospital's list says its kind. */
function withoutHospitalKind(list: EntryList, site: string): string {
  if (list !== 'hospitals') return site;
  const { kind: _kind, ...hospital } = JSON.parse(site) as Record<string, unknown>;
  return JSON.stringify(hospital);
}

/** A new folder has come under what was changed: the change stands, and its people are told. */
function findDifference(
  seedNow: Entry | undefined,
  list: EntryList,
  row: CityEntriesTable,
): SeedDifference | undefined {
  const seedThen = row.seed === null ? undefined : (JSON.parse(row.seed) as Entry);
  const isSame = canonicalJson(seedNow ?? null) === canonicalJson(seedThen ?? null);
  return isSame ? undefined : { list, id: row.entry, seedThen, seedNow };
}

function describeDifference({ list, id, seedThen: then, seedNow: fresh }: SeedDifference): string {
  const where = `${list}.${id}`;
  if (!fresh) return `${where}: the folder has it no more; what was changed here stands`;
  if (!then) return `${where}: the folder has one of its own now; what was changed here stands`;
  const names = [...new Set([...Object.keys(then), ...Object.keys(fresh)])];
  const differences = names
    .filter((name) => canonicalJson(then[name] ?? null) !== canonicalJson(fresh[name] ?? null))
    .map((name) => `${name} ${JSON.stringify(then[name] ?? null)} → ${JSON.stringify(fresh[name] ?? null)}`);
  return `${where}: the folder says otherwise now (${differences.join(', ')}); what was changed here stands`;
}
