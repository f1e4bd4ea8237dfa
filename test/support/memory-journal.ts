/**
 * The journal and history ports in memory: for tests of what stands on them, and not of durability.
 *
 * Invariant: the same answers as the real adapters (the journal's contract suite runs on it) for raw readings,
 * messages, rejections, and windows of zones with a constant offset.
 */
import { FAILED_QUALITY, QualityFlag, type Reading, type Values } from '../../devices/reading.ts';
import type { KeptRejection } from '../../devices/rejection.ts';
import type { Aggregate, History } from '../../history/history.ts';
import type { DeviceMessage, MessageEntry } from '../../journal/device-messages.ts';
import { type FollowedLog, type Journal, type JournalEntry, JournalError } from '../../journal/journal.ts';
import { choosePoints, RANGE_MS, startOfRange, type TrackPoint } from '../../journal/thin-track.ts';
import { outcomeOf } from '../../journal/waiter.ts';

export interface MemoryJournal extends Journal {
  readonly entries: readonly JournalEntry[];
}

export interface MemoryJournalOptions {
  readonly retentionMs?: number;
  readonly maxRejections?: number;
}

/** What is in order of ids, and who waits for more of it. */
class MemoryLog<Entry extends { readonly id: number }> implements FollowedLog<Entry> {
  entries: Entry[] = [];
  lastId = 0;
  readonly #end: () => JournalError | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(end: () => JournalError | undefined) {
    this.#end = end;
  }

  push(make: (id: number) => Entry): void {
    this.entries.push(make(++this.lastId));
    this.wakeAll();
  }

  async readAfter(afterId: number, limit: number): Promise<readonly Entry[]> {
    const end = this.#end();
    if (end) throw end;
    return this.entries.filter(({ id }) => id > afterId).slice(0, Math.max(0, limit));
  }

  async waitForEntry(afterId: number, signal: AbortSignal): Promise<void> {
    const end = this.#end();
    if (end) throw end;
    if (this.lastId > afterId || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      if (this.lastId <= afterId && !signal.aborted && !this.#end()) return;
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake);
    await promise;
  }

  wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Takes off the front what is `past`, through `keepAfterId`. */
  trim(keepAfterId: number, isPast: (entry: Entry) => boolean): Entry[] {
    const keep = this.entries.findIndex((entry) => entry.id > keepAfterId || !isPast(entry));
    return this.entries.splice(0, keep === -1 ? this.entries.length : keep);
  }
}

export function createMemoryJournal({
  retentionMs = Number.POSITIVE_INFINITY,
  maxRejections = Number.POSITIVE_INFINITY,
}: MemoryJournalOptions = {}): MemoryJournal {
  let end: JournalError | undefined;
  const readings = new MemoryLog<JournalEntry>(() => end);
  const messages = new MemoryLog<MessageEntry>(() => end);
  const known = new Set<string>();
  const statuses = new Map<string, MessageEntry>();
  let kept: KeptRejection[] = [];
  let lastRejectionId = 0;
  const store = (reading: Reading): boolean => {
    const identity = identityOf(reading);
    if (known.has(identity)) return false;
    known.add(identity);
    readings.push((id) => ({ id, reading: { ...reading, values: { ...reading.values } } }));
    return true;
  };
  const note = (message: DeviceMessage) => {
    messages.push((id) => ({ id, message: { ...message, payload: Uint8Array.from(message.payload) } }));
    const entry = messages.entries.at(-1) as MessageEntry;
    if (message.channel !== 'status') return;
    const last = statuses.get(message.device)?.message;
    if (!message.isReplay || !last || message.receivedAt >= last.receivedAt) {
      statuses.set(message.device, entry);
    }
  };
  return {
    entries: readings.entries,
    waitingBytes: 0,
    problem: undefined,
    messages,
    get lastId() {
      return readings.lastId;
    },
    append(fresh, rejections, said) {
      return outcomeOf((waiter) => this.appendFor(waiter, fresh, rejections, said)).then(
        ({ stored, repeated }) => ({ stored, repeated }),
      );
    },
    appendFor(waiter, fresh, rejections, said = []) {
      const timeless = fresh.find(
        ({ measuredAt, receivedAt }) => !Number.isFinite(measuredAt) || !Number.isFinite(receivedAt),
      );
      if (end) return waiter.refused(end);
      if (timeless)
        return waiter.refused(new RangeError(`a reading of ${timeless.device} has no finite time`));
      const stored = fresh.filter(store).length;
      said.forEach(note);
      for (const rejection of rejections) {
        kept.push({ ...rejection, payload: Uint8Array.from(rejection.payload), id: ++lastRejectionId });
      }
      kept = kept.slice(Math.max(0, kept.length - maxRejections));
      waiter.stored(stored, fresh.length - stored, rejections.length);
    },
    readAfter: (afterId, limit) => readings.readAfter(afterId, limit),
    waitForEntry: (afterId, signal) => readings.waitForEntry(afterId, signal),
    latest: async () => [...latestOf(readings.entries).values()],
    latestStatuses: async () => [...statuses.values()].sort((a, b) => a.id - b.id),
    async rejections({ device, reason, before = Number.POSITIVE_INFINITY, limit }) {
      return kept
        .filter((each) => each.id < before && (device === undefined || each.device === device))
        .filter((each) => reason === undefined || each.reason === reason)
        .reverse()
        .slice(0, limit);
    },
    async markReplayed(rejectionId, replayedAt) {
      kept = kept.map((each) => (each.id === rejectionId ? { ...each, replayedAt } : each));
    },
    isOverBound: false,
    async trim(keepAfterId, now, keepMessagesAfterId = 0) {
      const before = now - retentionMs;
      const gone = readings.trim(keepAfterId, ({ reading }) => reading.receivedAt < before);
      for (const { reading } of gone) known.delete(identityOf(reading));
      const isNewest = (entry: MessageEntry) => statuses.get(entry.message.device) === entry;
      const past = messages.entries.filter(
        (entry) => entry.id <= keepMessagesAfterId && entry.message.receivedAt < before && !isNewest(entry),
      );
      messages.entries = messages.entries.filter((entry) => !past.includes(entry));
      return gone.length + past.length;
    },
    async thinTracks({ kinds, beforeMs, keepAfterId }) {
      const isDue = ({ id, reading }: JournalEntry) =>
        kinds.includes(reading.kind) &&
        startOfRange(reading.measuredAt) + RANGE_MS <= beforeMs &&
        id <= keepAfterId &&
        id < readings.lastId;
      const tracks = Map.groupBy(
        readings.entries.filter(isDue),
        ({ reading }) => `${reading.city} ${reading.device} ${startOfRange(reading.measuredAt)}`,
      );
      const gone = [...tracks.values()].flatMap((track) => {
        const inOrder = track.toSorted((a, b) => a.reading.measuredAt - b.reading.measuredAt || a.id - b.id);
        const kept = choosePoints(inOrder.map(({ reading }) => pointOf(reading)));
        return inOrder.filter((_, index) => !kept[index]);
      });
      readings.entries = readings.entries.filter((entry) => !gone.includes(entry));
      for (const { reading } of gone) known.delete(identityOf(reading));
      return gone.length;
    },
    salvage: () => Promise.reject(new Error('a journal in memory has no file')),
    backup: () => Promise.reject(new Error('a journal in memory has no file')),
    async [Symbol.asyncDispose]() {
      end ??= new JournalError('JOURNAL_CLOSED', 'the journal is closed');
      readings.wakeAll();
      messages.wakeAll();
    },
  };
}

/** Words are compared, so any number that stands for one will do: its place among the distinct ones. */
const words: string[] = [];
function pointOf({ measuredAt, values, quality }: Reading): TrackPoint {
  const { lat, lng, status } = values;
  if (typeof status === 'string' && !words.includes(status)) words.push(status);
  return {
    atMs: measuredAt,
    lat: typeof lat === 'number' ? lat : Number.NaN,
    lng: typeof lng === 'number' ? lng : Number.NaN,
    words: [typeof status === 'string' ? words.indexOf(status) : Number.NaN],
    isSound: (quality & FAILED_QUALITY) === 0,
  };
}

/** Whatever the order of its quantities. */
function identityOf({ city, kind, device, measuredAt, values }: Reading): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([city, kind, device, measuredAt, sorted]);
}

function latestOf(entries: readonly JournalEntry[]): Map<string, JournalEntry> {
  const byDevice = new Map<string, JournalEntry>();
  for (const entry of entries) {
    const { city, kind, device, measuredAt, quality } = entry.reading;
    if (quality & (FAILED_QUALITY | QualityFlag.late)) continue;
    const key = JSON.stringify([city, kind, device]);
    const last = byDevice.get(key);
    if (!last || last.reading.measuredAt <= measuredAt) byDevice.set(key, entry);
  }
  return byDevice;
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
