/**
 * writeMerged: what was changed while a city ran, written into a copy of its folder, so that the copy is the whole.
 *
 * Behind `npm run city -- export`. Invariant: the lists that differ are written anew, one file a kind of device; every
 * other file of the copy stays as it was written by people.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { City } from './entries.ts';
import { canonicalJson, ENTRY_LISTS, type Entry, type EntryList, entriesOf } from './overlay.ts';

/** Returns the lists that were written. */
export function writeMerged(copy: string, folder: City, now: City): EntryList[] {
  const moved = ENTRY_LISTS.filter((list) => canonicalJson(folder[list]) !== canonicalJson(now[list]));
  for (const list of moved) {
    for (const name of readdirSync(copy)) {
      if (name.endsWith('.json') && name.split('.')[0] === list) rmSync(join(copy, name));
    }
    takeOutOfFrame(copy, list);
    for (const [file, entries] of filesOf(list, entriesOf(now, list))) {
      writeFileSync(join(copy, file), `${JSON.stringify(entries, null, 2)}\n`, { flag: 'wx' });
    }
  }
  return moved;
}

/** A list may stand in city.json as well. */
function takeOutOfFrame(copy: string, list: EntryList): void {
  const file = join(copy, 'city.json');
  const frame = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  if (!Object.hasOwn(frame, list)) return;
  const { [list]: _taken, ...rest } = frame;
  writeFileSync(file, `${JSON.stringify(rest, null, 2)}\n`);
}

function filesOf(list: EntryList, entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  if (list !== 'devices') return new Map([[`${list}.json`, entries]]);
  if (entries.length === 0) return new Map([['devices.json', entries]]);
  return Map.groupBy(entries, ({ kind }) => `devices.${String(kind)}.json`);
}
