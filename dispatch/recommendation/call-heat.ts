/**
 * Where calls came from in the last 30 days: real ones with a place, counted by cell.
 *
 * Asked by the desk's map. Invariants: calls that were pranks, silent, questions, duplicates or simulated are not
 * counted; at most MAX_CALLS are read, the newest, a page at a time; an answer is kept for KEPT_MS and who asks
 * meanwhile shares it.
 */
import { latLngToCell } from 'h3-js';
import type { Database } from '../../database/database.ts';
import type { Point } from '../roads/road-route.ts';
import { atResolution, createTurns, FINEST_RESOLUTION, fitResolution, ringOf } from './map-cells.ts';

export interface CallHeat {
  readonly fromMs: number;
  readonly toMs: number;
  readonly calls: number;
  /** Whether there were more than are counted. */
  readonly isCut: boolean;
  readonly cells: readonly { readonly ring: readonly Point[]; readonly calls: number }[];
}

export const HEAT_DAYS = 30;
export const MAX_CALLS = 20_000;
const PAGE_CALLS = 500;
const KEPT_MS = 60_000;
const DAY_MS = 86_400_000;
const NOT_COUNTED = ['prank', 'silent', 'information', 'duplicate'];

export function createCallHeat(database: Database, now: () => number): () => Promise<CallHeat> {
  let kept: { readonly atMs: number; readonly heat: Promise<CallHeat> } | undefined;
  return () => {
    const atMs = now();
    if (kept && Math.abs(atMs - kept.atMs) < KEPT_MS) return kept.heat;
    const heat = measure(database, atMs);
    kept = { atMs, heat };
    // What failed is asked again.
    heat.catch(() => {
      kept = undefined;
    });
    return heat;
  };
}

async function measure(database: Database, toMs: number): Promise<CallHeat> {
  const fromMs = toMs - HEAT_DAYS * DAY_MS;
  const counts = new Map<string, number>();
  let before = Number.MAX_SAFE_INTEGER;
  let read = 0;
  let calls = 0;
  let isLast = false;
  const turn = createTurns();
  while (!isLast && read < MAX_CALLS) {
    const rows = await readPage(database, before);
    for (const row of rows) {
      if (row.received_at < fromMs) continue;
      if (!isCounted(row)) continue;
      const cell = latLngToCell(row.lat as number, row.lng as number, FINEST_RESOLUTION);
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
      calls++;
    }
    read += rows.length;
    const last = rows.at(-1);
    // Ids are given in the order of the calls: what is older comes after.
    isLast = rows.length < PAGE_CALLS || !last || last.received_at < fromMs;
    before = last?.id ?? before;
    await turn();
  }
  const resolution = fitResolution(counts.keys());
  const cells = new Map<string, number>();
  for (const [cell, count] of counts) {
    const larger = atResolution(cell, resolution);
    cells.set(larger, (cells.get(larger) ?? 0) + count);
  }
  return {
    ...{ fromMs, toMs, calls, isCut: !isLast },
    cells: [...cells].map(([cell, count]) => ({ ring: ringOf(cell), calls: count })),
  };
}

function readPage(database: Database, before: number) {
  return database
    .selectFrom('incidents')
    .select(['id', 'received_at', 'lat', 'lng', 'classification', 'outcome', 'duplicate_of', 'simulated'])
    .where('id', '<', before)
    .orderBy('id', 'desc')
    .limit(PAGE_CALLS)
    .execute();
}

type Call = Awaited<ReturnType<typeof readPage>>[number];

function isCounted({ lat, lng, classification, outcome, duplicate_of, simulated }: Call): boolean {
  if (lat === null || lng === null || classification !== 'real') return false;
  return duplicate_of === null && simulated === 0 && !NOT_COUNTED.includes(outcome ?? '');
}
