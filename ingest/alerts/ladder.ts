/**
 * The ladder: a value against ascending steps, with pending, hysteresis, hold and doubt.
 *
 * Used by every rule that compares a number with limits. A step up is taken at once (or after the step's
 * pending time), unless the value jumped further than the subject plausibly moves between two readings:
 * then the step is only claimed (doubt) until the next reading confirms or withdraws it. A step down needs
 * `clearReadings` in a row that are `hysteresis` below it, over the hold time. Pure; times are event time.
 */
import type { Rank } from './alert.ts';

export interface LadderStep {
  readonly rank: Rank;
  readonly level: number;
  readonly comparator: '>=' | '>';
  /** The value must meet the step for this long. The top step's is always 0. */
  readonly pendingMs: number;
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
}

interface Run {
  readonly since: number;
  readonly count: number;
}

export interface LadderState {
  readonly rank: Rank;
  readonly previous: number | undefined;
  /** The one before: a single drop must not make the return from it look like a jump. */
  readonly before: number | undefined;
  /** By step: since when the value meets it without a break, while it pends. */
  readonly metSince: readonly (number | null)[] | undefined;
  /** By step: the run of readings that have left it, while it is still held. */
  readonly below: readonly (Run | null)[] | undefined;
  readonly doubt: { readonly base: number; readonly value: number; readonly rank: Rank } | undefined;
}

export const LADDER_START: LadderState = Object.freeze({
  rank: 0,
  previous: undefined,
  before: undefined,
  metSince: undefined,
  below: undefined,
  doubt: undefined,
});

/** A reading that falls back by more than this share of the jump calls it a spike: water drains slower. */
const SPIKE_RETURN_SHARE = 2 / 3;
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

/** The rank that is claimed but not confirmed: 0 without doubt. */
export function doubtRank(state: LadderState): Rank {
  return state.doubt && state.doubt.rank > state.rank ? state.doubt.rank : 0;
}

export function stepLadder(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
): LadderState {
  const target = rankMet(parameters, value);
  const settled = state.doubt ? settleDoubt(state, value) : state;
  if (target > settled.rank) return climb(settled, parameters, value, at, target);
  if (settled.rank === 0) {
    return remember(settled, value);
  }
  return descend(settled, parameters, value, at, intervalMs);
}

/**
 * What the reading after a doubtful one says. Floods come fast and drain slowly: one that is back near the
 * level before the jump tells of a spike, any other that the water was there.
 */
function settleDoubt(state: LadderState, value: number): LadderState {
  const { base, value: doubted, rank } = state.doubt as NonNullable<LadderState['doubt']>;
  const isSpike = doubted - value > SPIKE_RETURN_SHARE * (doubted - base);
  return isSpike
    ? { ...state, doubt: undefined, previous: base, before: base }
    : { ...state, doubt: undefined, rank, previous: doubted, before: base };
}

function climb(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  target: Rank,
): LadderState {
  const { previous, before } = state;
  if (previous !== undefined) {
    const base = Math.max(previous, before ?? previous);
    const continues = value - previous <= CONTINUED_RISE * (previous - (before ?? previous));
    if (value - base > parameters.jump + EPSILON && !continues) {
      return { ...state, doubt: { base, value, rank: target }, below: undefined };
    }
  }
  let { rank } = state;
  let metSince: (number | null)[] | undefined;
  for (const [index, step] of parameters.steps.entries()) {
    if (step.rank <= state.rank || step.rank > target) continue;
    const since = state.metSince?.[index] ?? at;
    if (at - since >= step.pendingMs) rank = step.rank;
    else {
      metSince ??= parameters.steps.map(() => null);
      metSince[index] = since;
    }
  }
  return { rank, previous: value, before: previous, metSince, below: undefined, doubt: undefined };
}

function descend(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
): LadderState {
  if (rankKept(parameters, value, state.rank) === state.rank) return remember(state, value);
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
  return { ...remember(state, value), rank, below: rank === 0 ? undefined : below };
}

/** The same rank, one value further; the very same state when nothing in it changes. */
function remember(state: LadderState, value: number): LadderState {
  const { previous } = state;
  if (previous === value && state.before === value && !state.metSince && !state.below) return state;
  // Written out: this is made for each reading, and a spread costs several times as much.
  return {
    rank: state.rank,
    previous: value,
    before: previous,
    metSince: undefined,
    below: undefined,
    doubt: state.doubt,
  };
}
