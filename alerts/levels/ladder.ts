/**
 * The ladder: a value against ascending steps, with pending, hysteresis, hold and doubt.
 *
 * Used by every rule that compares a number with limits. A step up is taken at once (or after the step's
 * pending time), unless the value jumped further than the subject plausibly moves between two readings:
 * then the step is only claimed until what follows confirms or withdraws it (doubt.ts). A step down needs
 * `clearReadings` in a row that are `hysteresis` below it, over the hold time. Times are event time.
 */
import type { Rank } from '../alert.ts';
import { claimsAfter, type Doubt, judgeDoubt, nextSpikes, startDoubt, wordsNeeded } from './doubt.ts';
import type { LadderBounds, LadderParameters, LadderState, LadderStep, Run } from './ladder-state.ts';

export { LADDER_START, type LadderParameters, type LadderState } from './ladder-state.ts';

/** A jump of no more than this many times the rise before it continues that rise and is no spike. */
const CONTINUED_RISE = 2;
/** Sums of decimal fractions are off by some 1e-16: 0.8 − 0.1 must equal 0.7. */
const EPSILON = 1e-9;
/**
 * A noisy value meets a step when it has been beyond it by so many times its noise in all: at once when it is as far
 * beyond, in a few readings that hover above it; from two times below it never, in years of readings (a CUSUM test).
 */
const BEYOND_NOISE = 3;

export function meets(step: LadderStep, value: number): boolean {
  return step.comparator === '>=' ? value >= step.level - EPSILON : value > step.level + EPSILON;
}

/** The highest rank whose step the value meets. */
function rankMet(parameters: LadderParameters, value: number): Rank {
  let rank: Rank = 0;
  for (const step of parameters.steps) if (meets(step, value)) rank = step.rank;
  return rank;
}

/** The highest rank, up to `ceiling`, that the value has not left: hysteresis counts. */
function rankKept({ steps }: LadderParameters, hysteresis: number, value: number, ceiling: Rank): Rank {
  let rank: Rank = 0;
  for (const step of steps) {
    if (step.rank <= ceiling && value > step.level - hysteresis + EPSILON) rank = step.rank;
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
  const rank = rankKept(parameters, parameters.hysteresis, state.previous, state.rank);
  return { ...state, rank, metSince: undefined, below: undefined };
}

/** The rank that is claimed but not confirmed: 0 without doubt, and of a jump that must be upheld before it is told. */
export function doubtRank(state: LadderState): Rank {
  const { doubt, rank } = state;
  return doubt && !isKnownSpike(state) && doubt.rank > rank ? doubt.rank : 0;
}

/** A jump like others that were taken back, and not upheld any longer than those. */
export function isKnownSpike({ doubt }: LadderState): boolean {
  return doubt !== undefined && doubt.upheld < (doubt.claimsAfter ?? 0);
}

/** Moves the state by a value. */
export function stepLadder(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  at: number,
  intervalMs: number,
  bounds: LadderBounds = {},
): void {
  const { far = Number.POSITIVE_INFINITY, low = Number.NEGATIVE_INFINITY } = bounds;
  const { mayEnd = true, noise = 0, hysteresis = parameters.hysteresis } = bounds;
  if (state.doubt) settleDoubt(state, state.doubt, parameters, value, at, intervalMs);
  if (state.doubt) return;
  const target = noise > 0 ? rankBeyondNoise(state, parameters, value, noise) : rankMet(parameters, value);
  if (target > state.rank) climb(state, parameters, value, at, intervalMs, target, far, low);
  else if (state.rank === 0) remember(state, value);
  else descend(state, parameters, hysteresis, value, at, intervalMs, mayEnd);
}

/** The highest rank whose step the values have met beyond what noise explains. */
function rankBeyondNoise(
  state: LadderState,
  { steps }: LadderParameters,
  value: number,
  noise: number,
): Rank {
  const beyond = steps.map(({ level }, index) =>
    Math.min(BEYOND_NOISE, Math.max(0, (state.beyond?.[index] ?? 0) + (value - level) / noise)),
  );
  state.beyond = beyond;
  let rank: Rank = 0;
  for (const [index, step] of steps.entries()) {
    if (meets(step, value) && (beyond[index] as number) >= BEYOND_NOISE - EPSILON) rank = step.rank;
  }
  return rank;
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
      state.spikes = nextSpikes(state, doubt, at, intervalMs, parameters.jump);
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
    const after = claimsAfter(state, value, at, intervalMs, parameters.jump);
    const doubt = startDoubt(base, value, target, at, value - base > far);
    state.doubt = after === undefined ? doubt : { ...doubt, claimsAfter: after };
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

/** Whether the value would claim a higher rank, and by a jump. */
export function claimsByJump(
  state: LadderState,
  parameters: LadderParameters,
  value: number,
  low: number,
): boolean {
  return rankMet(parameters, value) > state.rank && jumpedFrom(state, parameters, value, low) !== undefined;
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
  hysteresis: number,
  value: number,
  at: number,
  intervalMs: number,
  mayEnd: boolean,
): void {
  if (rankKept(parameters, hysteresis, value, state.rank) === state.rank) {
    remember(state, value);
    return;
  }
  const held = holdMs(parameters, intervalMs);
  // Each step has a run of its own, so that a fast fall leaves all of them after one hold and not one by one.
  const below = parameters.steps.map((step, index): Run | null => {
    if (step.rank > state.rank || value > step.level - hysteresis + EPSILON) return null;
    const run = state.below?.[index];
    return { since: run?.since ?? at, count: (run?.count ?? 0) + 1 };
  });
  let rank: Rank = 0;
  for (const [index, step] of parameters.steps.entries()) {
    if (step.rank > state.rank) break;
    const run = below[index];
    const isHeld = !run || run.count < parameters.clearReadings || at - run.since < held;
    if (isHeld || (rank === 0 && !mayEnd)) rank = step.rank;
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
