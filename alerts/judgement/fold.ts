/**
 * Fold: all that the readings of one device, up to one of them, came to: its rhythm, its last levels, their noise,
 * and a track of each rule.
 *
 * Moved in place by stepFold, a reading at a time, since by far the most readings come in order and nobody
 * asks what was before them; whoever wants to come back to it keeps a copy. Invariant: a fold shares nothing
 * that is ever changed with its copies.
 */
import { FAILED_QUALITY } from '../../devices/reading.ts';
import { learnNoise, NOISE_START, type Noise } from '../levels/noise.ts';
import { appendRecent, copyRecent, createRecent, type Recent } from '../levels/recent.ts';
import type { Observation } from './observation.ts';
import type { BoundRule, Suspicion } from './rule.ts';
import { copyTrack, forgetSettled, type Track } from './track.ts';

export interface Fold {
  /** Of the newest reading in it; 0 before the first. */
  measuredAt: number;
  /** Smoothed time between two readings, by the device's clock, ms; the kind's own until two were seen. */
  intervalMs: number;
  readings: number;
  readonly recent: Recent;
  /** Of the levels before the newest. */
  readonly noise: Noise;
  /** Of the newest reading: why its level is not believed. */
  suspicion: Suspicion | undefined;
  /** One a rule, in the order of the device's rules. */
  readonly tracks: readonly Track[];
}

/** Weight of a new spacing in the smoothed report interval, once there are five of them. */
const INTERVAL_WEIGHT = 0.2;
/** A pause counts as at most this many intervals: after a night offline the rhythm is still the old one. */
const MAX_INTERVAL_GROWTH = 3;
/** No gauge is read less often than this; the bound of the first spacing. */
const MAX_INTERVAL_MS = 6 * 3_600_000;

export function createFold(rules: readonly BoundRule[], intervalMs: number): Fold {
  const tracks = rules.map(({ start }) => copyTrack(start));
  return {
    measuredAt: 0,
    intervalMs,
    readings: 0,
    recent: createRecent(),
    noise: { ...NOISE_START },
    suspicion: undefined,
    tracks,
  };
}

export function copyFold({ recent, noise, tracks, ...rest }: Fold): Fold {
  return { ...rest, recent: copyRecent(recent), noise: { ...noise }, tracks: tracks.map(copyTrack) };
}

/** Takes the next reading in order of time. */
export function stepFold(fold: Fold, rules: readonly BoundRule[], reading: Observation): void {
  const at = reading.measuredAt;
  fold.intervalMs = smoothInterval(fold, at);
  fold.measuredAt = at;
  fold.readings++;
  fold.suspicion = undefined;
  let index = 0;
  while (rules[index]?.screens) stepRule(fold, rules, index++, reading);
  const { levelM } = reading.values;
  const isBelieved = typeof levelM === 'number' && !(reading.quality & FAILED_QUALITY) && !fold.suspicion;
  if (isBelieved) appendRecent(fold.recent, at, levelM, fold.intervalMs);
  for (; index < rules.length; index++) stepRule(fold, rules, index, reading);
  if (isBelieved) learnNoise(fold.noise, levelM);
}

function stepRule(fold: Fold, rules: readonly BoundRule[], index: number, reading: Observation): void {
  const { step, prepared } = rules[index] as BoundRule;
  const track = fold.tracks[index] as Track;
  if (track.closed.length > 0) forgetSettled(track, reading.measuredAt);
  step(track, track.memory, reading, fold, prepared);
}

function smoothInterval({ measuredAt, intervalMs, readings }: Fold, at: number): number {
  const gapMs = at - measuredAt;
  if (readings === 0 || gapMs <= 0) return intervalMs;
  if (readings === 1) return Math.min(gapMs, MAX_INTERVAL_MS);
  const bounded = Math.min(gapMs, intervalMs * MAX_INTERVAL_GROWTH, MAX_INTERVAL_MS);
  return intervalMs + Math.max(INTERVAL_WEIGHT, 1 / readings) * (bounded - intervalMs);
}
