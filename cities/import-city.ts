/**
 * importEntries: a file's rows become entries of the city, in one transaction, judged like every other change.
 *
 * Behind `npm run city -- import`. A row whose id is there already changes that entry by the columns that the file has.
 * Invariants: every bad row is named with its line and the reason; nothing is written where there is one, unless the
 * good ones were asked for by `keepGood`.
 */
import { type ChangeRequest, changeCity, EditsRefusedError, type WrittenChange } from './change-city.ts';
import { type CityState, currentEntry } from './city-state.ts';
import type { ImportRow } from './import-file.ts';
import { type Edit, judgeEdits, parseEdit, toProblem } from './judge-edits.ts';
import { keyOf, mergePatch } from './overlay.ts';

export interface BadRow {
  readonly where: string;
  readonly reasons: readonly string[];
}

export interface ImportOutcome {
  readonly written: readonly WrittenChange[];
  readonly bad: readonly BadRow[];
}

/** Some of a file's rows are bad and nothing was written; `bad` has all of them. */
export class ImportRefusedError extends Error {
  readonly code = 'IMPORT_REFUSED';
  readonly bad: readonly BadRow[];
  constructor(bad: readonly BadRow[]) {
    super(`${bad.length} bad row(s), nothing was written`);
    this.bad = bad;
  }
}

interface RowEdit extends Edit {
  readonly where: string;
}

/** Throws ImportRefusedError. `rows` is called with the city within the transaction. */
export async function importEntries(
  request: Omit<ChangeRequest, 'makeEdits'>,
  rows: readonly ImportRow[],
  keepGood: boolean,
): Promise<ImportOutcome> {
  const bad = new Map<string, string[]>();
  const written = await changeCity({
    ...request,
    makeEdits: async (state) => {
      const edits = dropWrong(state, dropBroken(toEdits(state, rows, bad), bad), bad);
      if (bad.size > 0 && !keepGood) throw new ImportRefusedError(inOrder(rows, bad));
      return edits;
    },
  });
  return { written, bad: inOrder(rows, bad) };
}

function inOrder(rows: readonly ImportRow[], bad: ReadonlyMap<string, readonly string[]>): BadRow[] {
  return rows.flatMap(({ where }) => {
    const reasons = bad.get(where);
    return reasons ? [{ where, reasons }] : [];
  });
}

function note(bad: Map<string, string[]>, where: string, reason: string): void {
  bad.set(where, [...(bad.get(where) ?? []), reason]);
}

function toEdits(state: CityState, rows: readonly ImportRow[], bad: Map<string, string[]>): RowEdit[] {
  const seen = new Map<string, string>();
  return rows.flatMap(({ where, list, fields, broken }) => {
    const id = keyOf(list, fields);
    const before = seen.get(`${list}.${id}`);
    if (before !== undefined) {
      note(bad, where, `${list}.${id}: ${before} has this id already`);
      return [];
    }
    seen.set(`${list}.${id}`, where);
    if (broken !== undefined) {
      note(bad, where, `${list}.${id}: ${broken}`);
      return [];
    }
    return [{ where, list, id, entry: mergePatch(currentEntry(state, list, id), fields) }];
  });
}

/** Those that are wrong by themselves. */
function dropBroken(edits: readonly RowEdit[], bad: Map<string, string[]>): RowEdit[] {
  return edits.filter((edit) => {
    const { sentences } = parseEdit(edit);
    for (const sentence of sentences) note(bad, edit.where, sentence);
    return sentences.length === 0;
  });
}

/** Those that are wrong together with the city; again, since one that goes may be what another one names. */
function dropWrong(
  { now }: CityState,
  edits: readonly RowEdit[],
  bad: Map<string, string[]>,
): readonly RowEdit[] {
  let good = edits;
  for (;;) {
    const { problems } = judgeEdits(now, good);
    if (problems.length === 0) return good;
    const byEntry = Map.groupBy(problems, ({ entry }) => entry.split('.').slice(0, 2).join('.'));
    const left = good.filter(({ where, list, id }) => {
      const own = byEntry.get(`${list}.${id}`) ?? [];
      for (const { entry, reason } of own) note(bad, where, `${entry}: ${reason}`);
      return own.length === 0;
    });
    // Of none of the rows: what others of the city would have against it.
    if (left.length === good.length) throw new EditsRefusedError(problems);
    good = left;
  }
}

/** One row with all its reasons, and what to do about each. */
export function formatBadRow({ where, reasons }: BadRow): string {
  const lines = reasons.map((sentence) => {
    const { remedy } = toProblem(sentence);
    return `${where}: ${sentence}${remedy === undefined ? '' : `\n    → ${remedy}`}`;
  });
  return lines.join('\n');
}
