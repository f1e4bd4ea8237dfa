/**
 * The journal's counters for /metrics: what is stored, what waits, what was lost and why, how long commits take.
 * Registered once for each journal; gauges are read when somebody asks. Invariant: every loss has a counter.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type {
  LeftOpenReport,
  LostLogReport,
  OpenedJournal,
  SalvageReport,
  WriterEvent,
} from './journal-messages.ts';

export interface JournalGauges {
  readonly waitingBytes: () => number;
  readonly recentEntries: () => number;
  readonly lastId: () => number;
  readonly hasProblem: () => boolean;
  readonly messagesHeld: () => number;
  /** Of a device by its number in the journal. */
  readonly kindOf: (device: number) => string;
}

export function createJournalMetrics(registry: Registry, gauges: JournalGauges) {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name: `siaga_journal_${name}`, help, registers });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `siaga_journal_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('waiting_bytes', 'Bytes appended and not yet on disk.', gauges.waitingBytes);
  gauge('recent_entries', 'Newest entries held in memory.', gauges.recentEntries);
  gauge('last_id', 'Newest id on disk.', gauges.lastId);
  gauge('problem', '1 while commits do not succeed.', () => (gauges.hasProblem() ? 1 : 0));
  gauge('messages', 'Status and ack that the journal holds.', gauges.messagesHeld);
  /** By number of the device: a labelled counter costs more than finding the device. */
  const readings: number[] = [];
  new Counter({
    name: 'siaga_readings_total',
    help: 'Readings on disk, repeats included.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      readings.forEach((count, device) => {
        this.inc({ kind: gauges.kindOf(device) }, count);
      });
    },
  });
  return {
    countReading: (device: number) => {
      readings[device] = (readings[device] ?? 0) + 1;
    },
    commitSeconds: new Histogram({
      name: 'siaga_journal_commit_seconds',
      help: 'Time of a commit with its fsync.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    commitReadings: new Histogram({
      name: 'siaga_journal_commit_readings',
      help: 'Readings in one commit.',
      buckets: [1, 10, 50, 100, 500, 1_000, 2_500, 5_000],
      registers,
    }),
    fileBytes: new Gauge({ name: 'siaga_journal_file_bytes', help: 'Size of the journal.', registers }),
    stored: counter('stored_total', 'Readings stored.'),
    repeated: counter('repeated_total', 'Readings that the journal had already.'),
    messages: new Counter({
      name: 'siaga_journal_messages_stored_total',
      help: 'Status and ack stored, by channel.',
      labelNames: ['channel'],
      registers,
    }),
    messagesTrimmed: counter('messages_trimmed_total', 'Status and ack that retention deleted.'),
    refused: counter('refused_total', 'Readings, messages and rejections not stored, and not acknowledged.'),
    failedCommits: counter('failed_commits_total', 'Commits that failed; those that wait are tried again.'),
    rejectionsStored: counter('rejections_stored_total', 'Rejections stored.'),
    rejectionsDropped: counter('rejections_dropped_total', 'Old rejections that made room for newer ones.'),
    rejectionsOfShare: counter(
      'rejections_beyond_share_total',
      'Old rejections that made room for newer ones of the same device, which is beyond its share.',
    ),
    trimmed: counter('trimmed_total', 'Readings that retention deleted.'),
    thinned: counter('thinned_total', 'Readings of tracks that thinning deleted.'),
    diskReads: counter('disk_reads_total', 'Reads of entries that memory no longer held.'),
    damaged: counter('damaged_total', 'Damaged files set aside.'),
    unreadableRanges: counter('unreadable_ranges_total', 'Ranges of ids that a salvage could not read.'),
  };
}

export type JournalMetrics = ReturnType<typeof createJournalMetrics>;

export function measureCommit(
  log: Logger,
  metrics: JournalMetrics,
  event: Extract<WriterEvent, { event: 'committed' }>,
): void {
  const repeated = event.outcomes.reduce((sum, { repeats }) => sum + repeats.length, 0);
  metrics.stored.inc(event.count - repeated);
  metrics.repeated.inc(repeated);
  metrics.commitSeconds.observe(event.commitMs / 1000);
  metrics.commitReadings.observe(event.count);
  metrics.rejectionsStored.inc(event.rejections);
  metrics.rejectionsDropped.inc(event.rejectionsDropped);
  metrics.rejectionsOfShare.inc(event.rejectionsOfShare);
  metrics.fileBytes.set(event.fileBytes);
  for (const device of event.beyondShare) {
    log.warn({ device }, 'a device fills its share of the rejections: the oldest of its own go');
  }
}

/** What a start found that people must know. */
export function reportOpened(log: Logger, metrics: JournalMetrics, opened: OpenedJournal): void {
  if (opened.salvage) reportSalvage(log, metrics, opened.salvage);
  if (opened.lostLog) reportLostLog(log, metrics, opened.lostLog);
  if (opened.leftOpen) reportLeftOpen(log, metrics, opened.leftOpen);
}

export function reportSalvage(log: Logger, metrics: JournalMetrics, salvage: SalvageReport): void {
  metrics.damaged.inc();
  metrics.unreadableRanges.inc(salvage.unreadable.length);
  log.error(
    { salvage },
    `the journal was damaged: ${salvage.readings} readings and ${salvage.messages} messages moved into a new one, the damaged file is ${salvage.setAside}`,
  );
}

const LEFT_OPEN: Readonly<Record<LeftOpenReport['fault'], string>> = {
  'log-gone': 'its log (journal.db-wal) was deleted: the last acknowledged readings are lost to this file',
  'database-gone': 'journal.db was deleted: what it held is lost, a new journal begins',
  'database-replaced': 'journal.db is another file now: what was not in that one before is lost',
};

function reportLeftOpen(log: Logger, metrics: JournalMetrics, leftOpen: LeftOpenReport): void {
  metrics.damaged.inc();
  log.error({ leftOpen }, `the last run did not close the journal, and ${LEFT_OPEN[leftOpen.fault]}`);
}

function reportLostLog(log: Logger, metrics: JournalMetrics, lostLog: LostLogReport): void {
  metrics.damaged.inc();
  metrics.unreadableRanges.inc();
  log.error(
    { lostLog },
    `the journal's log was damaged: up to ${lostLog.commits} commits are lost, a copy of the log is ${lostLog.setAside}`,
  );
}
