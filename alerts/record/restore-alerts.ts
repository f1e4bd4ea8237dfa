/**
 * Restores the alarms at start: engine, lifecycle, groups and cursor from what the last run saved.
 *
 * Called once, before the first reading. Invariant: state that this version cannot use is dropped with one
 * line in the log and rebuilt, that of one rule without touching the others; the alerts on record are kept, and a
 * start never fails for it.
 */
import type { Logger } from 'pino';
import type { Alert } from '../alert.ts';
import type { AlertEngine } from '../judgement/engine.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { NoticePlanner } from '../notices/plan.ts';
import { trackRules } from '../rules/index.ts';
import type { AlertStore } from './alert-store.ts';
import {
  adoptLacking,
  adoptRecords,
  type LackingRules,
  LOOK_BACK_MS,
  type ReadableJournal,
  type RebuildOptions,
  recallMemories,
  recallReadings,
  recallUnsaved,
} from './rebuild.ts';
import {
  FORMAT,
  FORMAT_KEY,
  keyOfDevice,
  parseSavedGroups,
  parseSavedState,
  type SavedEngine,
  SWEPT_KEY,
} from './saved-state.ts';
import { lackingRules } from './saved-timeline.ts';

/** Closed alerts of the last hour are kept at hand: flapping, corrections. */
const RECENT_MS = 3_600_000;
const MAX_RECENT = 1_000;

export interface RestoreParts {
  /** A fresh one each time it is called: a restore that fails half-way must leave nothing behind. */
  readonly createEngine: () => AlertEngine;
  readonly lifecycle: Lifecycle;
  readonly planner: NoticePlanner;
  readonly store: AlertStore;
  readonly journal: ReadableJournal;
  readonly log: Logger;
  readonly nowMs: number;
}

export interface Restored {
  readonly engine: AlertEngine;
  readonly cursor: number;
  readonly open: readonly Alert[];
}

export async function restoreAlerts(parts: RestoreParts): Promise<Restored> {
  const { lifecycle, planner, store, journal, nowMs } = parts;
  const cursor = await store.loadCursor();
  const open = await store.loadOpen();
  // What is rebuilt from readings must know of all that ended since the first of them.
  const recent = await store.loadRecent(nowMs - LOOK_BACK_MS, MAX_RECENT);
  const isLate = ({ closedAt = 0 }: Alert) => closedAt >= nowMs - RECENT_MS;
  lifecycle.restore(open, recent.filter(isLate));
  const rows = await store.loadState();
  planner.restore(parseSavedGroups(rows), lifecycle.open);
  const saved = parseSavedState(rows);
  let why = saved;
  if (typeof saved !== 'string') {
    try {
      const engine = await restoreSaved(saved, [...recent, ...open], cursor, parts);
      return { engine, cursor, open };
    } catch (error) {
      why = (error as Error).message;
    }
  }
  const engine = parts.createEngine();
  const names = new Set(trackRules.map(({ name }) => name));
  if (rows.size > 0 || cursor > 0) {
    await rebuild(
      { engine, journal, trackRules: names, open, recent, cursor, nowMs },
      String(why),
      parts.log,
    );
  }
  await replaceState(store, engine, planner, cursor);
  return { engine, cursor, open };
}

async function restoreSaved(
  saved: SavedEngine,
  alerts: readonly Alert[],
  cursor: number,
  { createEngine, journal, nowMs, log }: RestoreParts,
): Promise<AlertEngine> {
  const engine = createEngine();
  engine.restore(saved.devices, saved.conditions);
  const lacking = findLacking(engine, saved);
  try {
    if (lacking.size > 0) {
      const readings = await recallMemories(engine, createEngine(), lacking, { journal, cursor, nowMs });
      log.warn(
        { rules: namesOf(engine, lacking), readings },
        'rules of another version are rebuilt from the journal',
      );
    }
    await recallUnsaved(engine, journal, saved, cursor);
  } catch (error) {
    log.error({ err: error }, 'the alarms begin without the last seconds: the journal cannot be read');
  }
  adoptLacking(engine, lacking, alerts);
  return engine;
}

function findLacking(engine: AlertEngine, { devices }: SavedEngine): LackingRules {
  const lacking = new Map<string, readonly number[]>();
  for (const [device, { timeline }] of devices) {
    const watch = engine.watches.of(device);
    const rules = watch ? lackingRules(timeline, watch.rules) : [];
    if (rules.length > 0) lacking.set(device, rules);
  }
  return lacking;
}

function namesOf(engine: AlertEngine, lacking: LackingRules): string[] {
  const names = new Set<string>();
  for (const [device, rules] of lacking) {
    for (const index of rules) names.add(engine.watches.of(device)?.rules[index]?.name ?? '');
  }
  return [...names];
}

async function rebuild(options: RebuildOptions, why: string, log: Logger): Promise<void> {
  const line = 'the saved state of the alarms is dropped';
  const open = options.open.length;
  try {
    const readings = await recallReadings(options);
    log.warn({ why, readings, open }, `${line} and rebuilt from the journal`);
  } catch (error) {
    log.error({ why, err: error, open }, `${line}, and the journal cannot be read; they begin anew`);
  }
  adoptRecords(options);
}

async function replaceState(
  store: AlertStore,
  engine: AlertEngine,
  planner: NoticePlanner,
  takenId: number,
): Promise<void> {
  const state = new Map<string, unknown>([
    [FORMAT_KEY, FORMAT],
    [SWEPT_KEY, takenId],
  ]);
  for (const device of engine.watches.dirty) {
    state.set(keyOfDevice(device), { ...engine.watches.save(device), takenId });
  }
  state.set('conditions', engine.saveConditions());
  state.set('groups', planner.save());
  await store.replaceState(state);
  engine.watches.settled(engine.watches.dirty);
}
