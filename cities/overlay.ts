/**
 * Overlay: entries that were changed while the city runs, laid over those of its folder.
 *
 * Pure, and used by city-book.ts, which keeps them in the state. Invariants: a city is never changed but replaced by
 * another one as a whole; what was not touched stays the same object; an order that the folder has is kept.
 */
import type { z } from 'zod';
import { type City, cityShape, deviceSchema } from './entries.ts';

const { shape } = cityShape;

/** The lists of a city that can be changed while it runs, by their names in the folder. */
export const ENTRY_SCHEMAS = {
  rivers: shape.rivers.element,
  devices: deviceSchema,
  uplinks: shape.uplinks.unwrap().element,
  bases: shape.bases.unwrap().element,
  hospitals: shape.hospitals.unwrap().element,
  kecamatan: shape.kecamatan.unwrap().element,
  channels: shape.channels.unwrap().element,
  alertRules: shape.alertRules.unwrap().element,
} as const satisfies Readonly<Record<string, z.ZodType>>;
export type EntryList = keyof typeof ENTRY_SCHEMAS;
export const ENTRY_LISTS = Object.keys(ENTRY_SCHEMAS) as EntryList[];
export type Entry = Readonly<Record<string, unknown>>;

/** One entry as it is to stand; `entry` is null where it is to be gone. */
export interface LaidEntry {
  readonly list: EntryList;
  readonly id: string;
  readonly entry: Entry | null;
}

/** Its id; of parameters of a rule, whom they are for: `river-level`, `river-level.device.bendung`. */
export function keyOf(list: EntryList, entry: Entry): string {
  if (list !== 'alertRules') return String(entry['id']);
  const { rule, group, device } = entry;
  return [rule, ...(group ? ['group', group] : []), ...(device ? ['device', device] : [])].join('.');
}

export function entriesOf(city: City, list: EntryList): readonly Entry[] {
  return city[list] as readonly Entry[];
}

export type FindEntry = (list: EntryList, id: string) => Entry | undefined;

/** Looks a list through once, when it is asked for. Where the folder has several of one key, the last one counts. */
export function indexEntries(city: City): FindEntry {
  const lists = new Map<EntryList, Map<string, Entry>>();
  return (list, id) => {
    let known = lists.get(list);
    if (!known) {
      known = new Map(entriesOf(city, list).map((each) => [keyOf(list, each), each]));
      lists.set(list, known);
    }
    return known.get(id);
  };
}

/** The city with these entries over it; those that it does not have go to the end. */
export function layOver(city: City, laid: Iterable<LaidEntry>): City {
  const byList = Map.groupBy(laid, ({ list }) => list);
  if (byList.size === 0) return city;
  const lists = [...byList].map(([list, entries]) => [list, layOverList(city, list, entries)] as const);
  return { ...city, ...Object.fromEntries(lists) } as City;
}

function layOverList(city: City, list: EntryList, laid: readonly LaidEntry[]): Entry[] {
  const left = new Map(laid.map(({ id, entry }) => [id, entry]));
  const touched = new Set(left.keys());
  const merged: Entry[] = [];
  for (const entry of entriesOf(city, list)) {
    const id = keyOf(list, entry);
    if (!touched.has(id)) {
      merged.push(entry);
      continue;
    }
    const replacement = left.get(id);
    left.delete(id);
    if (replacement) merged.push(replacement);
  }
  for (const entry of left.values()) if (entry) merged.push(entry);
  return merged;
}

/**
 * RFC 7396: null takes a field away, an object goes into an object, whatever else takes the place of what was there.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** The same text for the same content, whatever the order of its keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
