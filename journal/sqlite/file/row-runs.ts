/**
 * Rows of readings read from the file by the thousand: SQLite lays the records of a run end to end in one blob.
 *
 * A row at a time costs 3.6 µs of processor time, most of it for an array, a buffer and a view that live as
 * long as the row; in runs it is 0.9 µs. `group_concat` takes a blob as the bytes of a text and casts back
 * unchanged, NUL and what is no UTF-8 included. Invariant: the rows are those of the select, in its order; a
 * record that is not one or more float64 throws SQLite's CORRUPT, so that the journal is salvaged.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

const SQLITE_CORRUPT = 11;

/** What a select must give to be read in runs. */
export const RUN_COLUMNS = 'id, device, measured_at, record';

export interface RowRun {
  readonly ids: readonly number[];
  readonly devices: readonly number[];
  readonly measuredAts: readonly number[];
  /** Of each record: eight for each of its numbers. */
  readonly bytes: readonly number[];
  /** The records end to end. */
  readonly numbers: Float64Array;
}

/** `select` is of RUN_COLUMNS, in order of id where that matters. */
export function readRun(database: DatabaseSync, select: string, ...parameters: SQLInputValue[]): RowRun {
  const run = database.prepare(
    `select json_group_array(id), json_group_array(device), json_group_array(measured_at),
      json_group_array(octet_length(record)), cast(group_concat(record, '') as blob) from (${select})`,
  );
  run.setReturnArrays(true);
  const row = run.get(...parameters) as unknown as readonly SQLOutputValue[];
  const [ids, devices, measuredAts, bytes] = row.slice(0, 4).map(parseNumbers) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const blob = row[4] as Uint8Array | null;
  const all = bytes.reduce((sum, each) => (each > 0 && each % 8 === 0 ? sum + each : Number.NaN), 0);
  if (all !== (blob?.byteLength ?? 0)) {
    throw Object.assign(new Error('a record of the journal is cut short'), { errcode: SQLITE_CORRUPT });
  }
  return { ids, devices, measuredAts, bytes, numbers: storedNumbers(blob) };
}

/** Rows of one run: some 2 ms, and 200 KB on their way. */
export const RUN_ROWS = 2_000;

/** Runs in order of id, from the row after `afterId` to the last. `where` is a further condition. */
export function* readRuns(
  database: DatabaseSync,
  where: string,
  afterId: number,
  ...parameters: SQLInputValue[]
): Generator<RowRun> {
  // Not indexed: by id, since what follows is little, and a range of times can be all of the journal.
  const select = `select ${RUN_COLUMNS} from readings not indexed where id > ? and ${where} order by id limit ${RUN_ROWS}`;
  for (let after = afterId; ; ) {
    const run = readRun(database, select, after, ...parameters);
    const last = run.ids.at(-1);
    if (last === undefined) return;
    yield run;
    if (run.ids.length < RUN_ROWS) return;
    after = last;
  }
}

function parseNumbers(json: SQLOutputValue | undefined): number[] {
  return JSON.parse(String(json)) as number[];
}

/** The float64 of a blob; SQLite gives each a buffer of its own, but nobody promises its alignment. */
export function storedNumbers(blob: Uint8Array | null): Float64Array {
  if (blob === null) return new Float64Array(0);
  return blob.byteOffset % 8 === 0
    ? new Float64Array(blob.buffer, blob.byteOffset, blob.byteLength / 8)
    : new Float64Array(blob.slice().buffer);
}
