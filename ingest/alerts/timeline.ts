/**
 * Timeline: the readings of one device in order of measuredAt, folded by its rules.
 *
 * In order, a reading costs one step. Out of order but within the watermark it is put in its place and the
 * fold is done again from there, so that the outcome is that of the ordered run. Invariants: the head depends
 * on the set of readings taken and not on the order of their arrival; a repeated reading changes nothing; a
 * reading older than the watermark is history and never moves the present.
 */
import { FAILED_QUALITY, type Reading } from '../../devices/reading.ts';
import { appendRecent, NO_RECENT, type Recent } from './recent.ts';
import type { BoundRule, View } from './rule.ts';
import type { Track } from './track.ts';

export interface Fold {
  /** Of the newest reading in it; 0 before the first. */
  readonly measuredAt: number;
  /** Smoothed; the kind's own until two readings were seen. */
  readonly intervalMs: number;
  readonly readings: number;
  readonly recent: Recent;
  /** One a rule, in the order of the device's rules. */
  readonly tracks: readonly Track[];
}

interface Entry {
  readonly reading: Reading;
  readonly fold: Fold;
}

export interface Timeline {
  /** The fold of everything older than the entries. */
  base: Fold;
  /** Ascending by measuredAt; those that a late reading may still reorder. */
  entries: Entry[];
}

/** What a timeline keeps on disk: the folds after the base follow from it. */
export interface SavedTimeline {
  readonly base: Omit<Fold, 'tracks'>;
  /** By rule and version: a rule that has changed its judgement begins anew. */
  readonly tracks: Readonly<Record<string, Track>>;
  readonly readings: readonly SavedReading[];
}

/** A reading without what its device says already: saved for each device with each alert, so it is short. */
type SavedReading = readonly [
  measuredAt: number,
  receivedAt: number,
  quality: number,
  simulated: 0 | 1,
  values: Reading['values'],
];

/** Where a reading belongs that the timeline was given. */
export type Placement = 'newest' | 'reordered' | 'repeated' | 'late';

/** Reordering beyond this is lateness, ms: a phone network's retries take seconds, an offline buffer hours. */
export const WATERMARK_MS = 120_000;
/** Readings that can be reordered; a device that reports faster than one in 4 s has a shorter watermark. */
export const MAX_ENTRIES = 32;
/** Weight of a new spacing in the smoothed report interval, once there are five of them. */
const INTERVAL_WEIGHT = 0.2;
/** A pause counts as at most this many intervals: after a night offline the rhythm is still the old one. */
const MAX_INTERVAL_GROWTH = 3;
/** No gauge is read less often than this; the bound of the first spacing. */
const MAX_INTERVAL_MS = 6 * 3_600_000;

export function createTimeline(rules: readonly BoundRule[], intervalMs: number): Timeline {
  const tracks = rules.map((rule) => rule.start);
  return { base: { measuredAt: 0, intervalMs, readings: 0, recent: NO_RECENT, tracks }, entries: [] };
}

export function headOf(timeline: Timeline): Fold {
  return timeline.entries.at(-1)?.fold ?? timeline.base;
}

/** Takes a reading into its place. The head is new unless the placement is `repeated` or `late`. */
export function insertReading(timeline: Timeline, rules: readonly BoundRule[], reading: Reading): Placement {
  const { entries } = timeline;
  const head = headOf(timeline);
  if (reading.measuredAt > head.measuredAt) {
    entries.push({ reading, fold: stepFold(head, rules, reading) });
    settle(timeline, reading.measuredAt - WATERMARK_MS);
    return 'newest';
  }
  if (reading.measuredAt <= timeline.base.measuredAt) return 'late';
  if (reading.measuredAt <= head.measuredAt - WATERMARK_MS) return 'late';
  let index = entries.length;
  while (index > 0) {
    const order = compareReadings((entries[index - 1] as Entry).reading, reading);
    if (order === 0) return 'repeated';
    if (order < 0) break;
    index--;
  }
  const after = entries.splice(index).map((entry) => entry.reading);
  let fold = headOf(timeline);
  for (const each of [reading, ...after]) {
    fold = stepFold(fold, rules, each);
    entries.push({ reading: each, fold });
  }
  settle(timeline, headOf(timeline).measuredAt - WATERMARK_MS);
  return index === entries.length - 1 ? 'newest' : 'reordered';
}

/** Moves what can no longer be reordered into the base. */
function settle(timeline: Timeline, beforeMs: number): void {
  const { entries } = timeline;
  let settled = 0;
  while (
    settled < entries.length - 1 &&
    ((entries[settled] as Entry).reading.measuredAt <= beforeMs || entries.length - settled > MAX_ENTRIES)
  ) {
    settled++;
  }
  if (settled === 0) return;
  timeline.base = (entries[settled - 1] as Entry).fold;
  entries.splice(0, settled);
}

function stepFold(fold: Fold, rules: readonly BoundRule[], reading: Reading): Fold {
  const at = reading.measuredAt;
  const intervalMs = smoothInterval(fold, at);
  const { levelM } = reading.values;
  const usable = typeof levelM === 'number' && !(reading.quality & FAILED_QUALITY);
  const recent = usable ? appendRecent(fold.recent, at, levelM, intervalMs) : fold.recent;
  const view: View = { intervalMs, recent, watermarkMs: WATERMARK_MS };
  const tracks: Track[] = new Array(rules.length);
  for (let index = 0; index < rules.length; index++) {
    tracks[index] = (rules[index] as BoundRule).step(fold.tracks[index] as Track, reading, view);
  }
  return { measuredAt: at, intervalMs, readings: fold.readings + 1, recent, tracks };
}

function smoothInterval({ measuredAt, intervalMs, readings }: Fold, at: number): number {
  const gapMs = at - measuredAt;
  if (readings === 0 || gapMs <= 0) return intervalMs;
  if (readings === 1) return Math.min(gapMs, MAX_INTERVAL_MS);
  const bounded = Math.min(gapMs, intervalMs * MAX_INTERVAL_GROWTH, MAX_INTERVAL_MS);
  return intervalMs + Math.max(INTERVAL_WEIGHT, 1 / readings) * (bounded - intervalMs);
}

/** Order of two readings of one device: by time, then by content; 0 only for the same reading. */
function compareReadings(a: Reading, b: Reading): number {
  if (a.measuredAt !== b.measuredAt) return a.measuredAt - b.measuredAt;
  const [left, right] = [JSON.stringify(a.values), JSON.stringify(b.values)];
  return left === right ? 0 : left < right ? -1 : 1;
}

export function saveTimeline({ base, entries }: Timeline, rules: readonly BoundRule[]): SavedTimeline {
  const { tracks, ...rest } = base;
  const byRule = Object.fromEntries(rules.map((rule, index) => [keyOf(rule), tracks[index] as Track]));
  return { base: rest, tracks: byRule, readings: entries.map(({ reading }) => packReading(reading)) };
}

/** The timeline as it was: the folds are worked out again. Rules that are new to it start empty. */
export function restoreTimeline(
  saved: SavedTimeline,
  rules: readonly BoundRule[],
  device: Pick<Reading, 'city' | 'kind' | 'device'>,
): Timeline {
  const tracks = rules.map((rule) => saved.tracks[keyOf(rule)] ?? rule.start);
  const readings = saved.readings.map((packed) => unpackReading(packed, device));
  return foldAll({ ...saved.base, tracks }, readings, rules);
}

/** The timeline with another base: the readings after it are folded again. */
export function rebaseTimeline(timeline: Timeline, base: Fold, rules: readonly BoundRule[]): Timeline {
  const readings = timeline.entries.map(({ reading }) => reading);
  return foldAll(base, readings, rules);
}

function foldAll(base: Fold, readings: readonly Reading[], rules: readonly BoundRule[]): Timeline {
  const timeline: Timeline = { base, entries: [] };
  for (const reading of readings) {
    timeline.entries.push({ reading, fold: stepFold(headOf(timeline), rules, reading) });
  }
  return timeline;
}

function packReading({ measuredAt, receivedAt, quality, simulated, values }: Reading): SavedReading {
  return [measuredAt, receivedAt, quality, simulated ? 1 : 0, values];
}

function unpackReading(
  [measuredAt, receivedAt, quality, simulated, values]: SavedReading,
  device: Pick<Reading, 'city' | 'kind' | 'device'>,
): Reading {
  return { ...device, measuredAt, receivedAt, quality, simulated: simulated === 1, values };
}

function keyOf(rule: BoundRule): string {
  return `${rule.name}@${rule.version}`;
}
