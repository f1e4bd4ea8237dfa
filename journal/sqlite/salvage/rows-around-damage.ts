/**
 * Reads a table of a damaged file in order of id, around the pages that cannot be read.
 *
 * Where SQLite stumbles, the next readable id is looked for in growing strides and then narrowed down by
 * halves, so that a lost page costs some fifty look-ups and not the rest of the file. Invariant: ids ascend
 * in what is yielded; what could not be read is yielded as a range.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';

type Row = Record<string, SQLOutputValue>;
export type RowOrGap = { readonly row: Row } | { readonly from: number; readonly to: number };

/** Of a range that reaches to the end. */
const END = Number.MAX_SAFE_INTEGER;

export function* readRowsAround(
  database: DatabaseSync,
  table: 'readings' | 'rejections' | 'messages',
): Generator<RowOrGap> {
  /** The row at or after `id`; 'end' when there is none, 'lost' when it cannot be read. */
  const at = (id: number): Row | 'end' | 'lost' => {
    try {
      const following = database.prepare(`select * from ${table} where id >= ? order by id limit 1`);
      return (following.get(id) as Row | undefined) ?? 'end';
    } catch {
      return 'lost';
    }
  };
  let next = 1;
  while (next < END) {
    // A statement that has stumbled cannot be bound again, so each run prepares its own.
    const onwards = database.prepare(`select * from ${table} where id >= ? order by id`);
    try {
      for (const row of onwards.iterate(next)) {
        const id = Number(row['id']);
        // Damaged pages can be whole and yet hold what belongs elsewhere.
        if (!Number.isSafeInteger(id) || id < next) throw new Error(`id ${id} is out of order`);
        yield { row };
        next = id + 1;
      }
      return;
    } catch {
      const readable = nextReadable(next, at);
      yield { from: next, to: readable === undefined ? END : readable - 1 };
      if (readable === undefined) return;
      next = readable;
    }
  }
}

/** The smallest id above `lost` from which reading goes on; undefined when there is none. */
function nextReadable(lost: number, at: (id: number) => Row | 'end' | 'lost'): number | undefined {
  let below = lost;
  let stride = 1;
  let found: number | undefined;
  while (found === undefined) {
    const probe = lost + stride;
    if (probe >= END) return undefined;
    const row = at(probe);
    if (row === 'end') {
      // Past the last row: it lies between the last stumble and here, or the end itself is lost.
      return lastReadableBetween(below, probe, at);
    }
    if (row === 'lost') below = probe;
    else found = probe;
    stride *= 2;
  }
  return narrow(below, found, (id) => typeof at(id) === 'object');
}

function lastReadableBetween(
  lost: number,
  end: number,
  at: (id: number) => Row | 'end' | 'lost',
): number | undefined {
  const boundary = narrow(lost, end, (id) => at(id) !== 'lost');
  return typeof at(boundary) === 'object' ? boundary : undefined;
}

/** The smallest id in (below, found] that is `good`, given that `found` is and `below` is not. */
function narrow(below: number, found: number, good: (id: number) => boolean): number {
  let bad = below;
  let best = found;
  while (best - bad > 1) {
    const middle = bad + Math.floor((best - bad) / 2);
    if (good(middle)) best = middle;
    else bad = middle;
  }
  return best;
}
