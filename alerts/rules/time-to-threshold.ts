/**
 * Time to threshold: which of its next levels the river will reach, when, and how probably.
 *
 * Judged by the gauge's own past (levels/rise-past.ts): a threshold is claimed when enough of the rises like this
 * one went so far, and its way is no longer than the fastest slope promises. Invariants: a claim is made and given
 * up per threshold, and one alert carries them all; it is worked out anew with each reading; none begins after the
 * peak, none outlives its time or the silence of its gauge (judgement/expire.ts).
 */
import { isRiverGauge, type Threshold } from '../../devices/kinds/river-gauge.ts';
import { type Rank, rankOf } from '../alert.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack, type Episode } from '../judgement/track.ts';
import { isNoiseKnown, noiseOf, roundsLevels } from '../levels/noise.ts';
import type { Recent } from '../levels/recent.ts';
import {
  AHEAD_MS,
  chanceOf,
  lossOf,
  PROMISE_H,
  RISE_PAST_START,
  type Rise,
  type RisePast,
  type RiseScale,
  riseOf,
  smoothedNoise,
  steepestMPerH,
  takeLevel,
} from '../levels/rise-past.ts';
import { readShares } from '../levels/rise-shares.ts';
import { stillSince } from '../levels/trend.ts';
import { describeForecast, describeForecastEnd, type Prediction } from './forecast-words.ts';
import { type Claim, isAnother, predict } from './predict.ts';
import { levelOf } from './river-level.ts';

export type { Prediction } from './forecast-words.ts';

export interface TimeToThresholdParameters {
  readonly thresholds: readonly Threshold[];
  readonly hysteresisM: number;
  /** Worked out for the gauge. */
  readonly scale: RiseScale | undefined;
  /** Claimed from this probability on, … */
  readonly chanceToClaim: number;
  /** … where the fastest slope is there within this time, ms, … */
  readonly promiseMs: number;
  /** … and given up below this one, after so long, ms. */
  readonly chanceToKeep: number;
  readonly giveUpAfterMs: number;
}

interface Memory extends RisePast {
  claims: readonly Claim[];
  /** Thresholds that were reached and not left by the hysteresis since: nobody need be told that they will be. */
  reached: readonly number[];
  /** What would be said now, where something is claimed. */
  present: Prediction | undefined;
}

const NO_CLAIMS: readonly Claim[] = Object.freeze([]);
const START: Readonly<Memory> = Object.freeze({
  ...RISE_PAST_START,
  claims: NO_CLAIMS,
  reached: Object.freeze([]),
  present: undefined,
});
const MIN_MS = 60_000;
const HOUR_MS = 60 * MIN_MS;
/** A jump, as a share of the ladder's span, and never less than this, m. */
const JUMP_SHARE = 0.2;
const JUMP_LEAST_M = 0.15;
/** Levels in a row, of a gauge whose noise is not known yet. */
const STEADY_LEVELS = 4;
export const timeToThreshold = defineTrackRule<TimeToThresholdParameters, Memory>({
  name: 'time-to-threshold',
  version: 5,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: {
    thresholds: [],
    hysteresisM: 0.1,
    scale: undefined,
    chanceToClaim: 0.4,
    promiseMs: PROMISE_H * HOUR_MS,
    chanceToKeep: 0.1,
    giveUpAfterMs: 30 * MIN_MS,
  },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return undefined;
    const { thresholds, hysteresisM } = site;
    return { ...parameters, thresholds, hysteresisM, scale: scaleOf(thresholds) };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    const { scale, thresholds } = parameters;
    if (levelM === undefined || !scale || view.suspicion) return;
    const at = reading.measuredAt;
    const noise = noiseOf(view.noise);
    if (!takeLevel(memory, scale, levelM, at, view.intervalMs, noise)) return;
    const noiseM = smoothedNoise(noise, view.intervalMs);
    memory.reached = reachedAfter(memory.reached, levelM, parameters);
    const before = memory.claims;
    if (before.length === 0 && (memory.goesOnM !== undefined || !mayClaim(memory, levelM, parameters)))
      return;
    // Of a gauge that nobody knows two high readings may be its noise: it must have risen steadily.
    if (before.length === 0 && !isNoiseKnown(view.noise) && !hasRisenSteadily(view.recent)) return;
    const rise = levelM < scale.topM ? riseOf(memory, scale, noiseM) : undefined;
    if (before.length === 0 && !rise) return;
    const claims = claim(memory, levelM, at, rise, noiseM, parameters);
    if (before.length === 0 && claims.length === 0) return;
    memory.claims = claims;
    const target = claims.at(-1);
    if (!target) {
      memory.present = undefined;
      const still = stillSince(view.recent, roundsLevels(view.noise));
      const end = still && track.episode ? { ...track.episode.detail, stillSince: still } : undefined;
      advanceTrack(track, reading, 0, levelM, 0, end);
      return;
    }
    const isOther = !sameClaims(claims, before);
    if (rise || isOther) memory.present = predict(memory, claims, levelM, at, rise, thresholds);
    const told = track.episode?.detail as Prediction | undefined;
    const isNews = isOther || !told || isAnother(memory.present as Prediction, told, at);
    const detail = isNews ? (memory.present as Record<string, unknown>) : undefined;
    advanceTrack(track, reading, rankBelow(thresholds[target.threshold] as Threshold), levelM, 0, detail);
  },
  learnt(memory) {
    const shares = readShares((memory as Partial<Memory> | undefined)?.shares);
    return shares ? { shares } : {};
  },
  experience: ({ shares }) => shares.learnt,
  present: ({ present }) => present as Record<string, unknown> | undefined,
  foretellsUntil({ claims, present, smoothAt }) {
    return claims.length > 0 ? (present?.atMs ?? smoothAt) + AHEAD_MS : undefined;
  },
  fallSilent: (memory) => ({ ...memory, claims: NO_CLAIMS, present: undefined }),
  resume(memory, { detail }, { thresholds }) {
    const { claims = [] } = detail as Prediction;
    const own = claims.flatMap(({ levelM, since }) => {
      const threshold = thresholds.findIndex((each) => each.levelM === levelM);
      return threshold < 0 ? [] : [{ threshold, since, missSince: null }];
    });
    return { ...memory, claims: own, present: detail as Prediction };
  },
  describe: (episode: Episode, _rank, { thresholds }, facts) => describeForecast(episode, thresholds, facts),
  describeEnd: (episode, { thresholds }, facts) => describeForecastEnd(episode, thresholds, facts),
});

/** How the past of a gauge with this ladder is scaled. */
export function scaleOf(thresholds: readonly Threshold[]): RiseScale | undefined {
  const lowestM = thresholds[0]?.levelM;
  const topM = thresholds.at(-1)?.levelM;
  if (lowestM === undefined || topM === undefined) return undefined;
  return { topM, jumpM: Math.max(JUMP_LEAST_M, JUMP_SHARE * (topM - lowestM)) };
}

/** One rank below the level that is expected: it is not there yet. */
function rankBelow({ severity }: Threshold): Rank {
  return Math.max(1, rankOf(severity) - 1) as Rank;
}

function isReached({ comparator, levelM: limitM }: Threshold, levelM: number): boolean {
  return comparator === '>' ? levelM > limitM : levelM >= limitM;
}

function hasRisenSteadily({ value }: Recent): boolean {
  const last = value.slice(-STEADY_LEVELS);
  return (
    last.length === STEADY_LEVELS &&
    last.every((levelM, index) => index === 0 || levelM > (last[index - 1] as number))
  );
}

/** A cheap look before the rise is worked out: can the next threshold be reached at all? */
function mayClaim(
  past: RisePast,
  levelM: number,
  { thresholds, promiseMs }: TimeToThresholdParameters,
): boolean {
  for (const { levelM: limitM } of thresholds) {
    if (limitM > levelM) return limitM - levelM <= (steepestMPerH(past) * promiseMs) / HOUR_MS;
  }
  return false;
}

/** The very same list where nothing changed, as nearly always. */
function reachedAfter(
  before: readonly number[],
  levelM: number,
  { thresholds, hysteresisM }: TimeToThresholdParameters,
): readonly number[] {
  const isIn = (index: number) => {
    const threshold = thresholds[index] as Threshold;
    const stays = levelM > threshold.levelM - hysteresisM && before.includes(index);
    return stays || isReached(threshold, levelM);
  };
  let count = 0;
  while (count < thresholds.length && isIn(count)) count++;
  // The thresholds ascend, and so do those that are reached: the first few of them.
  return count === before.length ? before : thresholds.slice(0, count).map((_, index) => index);
}

function claim(
  memory: Memory,
  levelM: number,
  at: number,
  rise: Rise | undefined,
  noiseM: number,
  {
    thresholds,
    hysteresisM,
    chanceToClaim,
    promiseMs,
    chanceToKeep,
    giveUpAfterMs,
  }: TimeToThresholdParameters,
): readonly Claim[] {
  const wayMaxM = rise ? (rise.fastestMPerH * promiseMs) / HOUR_MS : 0;
  let loss: ReturnType<typeof lossOf> | undefined;
  const claims: Claim[] = [];
  for (const [index, threshold] of thresholds.entries()) {
    if (isReached(threshold, levelM)) continue;
    const wayM = threshold.levelM - levelM;
    const old = memory.claims.find((each) => each.threshold === index);
    if (!old && (wayM > wayMaxM || memory.reached.includes(index))) continue;
    loss ??= lossOf(memory, noiseM);
    const chance = rise && !loss.hasTurned ? chanceOf(memory, rise, wayM) : 0;
    if (!old) {
      if (chance >= chanceToClaim) claims.push({ threshold: index, since: at, missSince: null });
    } else if (chance >= chanceToKeep) {
      claims.push(old.missSince === null ? old : { ...old, missSince: null });
    } else {
      // A ripple is no turn.
      const isOver = loss.hasTurned && loss.lostM > hysteresisM / 2;
      const missSince = old.missSince ?? at;
      if (!isOver && at - missSince < giveUpAfterMs) claims.push({ ...old, missSince });
    }
  }
  return claims;
}

function sameClaims(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.length === b.length && a.every((each, index) => each.threshold === b[index]?.threshold);
}
