/**
 * The live consumer: moves the present (fleet) and tells those who watch (live feed).
 *
 * First of the journal's consumers. It holds everything in memory, so its cursor starts at the end of the
 * journal once `restorePresent` has read the last reading of every device. Invariant: an event says whether
 * the reading is of the present, so that a watcher never shows a late reading as now.
 */
import { AHEAD_MAX_MS } from '../clock/device-clock.ts';
import { isAheadOfReceipt } from '../clock/earlier-time.ts';
import { formatQuality, QualityFlag, type Reading } from '../devices/reading.ts';
import { presenceOf } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import { type Fleet, isBesideTruth } from './fleet.ts';
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

/**
 * Reads the last word and the last reading of every device back into the present, and what the last entries say of
 * their clocks. To be awaited before the broker opens. A reading of later than now was dated by a clock of ours that
 * was ahead: the last that is not is the present, where the journal's end has one.
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
  const aheadIds = new Map<string, number>();
  for (const { id, reading } of await journal.latest()) {
    if (isAheadOfReceipt(reading)) aheadIds.set(reading.device, id);
    if (isAhead(reading)) {
      ahead.set(reading.device, reading);
      continue;
    }
    quality.restore(reading);
    fleet.observe(reading);
  }
  for (const { id, reading } of tail) {
    quality.restoreSeq(reading);
    fleet.restoreFix(reading);
    // Its clock may have been set right since.
    if (id > (aheadIds.get(reading.device) ?? Number.POSITIVE_INFINITY) && fleet.observe(reading)) {
      quality.restore(reading);
    }
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
   * Told of each other one, but those of who tests a device beside its truth. It is not the present, but the rest of it
   * may be: a crew's status that came with an impossible position, or by a clock that was set back.
   */
  readonly onOther: (reading: Reading) => void;
}

export function createLiveConsumer({
  journal,
  fleet,
  feed,
  onPresent,
  onOther,
}: LiveDependencies): JournalConsumer {
  const firstId = journal.lastId;
  return {
    name: 'live',
    loadCursor: async () => firstId,
    async consume(entries) {
      for (const { id, reading } of entries) {
        const present = fleet.observe(reading);
        if (present) onPresent(reading);
        else if (!isBesideTruth(reading, fleet.now(reading.device)?.last)) onOther(reading);
        feed.publish('reading', () => formatLiveReading(id, reading, present));
      }
    },
  };
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
