/**
 * changeCity: writes a change of a city while it runs: the entries, who changed them from what to what, the revision.
 *
 * Called by the API of the server and by command lines beside it. Invariants: one change is one transaction, however
 * many entries it has, and a kill leaves all of it or nothing; two who change a city queue on its revision, and each
 * judges what the one before has left; what is refused changes nothing.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { type CityState, currentEntry, type EntryCache, readCityState } from './city-state.ts';
import type { City } from './entries.ts';
import { type Edit, type EditProblem, formatEditProblem, judgeEdits, toProblem } from './judge-edits.ts';
import { canonicalJson, type Entry, type EntryList, indexEntries, type LaidEntry } from './overlay.ts';

export type CityTransaction = Transaction<Tables>;

export interface ChangeRequest {
  readonly database: Database;
  /** As its folder says. */
  readonly folder: City;
  readonly cache?: EntryCache;
  /** Who; for the audit. */
  readonly actor: string;
  /** Epoch ms. */
  readonly at: number;
  /** The changes that this one takes back, by `list.id` of their entries. */
  readonly undoes?: ReadonlyMap<string, number>;
  /** What is to stand, made of what stands: judged within the transaction. May throw to refuse. */
  readonly makeEdits: (state: CityState, transaction: CityTransaction) => Promise<readonly Edit[]>;
  /** What other rooms have against the city that would come of it, as `path: sentence`. */
  readonly findMore?: (city: City) => readonly string[];
}

export interface WrittenChange {
  readonly id: number;
  readonly list: EntryList;
  readonly entry: string;
}

/** What would come of a change is no sound city; `problems` holds every reason. */
export class EditsRefusedError extends Error {
  readonly code = 'CITY_EDITS_REFUSED';
  readonly problems: readonly EditProblem[];
  constructor(problems: readonly EditProblem[]) {
    super(problems.map(formatEditProblem).join('\n'));
    this.problems = problems;
  }
}

const ROWS_PER_STATEMENT = 100;

/** Resolves with the lines of audit when it is on disk; entries that stood so already have none. */
export function changeCity(request: ChangeRequest): Promise<readonly WrittenChange[]> {
  const { database, folder, cache } = request;
  return database.transaction().execute(async (transaction) => {
    // The first statement, so that whoever comes meanwhile waits and reads what this one has left.
    await transaction
      .insertInto('city_revisions')
      .values({ city: folder.id, revision: 1 })
      .onConflict((conflict) =>
        conflict.column('city').doUpdateSet((row) => ({
          revision: row('city_revisions.revision', '+', 1),
        })),
      )
      .execute();
    const state = await readCityState(transaction, folder, cache);
    const edits = await request.makeEdits(state, transaction);
    const [returned, judged] = splitReturned(state, edits);
    const { city, laid, problems } = judgeEdits(state.now, judged);
    const more = problems.length > 0 ? [] : await findMore(request, state, city, laid, transaction);
    more.push(...findTwins(state, city, returned, laid));
    if (problems.length + more.length > 0) throw new EditsRefusedError([...problems, ...more.map(toProblem)]);
    const moved = [...returned, ...laid].filter(({ list, id, entry }) => {
      const before = currentEntry(state, list, id) ?? null;
      return canonicalJson(before) !== canonicalJson(entry);
    });
    await writeEntries(transaction, request, state, moved);
    return writeAudit(transaction, request, state, moved);
  });
}

/** A device of which a command said too little for a city may be put back as it was, and no other may be so poor. */
function splitReturned({ findBase, addedBare }: CityState, edits: readonly Edit[]): [LaidEntry[], Edit[]] {
  const returned: LaidEntry[] = [];
  const judged = edits.filter((edit) => {
    const own = edit.list === 'devices' && !findBase('devices', edit.id) && addedBare.get(edit.id);
    if (!own || canonicalJson(own) !== canonicalJson(edit.entry)) return true;
    returned.push({ ...edit, entry: own as unknown as Entry });
    return false;
  });
  return [returned, judged];
}

async function findMore(
  { findMore = () => [] }: ChangeRequest,
  state: CityState,
  city: City,
  laid: readonly LaidEntry[],
  transaction: CityTransaction,
): Promise<string[]> {
  // Those that were there before are not of this change.
  const known = new Set(findMore(state.now));
  const sentences = findMore(city).filter((sentence) => !known.has(sentence));
  for (const { list, id, entry } of laid) {
    if (list !== 'devices') continue;
    if (entry !== null) {
      const kind = currentEntry(state, list, id)?.['kind'] ?? entry['kind'];
      if (kind !== entry['kind'])
        sentences.push(`devices.${id}: it is a ${kind}; give another kind its own id`);
      continue;
    }
    const unit = await transaction
      .selectFrom('dispatch_units')
      .select('assignment')
      .where('unit', '=', id)
      .executeTakeFirst();
    if (unit?.assignment) {
      sentences.push(`devices.${id}: it is on assignment ${unit.assignment}; end that before`);
    }
  }
  return sentences;
}

/** A device of which a command said too little is in no list of the city, and its id is its own all the same. */
function* findTwins(
  { bare, findNow }: CityState,
  { hospitals }: City,
  returned: readonly LaidEntry[],
  laid: readonly LaidEntry[],
): Generator<string> {
  for (const { id } of returned) {
    if (hospitals.some((each) => each.id === id)) yield `devices.${id}: a hospital has this id already`;
  }
  const removed = new Set(laid.flatMap(({ list, id, entry }) => (list === 'devices' && !entry ? [id] : [])));
  for (const { list, id, entry } of laid) {
    const isNew = list === 'hospitals' && entry !== null && !findNow(list, id);
    if (isNew && bare.has(id) && !removed.has(id)) yield `hospitals.${id}: a device has this id already`;
  }
}

/** What stands as the folder says it needs no entry over it. */
async function writeEntries(
  transaction: CityTransaction,
  { folder, at }: ChangeRequest,
  { findBase, addedBare }: CityState,
  moved: readonly LaidEntry[],
): Promise<void> {
  const city = folder.id;
  const findSeed = indexEntries(folder);
  const rows = moved.map(({ list, id, entry }) => {
    const seed = findSeed(list, id);
    return {
      ...{ city, list, entry: id, changed_at: at },
      document: entry === null ? null : JSON.stringify(entry),
      seed: seed === undefined ? null : JSON.stringify(seed),
    };
  });
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await transaction
      .insertInto('city_entries')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(['city', 'list', 'entry']).doUpdateSet((row) => ({
          document: row.ref('excluded.document'),
          seed: row.ref('excluded.seed'),
          changed_at: row.ref('excluded.changed_at'),
        })),
      )
      .execute();
  }
  for (const { list, id, entry } of moved) {
    const own = findBase(list, id) ?? (list === 'devices' ? addedBare.get(id) : undefined) ?? null;
    if (canonicalJson(own) !== canonicalJson(entry)) continue;
    await transaction
      .deleteFrom('city_entries')
      .where('city', '=', city)
      .where('list', '=', list)
      .where('entry', '=', id)
      .execute();
  }
}

/** Lines of audit: entries of `moved` as they stand, over what stood in `state`. */
export async function writeAudit(
  transaction: CityTransaction,
  { folder, actor, at, undoes }: Pick<ChangeRequest, 'folder' | 'actor' | 'at' | 'undoes'>,
  state: CityState,
  moved: readonly LaidEntry[],
): Promise<WrittenChange[]> {
  const written: WrittenChange[] = [];
  const rows = moved.map(({ list, id, entry }) => {
    const before = currentEntry(state, list, id);
    return {
      ...{ city: folder.id, at, actor, list, entry: id },
      undoes: undoes?.get(`${list}.${id}`) ?? null,
      before: before === undefined ? null : JSON.stringify(before),
      after: entry === null ? null : JSON.stringify(entry),
    };
  });
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const ids = await transaction
      .insertInto('city_changes')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .returning(['id', 'list', 'entry'])
      .execute();
    written.push(...ids.map(({ id, list, entry }) => ({ id: Number(id), list: list as EntryList, entry })));
  }
  return written;
}
