/**
 * The audit of a city: who changed what, when, from what to what; and the way back.
 *
 * Asked by the API and the command line. Invariant: a change is taken back only where nothing was changed after it,
 * so that nobody's later work is lost; taking back is a change as well, and can be taken back.
 */
import type { Database } from '../database/database.ts';
import { type ChangeRequest, changeCity, EditsRefusedError, type WrittenChange } from './change-city.ts';
import { currentEntry } from './city-state.ts';
import type { EditProblem } from './judge-edits.ts';
import { canonicalJson, type Entry, type EntryList } from './overlay.ts';

export interface CityChange {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly list: EntryList;
  readonly entry: string;
  readonly before: Entry | null;
  readonly after: Entry | null;
  readonly undoes: number | null;
}

export interface ChangesQuery {
  readonly city: string;
  readonly limit: number;
  /** Changes with a smaller id. */
  readonly before?: number | undefined;
  readonly list?: EntryList | undefined;
  readonly entry?: string | undefined;
}

/** The newest first. */
export async function listChanges(database: Database, query: ChangesQuery): Promise<CityChange[]> {
  const { city, limit, before, list, entry } = query;
  const rows = await database
    .selectFrom('city_changes')
    .selectAll()
    .where('city', '=', city)
    .$if(before !== undefined, (where) => where.where('id', '<', before as number))
    .$if(list !== undefined, (where) => where.where('list', '=', list as string))
    .$if(entry !== undefined, (where) => where.where('entry', '=', entry as string))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ city: _city, ...row }) => ({
    ...row,
    id: Number(row.id),
    at: Number(row.at),
    list: row.list as EntryList,
    undoes: row.undoes === null ? null : Number(row.undoes),
    before: row.before === null ? null : (JSON.parse(row.before) as Entry),
    after: row.after === null ? null : (JSON.parse(row.after) as Entry),
  }));
}

type UndoRequest = Omit<ChangeRequest, 'makeEdits' | 'undoes'>;

/** Undefined where there is no such change. Throws EditsRefusedError where it was changed since. */
export function undoChange(id: number, request: UndoRequest): Promise<readonly WrittenChange[] | undefined> {
  return undoChanges(id, id, request);
}

/**
 * All changes from `first` to `last` in one transaction, such as those of an import: each entry stands as before its
 * first one. Undefined where there are none. Throws EditsRefusedError where an entry was changed after its last one.
 */
export async function undoChanges(
  first: number,
  last: number,
  request: UndoRequest,
): Promise<readonly WrittenChange[] | undefined> {
  const { database, folder } = request;
  const newest = await listChanges(database, {
    ...{ city: folder.id, limit: Math.max(1, last - first + 1), before: last + 1 },
  });
  const taken = newest.filter(({ id }) => id >= first);
  if (taken.length === 0) return undefined;
  const byEntry = Map.groupBy(taken, ({ list, entry }) => `${list}.${entry}`);
  const undoes = new Map([...byEntry].map(([key, [change]]) => [key, (change as CityChange).id]));
  return changeCity({
    ...{ ...request, undoes },
    makeEdits: async (state) => {
      const problems: EditProblem[] = [];
      const edits = [...byEntry].map(([key, changes]) => {
        const { list, entry, after, id } = changes[0] as CityChange;
        const now = currentEntry(state, list, entry) ?? null;
        const reason = `it was changed since change ${id}; take the later changes back before`;
        if (canonicalJson(now) !== canonicalJson(after)) problems.push({ entry: key, reason });
        return { list, id: entry, entry: (changes.at(-1) as CityChange).before };
      });
      if (problems.length > 0) throw new EditsRefusedError(problems);
      return edits;
    },
  });
}
