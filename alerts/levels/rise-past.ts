/**
 * Rise past: what a gauge's own past says of the rise that it is in.
 *
 * Moved by time-to-threshold with each level, and by the back-test, which asks the same. Each five minutes, or each
 * report of a slower gauge, a mark is set; when a mark is as old as the forecasts look ahead, how far the river
 * rose after it is learnt as a share of what its trend had promised (rise-shares.ts). So every level is foretold
 * before it is learnt. Marks go by time and not by reports: one reading in 5 s and one in an hour are judged alike.
 * Invariants: at most MAX_MARKS; what stands in the fields is replaced, never changed; the same levels give the same
 * memory.
 */
import { JUMP_START, type JumpState, judgeJump } from './level-jump.ts';
import {
  chanceOfShare,
  kindOfRise,
  learnShare,
  NO_SHARES,
  type RiseKind,
  type RiseShares,
} from './rise-shares.ts';

/** A look at the level, and what its trend promised then. */
export interface Mark {
  readonly at: number;
  readonly levelM: number;
  /** The highest level since the mark before. */
  readonly highM: number;
  readonly rise: Rise | null;
}

export interface Rise {
  readonly kind: RiseKind;
  /** The fastest of the slopes over a quarter, a half and a whole hour. */
  readonly fastestMPerH: number;
  /** The same, or the slope of the last five minutes where that is faster: a flash flood is young. */
  readonly paceMPerH: number;
}

export interface RisePast extends JumpState {
  marks: readonly Mark[];
  /** The lowest of the marks. */
  lowM: number;
  /** The highest level since the newest mark. */
  highM: number | undefined;
  /** The level without the noise of reports that come each few seconds, and when it was, epoch ms. */
  smoothM: number | undefined;
  smoothAt: number;
  shares: RiseShares;
  /** The mean level of the last days, of so many marks: heights are counted from it. */
  usualM: number;
  usualMarks: number;
}

/** How a gauge's levels are scaled: its highest threshold, and what is a jump, m. */
export interface RiseScale {
  readonly topM: number;
  readonly jumpM: number;
}

export const RISE_PAST_START: Readonly<RisePast> = Object.freeze({
  marks: Object.freeze([]),
  lowM: 0,
  highM: undefined,
  smoothM: undefined,
  smoothAt: 0,
  shares: NO_SHARES,
  usualM: 0,
  usualMarks: 0,
  ...JUMP_START,
});

const MIN_MS = 60_000;
const HOUR_MS = 60 * MIN_MS;
/** How far ahead a forecast looks: what was reached within this time is what is learnt. */
export const AHEAD_MS = 150 * MIN_MS;
/** A trend promises to go on for so long, h. */
export const PROMISE_H = 1.5;
/** Between two marks; a tenth less, as reports come with jitter. */
const MARK_SPACING_MS = 0.9 * 5 * MIN_MS;
/** A pause after which the marks before it teach nothing: four reports, and never less than this. */
const PAUSE_INTERVALS = 4;
const PAUSE_LEAST_MS = 70 * MIN_MS;
/** Marks of AHEAD_MS, and the one that is learnt: 150 / 4.5 + 2. */
export const MAX_MARKS = 36;
/** Time constant of the smoothing, ms: a report each minute counts for two thirds, one in 10 min for all. */
const SMOOTHING_MS = MIN_MS;
/** Slopes are taken over so long, less a tenth for jitter. */
const QUARTER_MS = 0.9 * 15 * MIN_MS;
const HALF_MS = 0.9 * 30 * MIN_MS;
const WHOLE_MS = 0.9 * HOUR_MS;
/** A rise of less than so many times the noise of a level is none: the difference of two, and the highest of many. */
const NOISE_RISE = 4 * Math.SQRT2;
/** The mean level looks back so long, ms: a flood is short beside it. */
const USUAL_MS = 10 * 24 * HOUR_MS;
/** No ladder is taken to be lower above the usual level, m. */
const LEAST_LADDER_M = 0.1;
/** Slower than this no river rises, m/h: it is rounding. */
const LEAST_MPH = 0.005;
/** A wave is over when it has lost this share of its rise. */
const TURNED_SHARE = 0.1;
/** A wave is looked for within this time. */
const WAVE_MS = 90 * MIN_MS;

/**
 * Takes a level in order of time, of a gauge with this noise. False where it is a jump that waits for the next reading.
 */
export function takeLevel(
  past: RisePast,
  scale: RiseScale,
  levelM: number,
  at: number,
  intervalMs: number,
  noiseM = 0,
): boolean {
  const jump = judgeJump(past, scale.jumpM, levelM);
  if (jump === 'waits') return false;
  if (jump === 'begins anew') {
    past.marks = [];
    past.highM = undefined;
    past.smoothM = undefined;
  }
  const before = past.smoothM;
  const sinceMs = at - past.smoothAt;
  const weight = before === undefined ? 1 : 1 - Math.exp(-sinceMs / SMOOTHING_MS);
  const smoothM = before === undefined ? levelM : before + weight * (levelM - before);
  past.smoothM = smoothM;
  past.smoothAt = at;
  past.highM = past.highM === undefined ? smoothM : Math.max(past.highM, smoothM);
  const newest = past.marks.at(-1);
  if (newest && at - newest.at < MARK_SPACING_MS) return true;
  const pauseMs = Math.max(PAUSE_LEAST_MS, PAUSE_INTERVALS * intervalMs);
  const rise =
    newest && at - newest.at <= pauseMs ? riseOf(past, scale, smoothedNoise(noiseM, intervalMs)) : undefined;
  if (newest && at - newest.at > pauseMs) past.marks = [];
  past.usualMarks++;
  const gapMs = newest ? Math.min(at - newest.at, pauseMs) : 0;
  past.usualM += Math.max(1 / past.usualMarks, gapMs / USUAL_MS) * (smoothM - past.usualM);
  setMark(past, { at, levelM: smoothM, highM: past.highM, rise: rise ?? null });
  return true;
}

/** No slope over a quarter of an hour or more can be steeper, m/h: one look, where the slopes themselves are many. */
export function steepestMPerH({ smoothM = 0, lowM }: RisePast): number {
  return ((smoothM - lowM) * HOUR_MS) / QUARTER_MS;
}

/** What is left of the noise of a level when it is smoothed, m. */
export function smoothedNoise(noiseM: number, intervalMs: number): number {
  if (noiseM === 0) return 0;
  const weight = 1 - Math.exp(-intervalMs / SMOOTHING_MS);
  return noiseM * Math.sqrt(weight / (2 - weight));
}

/**
 * The rise that the gauge is in, beyond what noise explains; undefined where it does not rise, or less than half an
 * hour of it is known. `noiseM`: of the smoothed level.
 */
export function riseOf(
  { marks, smoothM, smoothAt, usualM }: RisePast,
  scale: RiseScale,
  noiseM = 0,
): Rise | undefined {
  const oldest = marks[0];
  if (smoothM === undefined || !oldest || smoothAt - oldest.at < HALF_MS) return undefined;
  const surelyM = smoothM - NOISE_RISE * noiseM;
  const quarter = slopeOver(marks, surelyM, smoothAt, QUARTER_MS);
  const half = slopeOver(marks, surelyM, smoothAt, HALF_MS);
  const whole = slopeOver(marks, surelyM, smoothAt, WHOLE_MS);
  const fastestMPerH = Math.max(quarter, half, whole);
  if (!(fastestMPerH >= LEAST_MPH)) return undefined;
  const height = (smoothM - usualM) / Math.max(LEAST_LADDER_M, scale.topM - usualM);
  const paceMPerH = Math.max(fastestMPerH, slopeOver(marks, surelyM, smoothAt, MARK_SPACING_MS));
  return { kind: kindOfRise(fastestMPerH, quarter, whole, height), fastestMPerH, paceMPerH };
}

/** The probability, 0 to 1, that the river rises by `wayM` within AHEAD_MS. */
export function chanceOf({ shares }: RisePast, { kind, fastestMPerH }: Rise, wayM: number): number {
  return chanceOfShare(shares, kind, wayM / (fastestMPerH * PROMISE_H));
}

/** How much of the highest level of its wave the river has lost, m, and whether that is a tenth of it and no noise. */
export function lossOf(
  { marks, highM, smoothM, smoothAt }: RisePast,
  noiseM = 0,
): { lostM: number; hasTurned: boolean } {
  if (smoothM === undefined) return { lostM: 0, hasTurned: false };
  let lowM = Number.POSITIVE_INFINITY;
  let highestM = Number.NEGATIVE_INFINITY;
  let baseM = 0;
  const climb = (levelM: number) => {
    if (levelM < highestM) return;
    highestM = levelM;
    baseM = lowM;
  };
  for (const mark of marks) {
    if (smoothAt - mark.at > WAVE_MS) continue;
    climb(mark.highM);
    lowM = Math.min(lowM, mark.levelM);
  }
  climb(highM ?? smoothM);
  const lostM = highestM - smoothM;
  return { lostM, hasTurned: lostM > Math.max(NOISE_RISE * noiseM, TURNED_SHARE * (highestM - baseM)) };
}

function setMark(past: RisePast, mark: Mark): void {
  const { marks } = past;
  let first = 0;
  for (; first < marks.length; first++) {
    const oldest = marks[first] as Mark;
    if (mark.at - oldest.at <= AHEAD_MS && marks.length - first < MAX_MARKS) break;
    if (oldest.rise) learn(past, first, oldest, oldest.rise);
  }
  past.marks = [...marks.slice(first), mark];
  past.lowM = past.marks.reduce((lowM, { levelM }) => Math.min(lowM, levelM), mark.levelM);
  past.highM = undefined;
}

function learn(past: RisePast, index: number, { at, levelM }: Mark, { kind, fastestMPerH }: Rise): void {
  let highestM = levelM;
  for (let later = index + 1; later < past.marks.length; later++) {
    const { at: laterAt, highM } = past.marks[later] as Mark;
    if (laterAt - at > AHEAD_MS) break;
    highestM = Math.max(highestM, highM);
  }
  past.shares = learnShare(past.shares, kind, (highestM - levelM) / (fastestMPerH * PROMISE_H));
}

/** m/h from the newest mark that is at least so old; from the oldest where none is. */
function slopeOver(marks: readonly Mark[], levelM: number, at: number, spanMs: number): number {
  let index = marks.length - 1;
  while (index > 0 && at - (marks[index] as Mark).at < spanMs) index--;
  const from = marks[index] as Mark;
  return at > from.at ? ((levelM - from.levelM) * HOUR_MS) / (at - from.at) : 0;
}
