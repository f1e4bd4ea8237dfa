/**
 * Rebuild: the engine's state from the journal and the alerts on record, where the saved state is of no use.
 *
 * Called at start by restore-alerts.ts, for all rules or for those whose memory is of another version. Readings up to
 * the cursor are recalled in silence, as far back as any rule looks; then the alerts on record are adopted. Good state
 * lacks the last seconds only, which are recalled as well. Invariant: nothing is told twice and no open alert is lost;
 * bounded by LOOK_BACK_MS and MAX_ENTRIES.
 */
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import type { Alert } from '../alert.ts';
import { foldAgain } from '../judgement/device-watch.ts';
import type { AlertEngine } from '../judgement/engine.ts';
import type { BoundRule } from '../judgement/rule.ts';
import { copyTrack, type Track } from '../judgement/track.ts';
import { adoptAlerts, adoptHearing, conditionOf } from './adopt.ts';
import type { SavedEngine } from './saved-state.ts';
import { inheritTrack } from './saved-timeline.ts';

/** Rain counts for three hours, a trend's points span 75 min, a reading is stale after 30 min: with room. */
export const LOOK_BACK_MS = 3.5 * 3_600_000;
/** The newest of them, where a load test has left more: some seconds of work. */
export const MAX_ENTRIES = 500_000;
const BATCH = 5_000;

/** By device, the rules whose saved memory is of no use, by their place. */
export type LackingRules = ReadonlyMap<string, readonly number[]>;

export type ReadableJournal = Pick<Journal, 'readAfter' | 'latest'>;

export interface RebuildOptions {
  readonly engine: AlertEngine;
  readonly journal: ReadableJournal;
  /** Rules that judge readings; every other alert is a condition. */
  readonly trackRules: ReadonlySet<string>;
  /** Open ones, and those closed since LOOK_BACK_MS ago. */
  readonly open: readonly Alert[];
  readonly recent: readonly Alert[];
  /** Up to here everything was judged and told. */
  readonly cursor: number;
  readonly nowMs: number;
}

/** Ties the alerts on record to what was recalled; without a journal they are kept all the same. */
export function adoptRecords({ engine, open, recent, trackRules }: RebuildOptions): void {
  const ofReadings = open.filter(({ rule }) => trackRules.has(rule));
  const conditions = open.filter(({ rule }) => !trackRules.has(rule)).map(conditionOf);
  engine.conditions.restore(conditions);
  const byDevice = Map.groupBy(
    [...recent.filter(({ rule }) => trackRules.has(rule)), ...ofReadings],
    ({ subject }) => subject,
  );
  const devices = new Set([
    ...byDevice.keys(),
    ...engine.watches.all.keys(),
    ...conditions.map(({ subject }) => subject),
  ]);
  for (const device of devices) {
    const watch = engine.watches.of(device);
    if (!watch) continue;
    adoptAlerts(watch, byDevice.get(device) ?? []);
    adoptHearing(watch, conditions);
    engine.watches.touch(device);
  }
}

/** Returns how many readings were recalled. To be followed by adoptRecords. */
export async function recallReadings({ engine, journal, cursor, nowMs }: RebuildOptions): Promise<number> {
  const after = await firstRecalled(journal, cursor, nowMs);
  let recalled = 0;
  // A device that fell silent before is heard by its last word.
  for (const { id, reading } of await journal.latest()) {
    if (id > after) continue;
    engine.recall(reading);
    recalled++;
  }
  for await (const { reading } of readBetween(journal, after, cursor)) {
    engine.recall(reading);
    recalled++;
  }
  return recalled;
}

/**
 * Gives each rule whose memory could not be used the one that it would have: of the readings that its device has
 * settled. To be called before anything else is recalled, and followed by adoptLacking. Returns how many readings
 * were recalled for it.
 */
export async function recallMemories(
  engine: AlertEngine,
  shadow: AlertEngine,
  lacking: LackingRules,
  { journal, cursor, nowMs }: Pick<RebuildOptions, 'journal' | 'cursor' | 'nowMs'>,
): Promise<number> {
  const settledAt = new Map<string, number>();
  for (const device of lacking.keys()) {
    settledAt.set(device, engine.watches.of(device)?.timeline.base().measuredAt ?? 0);
  }
  const after = await firstRecalled(journal, cursor, nowMs);
  let recalled = 0;
  for await (const { reading } of readBetween(journal, after, cursor)) {
    const untilMs = settledAt.get(reading.device);
    if (untilMs === undefined) continue;
    shadow.recall(reading, untilMs);
    recalled++;
  }
  for (const [device, rules] of lacking) {
    const watch = engine.watches.of(device);
    const { tracks } = shadow.watches.all.get(device)?.timeline.head ?? {};
    if (!watch || !tracks) continue;
    const own = watch.timeline.base().tracks;
    foldAgain(
      watch,
      own.map((track, index) => {
        if (!rules.includes(index)) return track;
        const rebuilt = copyTrack(tracks[index] as Track);
        return inheritTrack(watch.rules[index] as BoundRule, rebuilt, track);
      }),
    );
  }
  return recalled;
}

/** Ties the alerts on record to rules whose memory was rebuilt. */
export function adoptLacking(engine: AlertEngine, lacking: LackingRules, alerts: readonly Alert[]): void {
  for (const [device, rules] of lacking) {
    const watch = engine.watches.of(device);
    if (!watch) continue;
    adoptAlerts(
      watch,
      alerts.filter(({ subject }) => subject === device),
      rules,
    );
    engine.watches.touch(device);
  }
}

/** What devices took after their state was saved, up to the cursor: it changed no alert. */
export async function recallUnsaved(
  engine: AlertEngine,
  journal: ReadableJournal,
  { devices, sweptId }: Pick<SavedEngine, 'devices' | 'sweptId'>,
  cursor: number,
): Promise<void> {
  const takenIds = new Map(devices.map(([device, { takenId }]) => [device, takenId]));
  const after = Math.max(sweptId, cursor - MAX_ENTRIES);
  for await (const { id, reading } of readBetween(journal, after, cursor)) {
    if (id > (takenIds.get(reading.device) ?? 0)) engine.recall(reading);
  }
}

async function* readBetween(
  journal: ReadableJournal,
  afterId: number,
  lastId: number,
): AsyncGenerator<JournalEntry> {
  for (let after = afterId; after < lastId; ) {
    const entries = await journal.readAfter(after, Math.min(BATCH, lastId - after));
    if (entries.length === 0) return;
    for (const entry of entries) if (entry.id <= lastId) yield entry;
    after = (entries.at(-1) as JournalEntry).id;
  }
}

/** The id after which readings are recalled. */
async function firstRecalled(journal: ReadableJournal, cursor: number, nowMs: number): Promise<number> {
  return Math.max(cursor - MAX_ENTRIES, (await findFirstId(journal, nowMs - LOOK_BACK_MS, cursor)) - 1);
}

/** The first id received at `sinceMs` or later, by halving: ids ascend with the time of receipt. */
async function findFirstId(journal: ReadableJournal, sinceMs: number, lastId: number): Promise<number> {
  let low = 0;
  let high = lastId;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await journal.readAfter(middle, 1);
    if (!entry || entry.reading.receivedAt >= sinceMs) high = middle;
    else low = Math.min(entry.id, high);
  }
  return low + 1;
}
