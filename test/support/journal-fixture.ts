/**
 * Ground for tests of the journal: a directory of its own, readings made by number, a journal opened on it.
 * Invariant: `gaugeReading(n)` differs from every other n in time and level.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DestinationStream, pino } from 'pino';
import { Registry } from 'prom-client';
import type { Reading } from '../../devices/reading.ts';
import type { RejectedMessage } from '../../devices/rejection.ts';
import type { Journal } from '../../journal/journal.ts';
import type { CopyingJournal } from '../../journal/journal-log.ts';
import type { JournalOptions } from '../../journal/sqlite/journal-options.ts';
import { openJournal } from '../../journal/sqlite/open-journal.ts';

/** 2026-01-15T00:00:00Z */
export const TEST_START_MS = 1_768_435_200_000;

export interface JournalGround extends Disposable {
  readonly directory: string;
  readonly file: string;
  /** What was logged, parsed. */
  readonly logged: Record<string, unknown>[];
  readonly metrics: Registry;
  open(options?: Partial<JournalOptions>): Promise<CopyingJournal>;
}

export function createJournalGround(): JournalGround {
  const directory = mkdtempSync(join(tmpdir(), 'siaga-journal-'));
  const file = join(directory, 'journal.db');
  const logged: Record<string, unknown>[] = [];
  const stream: DestinationStream = {
    write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>),
  };
  const log = pino({ level: 'debug' }, stream);
  const ground = {
    directory,
    file,
    logged,
    metrics: new Registry(),
    open(options: Partial<JournalOptions> = {}) {
      ground.metrics = new Registry();
      return openJournal({
        file,
        maxBatch: 5_000,
        maxWaitingBytes: 32 * 1024 * 1024,
        maxRejections: 1_000,
        retentionMs: 400 * 86_400_000,
        maxBytes: 1024 ** 3,
        log,
        metrics: ground.metrics,
        now: () => TEST_START_MS,
        ...options,
      });
    },
    [Symbol.dispose]() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return ground;
}

export function gaugeReading(n: number, changes: Partial<Reading> = {}): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device: `gauge-${n % 7}`,
    measuredAt: TEST_START_MS + n * 1_000,
    receivedAt: TEST_START_MS + n * 1_000 + 250,
    seq: n,
    simulated: false,
    quality: 0,
    values: { levelM: n / 100, rainMm: 0.2, batteryV: 12.6 },
    ...changes,
  };
}

export function gaugeReadings(from: number, to: number): Reading[] {
  return Array.from({ length: to - from }, (_, i) => gaugeReading(from + i));
}

export function rejectedMessage(n: number, changes: Partial<RejectedMessage> = {}): RejectedMessage {
  return {
    reason: 'not-json',
    detail: `the payload is not JSON (${n})`,
    topic: 'siaga/semarang/river-gauge/gauge-1/telemetry',
    payload: Buffer.from(`{"levelM":${n}`),
    receivedAt: TEST_START_MS + n,
    clientId: `client-${n}`,
    device: 'gauge-1',
    ...changes,
  };
}

/** Every entry of the journal, read in pages. */
export async function allEntries(journal: Journal, afterId = 0) {
  const entries = [];
  for (let after = afterId; ; ) {
    const page = await journal.readAfter(after, 1_000);
    if (page.length === 0) return entries;
    entries.push(...page);
    after = (page.at(-1) as { id: number }).id;
  }
}

/** The value of a counter or gauge without labels. */
export async function metricValue(metrics: Registry, name: string): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get();
  return metric?.values[0]?.value ?? Number.NaN;
}
