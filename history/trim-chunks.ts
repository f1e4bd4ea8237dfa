/**
 * Retention of the embedded history, some devices at a time, so that questions are answered meanwhile.
 * By age: chunks whose last point is older. By bytes: the age allowed shrinks day by day until the rest fits.
 * Invariant: only whole chunks go, so that up to 128 points older than the age can remain with younger ones.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { giveBackPages, usedBytes } from '../journal/sqlite/upkeep/trim-journal.ts';
import type { ChunkStore } from './chunk-store.ts';

const DEVICES_PER_STEP = 50;
const DAY_MS = 86_400_000;

export interface ChunkBounds {
  readonly beforeMs: number;
  readonly maxBytes: number;
}

export interface TrimmedHistory {
  readonly database: DatabaseSync;
  readonly chunks: ChunkStore;
}

/** Returns how many chunks went. */
export async function trimChunks(
  history: TrimmedHistory,
  { beforeMs, maxBytes }: ChunkBounds,
): Promise<number> {
  let deleted = await expireBefore(history, beforeMs);
  for (let cutMs = beforeMs; usedBytes(history.database) > maxBytes; ) {
    const oldestMs = oldestPoint(history);
    if (oldestMs === undefined) break;
    cutMs = Math.max(cutMs, oldestMs) + DAY_MS;
    deleted += await expireBefore(history, cutMs);
  }
  while (giveBackPages(history.database)) await nextTurn();
  return deleted;
}

async function expireBefore({ database, chunks }: TrimmedHistory, beforeMs: number): Promise<number> {
  let deleted = 0;
  const devices = devicesOf(database);
  for (let first = 0; first < devices.length; first += DEVICES_PER_STEP) {
    database.exec('begin immediate');
    try {
      for (const device of devices.slice(first, first + DEVICES_PER_STEP)) {
        deleted += chunks.expire(device, beforeMs);
      }
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
    await nextTurn();
  }
  return deleted;
}

function oldestPoint({ database, chunks }: TrimmedHistory): number | undefined {
  let oldestMs: number | undefined;
  for (const device of devicesOf(database)) {
    const atMs = chunks.oldest(device);
    if (atMs !== undefined && (oldestMs === undefined || atMs < oldestMs)) oldestMs = atMs;
  }
  return oldestMs;
}

/** By leaps through the index: as many look-ups as there are devices. */
function devicesOf(database: DatabaseSync): number[] {
  const next = database.prepare('select min(device) as device from chunks where device > ?');
  const devices: number[] = [];
  for (let device: unknown = -1; ; ) {
    device = next.get(device as number)?.['device'];
    if (typeof device !== 'number') return devices;
    devices.push(device);
  }
}
