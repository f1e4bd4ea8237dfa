/**
 * The journal and history ports in memory: for tests of what stands on them, and not of durability.
 *
 * Invariant: the same answers as the real adapters for raw readings, rejections, and windows of zones with a
 * constant offset.
 */
import { FAILED_QUALITY, type Values } from '../../devices/reading.ts';
import type { KeptRejection } from '../../devices/rejection.ts';
import type { Aggregate, History } from '../../history/history.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { outcomeOf } from '../../journal/waiter.ts';

export interface MemoryJournal extends Journal {
  readonly entries: readonly JournalEntry[];
}

export function createMemoryJournal(): MemoryJournal {
  const entries: JournalEntry[] = [];
  const known = new Set<string>();
  let kept: KeptRejection[] = [];
  return {
    entries,
    waitingBytes: 0,
    problem: undefined,
    get lastId() {
      return entries.length;
    },
    append(readings, rejections) {
      return outcomeOf((waiter) => this.appendFor(waiter, readings, rejections));
    },
    appendFor(waiter, readings, rejections) {
      const fresh = readings.filter(({ device, measuredAt, values }) => {
        const key = JSON.stringify([device, measuredAt, values]);
        return !known.has(key) && known.add(key);
      });
      for (const reading of fresh) entries.push({ id: entries.length + 1, reading });
      for (const rejection of rejections) kept.push({ ...rejection, id: kept.length + 1 });
      waiter.stored(fresh.length, readings.length - fresh.length, rejections.length);
    },
    readAfter: async (afterId, limit) => entries.slice(afterId, afterId + limit),
    waitForEntry: (afterId) =>
      entries.length > afterId ? Promise.resolve() : Promise.reject(new Error('would wait for ever')),
    async latest() {
      const byDevice = new Map<string, JournalEntry>();
      for (const entry of entries) {
        const last = byDevice.get(entry.reading.device);
        if (!last || last.reading.measuredAt <= entry.reading.measuredAt)
          byDevice.set(entry.reading.device, entry);
      }
      return [...byDevice.values()];
    },
    async rejections({ device, reason, before = Number.POSITIVE_INFINITY, limit }) {
      return kept
        .filter((each) => each.id < before && (!device || each.device === device))
        .filter((each) => !reason || each.reason === reason)
        .reverse()
        .slice(0, limit);
    },
    async markReplayed(rejectionId, replayedAt) {
      kept = kept.map((each) => (each.id === rejectionId ? { ...each, replayedAt } : each));
    },
    isOverBound: false,
    trim: async () => 0,
    salvage: () => Promise.reject(new Error('a journal in memory has no file')),
    backup: () => Promise.reject(new Error('a journal in memory has no file')),
    async [Symbol.asyncDispose]() {},
  };
}

const AGGREGATORS: Readonly<Record<Exclude<Aggregate, 'increase'>, (numbers: readonly number[]) => number>> =
  {
    mean: (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length,
    min: (numbers) => Math.min(...numbers),
    max: (numbers) => Math.max(...numbers),
    last: (numbers) => numbers.at(-1) as number,
    count: (numbers) => numbers.length,
  };

export interface MemoryHistory extends History {
  problem: string | undefined;
}

/** History of what a memory journal holds. Setting `problem` makes every query fail. */
export function createMemoryHistory(journal: MemoryJournal): MemoryHistory {
  const inRange = (query: { device: string; fromMs: number; toMs: number }) =>
    journal.entries
      .map(({ reading }) => reading)
      .filter(({ device }) => device === query.device)
      .filter(({ measuredAt }) => measuredAt >= query.fromMs && measuredAt < query.toMs)
      .sort((a, b) => a.measuredAt - b.measuredAt);
  const history: MemoryHistory = {
    problem: undefined,
    async raw(query) {
      if (history.problem) throw new Error(history.problem);
      const all = inRange(query);
      const points = all
        .slice(0, query.limit)
        .map(({ measuredAt, values, quality }) => ({ atMs: measuredAt, values, quality }));
      const next = all[query.limit];
      return next ? { points, nextFromMs: next.measuredAt } : { points };
    },
    async windows(query) {
      if (history.problem) throw new Error(history.problem);
      const { fn } = query;
      if (fn === 'increase') throw new Error('increase is asked of the real history');
      const offsetMs = offsetOf(query.timeZone, query.fromMs);
      const startOf = (ms: number) => ms - ((ms + offsetMs) % query.everyMs);
      const good = inRange(query).filter(({ quality }) => !(quality & FAILED_QUALITY));
      const windows = Map.groupBy(good, ({ measuredAt }) => startOf(measuredAt));
      const points = [...windows].map(([atMs, readings]) => ({
        atMs,
        values: aggregate(
          readings.map((reading) => reading.values),
          fn,
          query.quantities,
        ),
      }));
      const next = points[query.limit];
      const page = points.slice(0, query.limit);
      return next ? { points: page, nextFromMs: next.atMs } : { points: page };
    },
    async [Symbol.asyncDispose]() {},
  };
  return history;
}

function aggregate(
  all: readonly Values[],
  fn: Exclude<Aggregate, 'increase'>,
  wanted: readonly string[] | undefined,
): Values {
  const names = wanted ?? [...new Set(all.flatMap((values) => Object.keys(values)))];
  const result: Record<string, number> = {};
  for (const name of names) {
    const numbers = all.map((values) => values[name]).filter((value) => typeof value === 'number');
    if (numbers.length > 0) result[name] = AGGREGATORS[fn](numbers);
  }
  return result;
}

function offsetOf(timeZone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(atMs);
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '');
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}
