/**
 * The live consumer: moves the present (fleet) and tells those who watch (live feed).
 *
 * First of the journal's consumers. It holds everything in memory, so its cursor starts at the end of the
 * journal once `restorePresent` has read the last reading of every device. Invariant: an event says whether
 * the reading is of the present, so that a watcher never shows a late reading as now.
 */
import { FAILED_QUALITY, formatQuality, QualityFlag, type Reading } from '../devices/reading.ts';
import { presenceOf } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { Fleet } from './fleet.ts';
import type { LiveFeed } from './live-feed.ts';

/**
 * Entries whose PUBACK may not have reached its device when the last run ended: some commits of
 * JOURNAL_MAX_BATCH.
 */
const UNSETTLED_ENTRIES = 20_000;

/** What judges readings by their device's past; ingest's quality.ts. */
interface PastOfDevices {
  restore(reading: Reading): void;
  restoreSeq(reading: Reading): void;
  clockSet(nowMs: number, stepMs: number): void;
}

/** A device's own clock may be ahead of ours by so much, ms; later than that was given by us. */
const AHEAD_MAX_MS = 60_000;

/**
 * Reads the last word and the last reading of every device back into the present, and what the last entries say of
 * their clocks. To be awaited before the broker opens. A reading of later than now was dated by a clock of ours that was ahead: the last
 * that is not is the present, where the journal's end has one.
 */
export async function restorePresent({
  journal,
  fleet,
  quality,
  nowMs,
}: {
  journal: Pick<Journal, 'lastId' | 'latest' | 'latestStatuses' | 'readAfter'>;
  fleet: Fleet;
  quality: PastOfDevices;
  nowMs: number;
}): Promise<void> {
  for (const { message } of await journal.latestStatuses()) {
    const presence = presenceOf(message);
    if (presence) fleet.observePresence(message.device, presence, message.receivedAt);
  }
  const isAhead = ({ measuredAt }: Reading) => measuredAt > nowMs + AHEAD_MAX_MS;
  const ahead = new Map<string, Reading>();
  const settledId = Math.max(0, journal.lastId - UNSETTLED_ENTRIES);
  const tail = await journal.readAfter(settledId, UNSETTLED_ENTRIES);
  for (const { reading } of tail) fleet.restoreClock(reading);
  for (const { reading } of await journal.latest()) {
    if (isAhead(reading)) {
      ahead.set(reading.device, reading);
      continue;
    }
    quality.restore(reading);
    fleet.observe(reading);
  }
  for (const { reading } of tail) {
    quality.restoreSeq(reading);
    fleet.restoreFix(reading);
    if (!ahead.has(reading.device) || isAhead(reading)) continue;
    // Called late by a run that knew no better.
    const restored = { ...reading, quality: reading.quality & ~QualityFlag.late };
    quality.restore(restored);
    fleet.observe(restored);
  }
  for (const [device, reading] of ahead) {
    if (fleet.now(device)?.last) continue;
    quality.restore(reading);
    fleet.observe(reading);
  }
  quality.clockSet(nowMs, 0);
  fleet.clockSet(nowMs, 0);
}

export interface LiveDependencies {
  readonly journal: Pick<Journal, 'lastId'>;
  readonly fleet: Fleet;
  readonly feed: LiveFeed;
  /** Told of each reading that is the device's present: dispatch follows positions here. */
  readonly onPresent: (reading: Reading) => void;
  /**
   * Told of each one that failed its quality without being late. What failed is not the present, but the rest
   * of it may be: a crew's status that came with an impossible position.
   */
  readonly onFailed: (reading: Reading) => void;
}

export function createLiveConsumer({
  journal,
  fleet,
  feed,
  onPresent,
  onFailed,
}: LiveDependencies): JournalConsumer {
  const firstId = journal.lastId;
  return {
    name: 'live',
    loadCursor: async () => firstId,
    async consume(entries) {
      for (const { id, reading } of entries) {
        const present = fleet.observe(reading);
        if (present) onPresent(reading);
        else if (isFailedNow(reading)) onFailed(reading);
        feed.publish('reading', () => formatLiveReading(id, reading, present));
      }
    },
  };
}

function isFailedNow({ quality }: Reading): boolean {
  return (quality & FAILED_QUALITY) !== 0 && !(quality & QualityFlag.late);
}

/** A reading as the stream shows it. */
function formatLiveReading(id: number, reading: Reading, present: boolean) {
  const { kind, device, measuredAt, receivedAt, simulated, quality, values } = reading;
  return {
    id,
    kind,
    device,
    measuredAt: new Date(measuredAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    simulated,
    quality: formatQuality(quality),
    present,
    values,
  };
}
