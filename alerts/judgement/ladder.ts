/**
 * The ladder: a value against ascending steps, with pending, hysteresis, hold and doubt.
 *
 * Used by every rule that compares a number with limits. A step up is taken at once (or after the step's
 * pending time), unless the value jumped further than the subject plausibly moves between two readings:
 * then the step is only claimed until what follows confirms or withdraws it (doubt.ts). A step down needs
 * `clearReadings` in a row that are `hysteresis` below it, over the hold time. Times are event time.
 */
import type { Rank } from '../alert.ts';
import { type Doubt, judgeDoubt, startDoubt, wordsNeeded } from './doubt.ts';

export interface LadderStep {
  readonly rank: Rank;
  readonly level: number;
  readonly comparator: '>=' | '>';
  /** The value must meet the step for this long. The top step of a river's is always 0. */
  readonly pendingMs: number;
  /** … or for so many report intervals of the device itself, where that is less. */
  readonly pendingIntervals?: number;
}

export interface LadderParameters {
  /** Ascending. */
  readonly steps: readonly LadderStep[];
  /** A step is left at `level − hysteresis` or below. */
  readonly hysteresis: number;
  /** Readings in a row below, before a step is left: at least 2, so that one dip clears nothing. */
  readonly clearReadings: number;
  /** The hold in report intervals of the device itself, within bounds. */
  readonly holdIntervals: number;
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
  /** A rise between two readings beyond this is doubted. Infinity never doubts. */
  readonly jump: number;
  /** The value of an ordinary day: what the very first reading is held against. */
  readonly ordinary?: number;
}

interface Run {
  readonly since: number;
  readonly count: number;
}

export interface LadderState {
  rank: Rank;
  previous: number | undefined;
  /** The one before: a single drop must not make the return from it look like a jump. */
  before: number | undefined;
  /** By step: since when the value meets it without a break, while it pends. */
  metSince: readonly (number | null)[] | undefined;
  /** By step: the run of readings that have left it, while it is still held. */
  below: readonly (Run | null)[] | undefined;
  doubt: Doubt | undefined;
  /** When a jump was last taken back. */
  spikedAt: number | undefined;
}

export const LADDER_START: Readonly<LadderState> = Object.freeze({
  rank: 0,
  previous: undefined,
  before: undefined,
  metSince: undefined,
  below: undefined,
  doubt: undefined,
  spikedAt: undefined,
});

/** A jump of no more than this many times the rise before it continues that rise and is no spike. */
const CONTINUED_RISE = 2;
/** Sums of decimal fractions are off by some 1e-16: 0.8 − 0.1 must equal 0.7. */
const EPSILON = 1e-9;

export function meets(step: LadderStep, value: number): boolean {
  return step.comparator === '>=' ? value >= step.level - EPSILON : value > step.level + EPSILON;
}

/** The highest rank whose step the value meets. */
export function rankMet(parameters: LadderParameters, value: number): Rank {
  let rank: Rank = 0;
  for (const step of parameters.steps) if (meets(step, value)) rank = step.rank;
  return rank;
}

/** The highest rank, up to `ceiling`, that the value has not left: hysteresis counts. */
function rankKept(parameters: LadderParameters, value: number, ceiling: Rank): Rank {
  let rank: Rank = 0;
  for (const step of parameters.steps) {
    if (step.rank <= ceiling && value > step.level - parameters.hysteresis + EPSILON) rank = step.rank;
  }
  return rank;
}

export function holdMs(parameters: LadderParameters, intervalMs: number): number {
  const { holdIntervals, holdMinMs, holdMaxMs } = parameters;
  return Math.min(holdMaxMs, Math.max(holdMinMs, holdIntervals * intervalMs));
}

function pendingMs({ pendingMs, pendingIntervals }: LadderStep, intervalMs: number): number {
  return pendingIntervals === undefined ? pendingMs : Math.min(pendingMs, pendingIntervals * intervalMs);
}

/** The state that goes with an open rank whose own state was lost. */
export function resumeLadder<S extends LadderState>(state: S, rank: Rank): S {
  return { ...state, rank };
}

/** The state under other steps: a rank that its last value has left by them ends without a hold. */
export function rejudgeLadder<S extends LadderState>(state: S, parameters: LadderParameters): S {
  if (state.previous === undefined) return state;
  const rank = rankKept(parameters, state.previous, state.rank);
  return { ...state, rank, metSince: undefined, below: undefined };
}

/** The rank that is claimed but not confirmed: 0 without doubt. */
export function doubtRank(state: LadderState): Rank {
  return state.doubt && state.doubt.rank > state.rank ? state.doubt.rank : 0;
}

/** Moves the state by a value. A jump beyond `far` is more than was ever done; the way up to `low` is no rise to continue. */
export function stepLadder(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
  far = Number.POSITIVE_INFINITY,
  low = Number.NEGATIVE_INFINITY,
): void {
  if (state.doubt) settleDoubt(state, state.doubt, parameters, value, at, intervalMs);
  if (state.doubt) return;
  const target = rankMet(parameters, value);
  if (target > state.rank) climb(state, parameters, value, at, intervalMs, target, far, low);
  else if (state.rank === 0) remember(state, value);
  else descend(state, parameters, value, at, intervalMs);
}

/** What a reading says of the jump before it. The doubt is gone from the state once it is settled. */
function settleDoubt(
  state: LadderState,
  doubt: Doubt,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
): void {
  const needed = wordsNeeded(state.spikedAt, at, intervalMs);
  const verdict = judgeDoubt(doubt, value, at, needed, (level) => rankMet(parameters, level));
  switch (verdict.kind) {
    case 'spike':
      state.doubt = undefined;
      state.previous = doubt.base;
      state.before = doubt.base;
      state.spikedAt = at;
      return;
    case 'undecided':
      state.doubt = verdict.doubt;
      state.before = state.previous;
      state.previous = value;
      return;
    case 'confirmed': {
      const rank = rankMet(parameters, verdict.level);
      state.doubt = undefined;
      if (rank > state.rank) state.rank = rank;
    }
  }
}

function climb(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
  target: Rank,
  far: number,
  low: number,
): void {
  const base = jumpedFrom(state, parameters, value, low);
  if (base !== undefined) {
    state.doubt = startDoubt(base, value, target, at, value - base > far);
    state.previous = value;
    state.before = base;
    state.metSince = undefined;
    state.below = undefined;
    return;
  }
  let { rank } = state;
  let metSince: (number | null)[] | undefined;
  for (const [index, step] of parameters.steps.entries()) {
    if (step.rank <= state.rank || step.rank > target) continue;
    const since = state.metSince?.[index] ?? at;
    if (at - since >= pendingMs(step, intervalMs)) rank = step.rank;
    else {
      metSince ??= parameters.steps.map(() => null);
      metSince[index] = since;
    }
  }
  remember(state, value);
  state.rank = rank;
  state.metSince = metSince;
}

/** The value before a jump that must be doubted; undefined where the value is believed. */
function jumpedFrom(
  { previous, before }: LadderState,
  { jump, ordinary }: LadderParameters,
  value: number,
  low: number,
): number | undefined {
  if (previous === undefined) {
    return ordinary !== undefined && value - ordinary > jump + EPSILON ? ordinary : undefined;
  }
  const base = Math.max(previous, before ?? previous);
  const from = before ?? previous;
  const rise = from < low - jump ? 0 : previous - Math.max(low, from);
  const continues = value - previous <= CONTINUED_RISE * rise;
  // What takes a jump back is measured from where the river is on an ordinary day, not from a drop-out before it.
  return value - base > jump + EPSILON && !continues
    ? Math.max(base, Math.min(low, value - jump))
    : undefined;
}

function descend(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
): void {
  if (rankKept(parameters, value, state.rank) === state.rank) {
    remember(state, value);
    return;
  }
  const held = holdMs(parameters, intervalMs);
  // Each step has a run of its own, so that a fast fall leaves all of them after one hold and not one by one.
  const below = parameters.steps.map((step, index): Run | null => {
    if (step.rank > state.rank || value > step.level - parameters.hysteresis + EPSILON) return null;
    const run = state.below?.[index];
    return { since: run?.since ?? at, count: (run?.count ?? 0) + 1 };
  });
  let rank: Rank = 0;
  for (const [index, step] of parameters.steps.entries()) {
    if (step.rank > state.rank) break;
    const run = below[index];
    if (!run || run.count < parameters.clearReadings || at - run.since < held) rank = step.rank;
  }
  remember(state, value);
  state.rank = rank;
  if (rank > 0) state.below = below;
}

/** The same rank, one value further; whatever was pending or held is not any more. */
function remember(state: LadderState, value: number): void {
  state.before = state.previous;
  state.previous = value;
  state.metSince = undefined;
  state.below = undefined;
}
