/**
 * Level jump: which levels a forecast takes for the river's: a jump is when the next reading upholds it.
 *
 * Asked by rise-past.ts with each level. What is a jump is learnt from the largest step that stood. Invariant: one
 * reading alone is neither a rise nor a fall; the way back from a drop-out, however long that was, is no rise.
 */

export interface JumpState {
  /** The level before, the rise to it, and the largest step that stood, m. */
  lastM: number | undefined;
  lastRiseM: number;
  largestStepM: number;
  /** A jump that the next reading must uphold, and the level from which the last one fell. */
  jumpM: number | undefined;
  fellFromM: number | undefined;
  /** A jump up that was upheld, and has not gone on since: the level beyond which it has. */
  goesOnM: number | undefined;
}

/** `begins anew`: it stands, and what was before it says nothing of the rise. */
export type JumpVerdict = 'stands' | 'waits' | 'begins anew';

export const JUMP_START: Readonly<JumpState> = Object.freeze({
  lastM: undefined,
  lastRiseM: 0,
  largestStepM: 0,
  jumpM: undefined,
  fellFromM: undefined,
  goesOnM: undefined,
});

/** A step is a jump beyond this many times the largest that stood, and this many times the rise before it. */
const JUMP_STEPS = 1.5;
const JUMP_RISES = 3;
/** A rise goes on from its jump by this share of it; a gauge that was lifted or set to feet stands where it is. */
const GOES_ON_SHARE = 0.05;

/** `leastM`: no step of less is a jump. */
export function judgeJump(state: JumpState, leastM: number, levelM: number): JumpVerdict {
  const { lastM, jumpM: claimedM, fellFromM } = state;
  let verdict: JumpVerdict = 'stands';
  if (state.goesOnM !== undefined && (levelM >= state.goesOnM || levelM < (lastM ?? levelM) - leastM)) {
    state.goesOnM = undefined;
  }
  if (lastM !== undefined && claimedM !== undefined) {
    state.jumpM = undefined;
    const half = (claimedM - lastM) / 2;
    if ((levelM - lastM - half) * Math.sign(half) >= 0) verdict = uphold(state, claimedM, lastM, levelM);
  } else if (lastM !== undefined) {
    const stepM = Math.abs(levelM - lastM);
    if (stepM > leastM && stepM > JUMP_STEPS * state.largestStepM && stepM > JUMP_RISES * state.lastRiseM) {
      state.jumpM = levelM;
      return 'waits';
    }
    if (fellFromM !== undefined && levelM - lastM > (fellFromM - lastM) / 2) {
      verdict = uphold(state, levelM, lastM, levelM);
    } else if (levelM - lastM > state.largestStepM) state.largestStepM = levelM - lastM;
  }
  state.lastRiseM = lastM === undefined ? 0 : Math.max(0, levelM - lastM);
  state.lastM = levelM;
  return verdict;
}

/** A fall that stood may be a sensor's, and the way back from it is no rise. */
function uphold(state: JumpState, levelM: number, lastM: number, nowM: number): JumpVerdict {
  const { fellFromM } = state;
  const isReturn = fellFromM !== undefined && levelM - lastM > (fellFromM - lastM) / 2;
  if (levelM > lastM && !isReturn) {
    state.largestStepM = Math.max(state.largestStepM, levelM - lastM);
    const goesOnM = levelM + GOES_ON_SHARE * (levelM - lastM);
    state.goesOnM = nowM < goesOnM ? goesOnM : undefined;
    return 'stands';
  }
  state.fellFromM = levelM < lastM ? Math.max(lastM, fellFromM ?? lastM) : undefined;
  return 'begins anew';
}
