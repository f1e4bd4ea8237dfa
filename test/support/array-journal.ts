/**
 * The port of the journal over an array, for tests of what follows it: consumers, history, the API.
 *
 * Invariants are the port's as far as memory can keep them: ids ascend, a reading is in it once.
 */
import type { Reading } from '../../devices/reading.ts';
import type { Journal, JournalEntry } from '../../ingest/journal/journal.ts';
import type { KeptRejection } from '../../ingest/rejection.ts';

export interface ArrayJournal extends Journal {
  readonly entries: readonly JournalEntry[];
}

export function createArrayJournal(): ArrayJournal {
  const entries: JournalEntry[] = [];
  const known = new Set<string>();
  let rejections: KeptRejection[] = [];
  let waiters: (() => void)[] = [];
  return {
    entries,
    waitingBytes: 0,
    problem: undefined,
    get lastId() {
      return entries.length;
    },
    async append(readings, rejected) {
      let stored = 0;
      for (const reading of readings) {
        const identity = JSON.stringify([reading.device, reading.measuredAt, reading.values]);
        if (known.has(identity)) continue;
        known.add(identity);
        entries.push({ id: entries.length + 1, reading });
        stored++;
      }
      rejections = [
        ...rejections,
        ...rejected.map((each, index) => ({ ...each, id: rejections.length + index + 1 })),
      ];
      for (const wake of waiters.splice(0)) wake();
      return { stored, repeated: readings.length - stored };
    },
    async readAfter(afterId, limit) {
      return entries.slice(afterId, afterId + limit);
    },
    async waitForEntry(afterId, signal) {
      if (entries.length > afterId || signal.aborted) return;
      await new Promise<void>((resolve) => {
        waiters.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    async latest() {
      const latest = new Map<string, JournalEntry>();
      for (const entry of entries) {
        const known = latest.get(entry.reading.device);
        if (!known || known.reading.measuredAt <= entry.reading.measuredAt)
          latest.set(entry.reading.device, entry);
      }
      return [...latest.values()];
    },
    async rejections() {
      return rejections;
    },
    async markReplayed(rejectionId, replayedAt) {
      rejections = rejections.map((each) => (each.id === rejectionId ? { ...each, replayedAt } : each));
    },
    async trim() {
      return 0;
    },
    async backup() {
      throw new Error('there is nothing to back up');
    },
    async [Symbol.asyncDispose]() {
      waiters = [];
    },
  };
}

export function stageReading(
  device: string,
  measuredAt: number,
  values: Reading['values'],
  quality = 0,
): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device,
    measuredAt,
    receivedAt: measuredAt + 150,
    simulated: false,
    quality,
    values,
  };
}
