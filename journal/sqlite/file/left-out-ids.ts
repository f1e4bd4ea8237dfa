/**
 * Ids that an older Siaga left out after a loss and went on behind: looked for once in each file that follows a log.
 *
 * It gave no note of them, and what the log has under them was not copied. A seek a block of ids finds them, some
 * blocks a step, so that a large file delays nobody. Invariants: a gap of two blocks is always found; where retention
 * has ended, below the first row, none is looked for; a file that was looked through is not looked at again, since
 * this Siaga notes what it loses (lost-ids.ts).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { IdSpan } from '../../journal-log.ts';
import { readMeta, writeMeta } from './journal-file.ts';
import { noteLostIds } from './lost-ids.ts';

/** More ids in a row than the thinning of tracks takes, and fewer than are left out for 100 KB of a lost log. */
export const BLOCK_IDS = 1_000;
/** Seeks of one step, some 10 ms: a million readings. */
export const BLOCKS_A_STEP = 1_000;

/** Key of `meta`: as far as was looked, by table; absent before the first step. */
const LOOKED_THROUGH = 'leftOutLookedThrough';
const TABLES = ['readings', 'messages'] as const;

interface Looked {
  readonly readings: number;
  readonly messages: number;
  readonly isDone: boolean;
}

/** One step. What is found stands with what may be lost. */
export function noteLeftOutIds(database: DatabaseSync): void {
  const text = readMeta(database, LOOKED_THROUGH);
  const looked: Looked =
    typeof text === 'string' ? JSON.parse(text) : { readings: 0, messages: 0, isDone: false };
  if (looked.isDone) return;
  const [readings, messages] = TABLES.map((table) => findGaps(database, table, looked[table])) as [
    Gaps,
    Gaps,
  ];
  noteLostIds(database, { readings: readings.found, messages: messages.found, rejections: [] });
  const next: Looked = {
    readings: readings.through,
    messages: messages.through,
    isDone: readings.isDone && messages.isDone,
  };
  writeMeta(database, LOOKED_THROUGH, JSON.stringify(next));
}

interface Gaps {
  readonly found: readonly IdSpan[];
  readonly through: number;
  readonly isDone: boolean;
}

function findGaps(database: DatabaseSync, table: (typeof TABLES)[number], from: number): Gaps {
  const first = database.prepare(`select min(id) as id from ${table} where id > ?`);
  const last = database.prepare(`select max(id) as id from ${table} where id <= ?`);
  const idOf = (row: Record<string, unknown> | undefined) => (row?.['id'] ?? undefined) as number | undefined;
  const found: IdSpan[] = [];
  // The first step begins at the first row; what is below it is gone by retention.
  let at = from === 0 ? idOf(first.get(0)) : from;
  for (let seeks = 0; at !== undefined && seeks < BLOCKS_A_STEP; seeks++) {
    const next = idOf(first.get(at + BLOCK_IDS - 1));
    if (next === undefined) return { found, through: at, isDone: true };
    if (next - at >= 2 * BLOCK_IDS) found.push([(idOf(last.get(next - 1)) as number) + 1, next - 1]);
    at = next;
  }
  return { found, through: at ?? 0, isDone: at === undefined };
}
