/**
 * Standing jump: a level that leapt up in one step and has hardly moved since, as a gauge does whose datum or unit was
 * changed, and water does not.
 *
 * Kept by gauge-suspect. The alert of the level stands meanwhile: this takes nothing back. Invariant: plain data of
 * constant size, replaced when it changes.
 */
export interface StandingJump {
  /** The levels before and after the step, and when that was, epoch ms. */
  readonly fromM: number;
  readonly toM: number;
  readonly since: number;
  /** The lowest and the highest since, and how many came after it. */
  readonly lowM: number;
  readonly highM: number;
  readonly readings: number;
  /** It stood there from its first word: the level before is that of an ordinary day. */
  readonly isFirst?: boolean;
}

/** So many readings, and so long, ms, must have come after the step; a gauge that nobody knows may be in a flood. */
const STANDS_READINGS = 8;
const FIRST_READINGS = 24;
const STANDS_MS = 30 * 60_000;
/**
 * It has moved where its levels lie further apart than this, m, this share of the step, or so many times its scatter.
 */
const MOVED_M = 0.01;
const MOVED_SHARE = 0.02;
const MOVED_SCATTERS = 10;

/** What a level after `beforeM` says of it; null where nothing stands. `scatterM`: of two levels of a river at rest. */
export function nextStandingJump(
  jump: StandingJump | null,
  beforeM: number | null,
  levelM: number,
  at: number,
  jumpM: number,
  scatterM: number,
): StandingJump | null {
  if (beforeM !== null && levelM - beforeM > jumpM) {
    return { fromM: beforeM, toM: levelM, since: at, lowM: levelM, highM: levelM, readings: 0 };
  }
  if (!jump) return null;
  const lowM = Math.min(jump.lowM, levelM);
  const highM = Math.max(jump.highM, levelM);
  const stillM = Math.max(MOVED_M, MOVED_SHARE * (jump.toM - jump.fromM), MOVED_SCATTERS * scatterM);
  return highM - lowM > stillM ? null : { ...jump, lowM, highM, readings: jump.readings + 1 };
}

/** Of a gauge that stands at `levelM` with its first word, with this ordinary level. */
export function firstStandingJump(ordinaryM: number, levelM: number, at: number): StandingJump {
  return {
    fromM: ordinaryM,
    toM: levelM,
    since: at,
    lowM: levelM,
    highM: levelM,
    readings: 0,
    isFirst: true,
  };
}

export function standsStill({ readings, since, isFirst }: StandingJump, at: number): boolean {
  return readings >= (isFirst ? FIRST_READINGS : STANDS_READINGS) && at - since >= STANDS_MS;
}
