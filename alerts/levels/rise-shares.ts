/**
 * Rise shares: how far a river still rose, as a share of what its trend had promised, by the kind of rise.
 *
 * Learnt and asked by rise-past.ts; part of a rule's memory, so plain JSON that is replaced and never changed. The
 * shares are counted in cells of like rises: by speed, by speed and bend, and by both and the height on the ladder.
 * A narrow cell that knows little leans on the wider one, the widest on a prior. Invariants: bounded, as no cell
 * weighs more than MAX_WEIGHT and the older half fades as new ones come; the same rises give the same counts.
 */

/** A kind of rise: the classes of its speed, its bend, and the height at which it is. */
export interface RiseKind {
  readonly speed: number;
  readonly bend: number;
  readonly height: number;
}

/** How many shares fell between each bound of SHARES and the next; fractions, since the old ones fade. */
type Counts = readonly number[];

interface BendCell {
  readonly all: Counts;
  readonly heights: readonly (Counts | null)[];
}

interface SpeedCell {
  readonly all: Counts;
  readonly bends: readonly (BendCell | null)[];
}

export interface RiseShares {
  /** Of this layout; what is of another is not used. */
  readonly layout: number;
  readonly learnt: number;
  readonly speeds: readonly (SpeedCell | null)[];
}

const LAYOUT = 1;
/** Bounds of the classes: m/h … */
const SPEEDS = [0.03, 0.1, 0.2, 0.4, 0.8, 1.6];
/** … the last quarter of an hour's slope by the last hour's; the last class holds what fell an hour ago … */
const BENDS = [0.5, 0.8, 0.95, 1.1, 1.3, 2];
/** … and the share of the way from the ordinary level to the highest threshold. */
const HEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Lower bounds of the counted shares. */
const SHARES = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.3, 1.7, 2.5, 4];
/** Where the highest class ends, for the part of it that lies above a share. */
const SHARES_END = 8;
/** Shares that a cell holds before its counts are halved. */
const MAX_WEIGHT = 200;
/** A cell counts as much as the one around it once it has so many shares: cell, speed and bend, speed. */
const LEANS = { height: 4, bend: 10, speed: 10 };
/**
 * Before anything is learnt, half of the rises of a bend go on for at least this share of the promise. Set by hand,
 * between synthetic waves that peak after half an hour and after twelve; fitted to no river.
 */
const PRIOR_MEDIANS = [0.15, 0.4, 0.5, 0.55, 0.6, 0.6, 0.6];

export const NO_SHARES: RiseShares = Object.freeze({
  layout: LAYOUT,
  learnt: 0,
  speeds: Object.freeze(SPEEDS.map(() => null).concat(null)),
});

/** `latestMPerH` by `hourMPerH` is the bend; `height` 0 is the ordinary level and 1 the highest threshold. */
export function kindOfRise(
  fastestMPerH: number,
  latestMPerH: number,
  hourMPerH: number,
  height: number,
): RiseKind {
  return {
    speed: classOf(SPEEDS, fastestMPerH),
    bend: hourMPerH > 0 ? classOf(BENDS, latestMPerH / hourMPerH) : BENDS.length,
    height: classOf(HEIGHTS, height),
  };
}

export function learnShare(shares: RiseShares, kind: RiseKind, share: number): RiseShares {
  const index = Math.max(0, classOf(SHARES, share) - 1);
  const bySpeed = shares.speeds[kind.speed];
  const byBend = bySpeed?.bends[kind.bend];
  const bend: BendCell = {
    all: count(byBend?.all, index),
    heights: replace(
      byBend?.heights ?? empty(HEIGHTS),
      kind.height,
      count(byBend?.heights[kind.height], index),
    ),
  };
  const speed: SpeedCell = {
    all: count(bySpeed?.all, index),
    bends: replace(bySpeed?.bends ?? empty(BENDS), kind.bend, bend),
  };
  return { layout: LAYOUT, learnt: shares.learnt + 1, speeds: replace(shares.speeds, kind.speed, speed) };
}

/** The probability, 0 to 1, that a rise of this kind goes on for at least this share of its promise. */
export function chanceOfShare({ speeds }: RiseShares, kind: RiseKind, share: number): number {
  const bySpeed = speeds[kind.speed];
  const byBend = bySpeed?.bends[kind.bend];
  let chance = 0.5 ** (share / (PRIOR_MEDIANS[kind.bend] as number));
  chance = lean(bySpeed?.all, LEANS.speed, share, chance);
  chance = lean(byBend?.all, LEANS.bend, share, chance);
  return lean(byBend?.heights[kind.height], LEANS.height, share, chance);
}

/** What was saved, be it by another version: undefined where it cannot be used. */
export function readShares(saved: unknown): RiseShares | undefined {
  const { layout, learnt, speeds } = (saved ?? {}) as Partial<RiseShares>;
  if (layout !== LAYOUT || typeof learnt !== 'number' || !Array.isArray(speeds)) return undefined;
  const isSound =
    speeds.length === SPEEDS.length + 1 && speeds.every((cell) => cell === null || isCell(cell));
  return isSound ? { layout, learnt, speeds } : undefined;
}

function isCell({ all, bends }: Partial<SpeedCell>): boolean {
  return (
    isCounts(all) &&
    Array.isArray(bends) &&
    bends.length === BENDS.length + 1 &&
    bends.every(
      (bend: Partial<BendCell> | null) =>
        bend === null ||
        (isCounts(bend.all) &&
          Array.isArray(bend.heights) &&
          bend.heights.length === HEIGHTS.length + 1 &&
          bend.heights.every((counts) => counts === null || isCounts(counts))),
    )
  );
}

function isCounts(counts: unknown): boolean {
  return (
    Array.isArray(counts) &&
    counts.length === SHARES.length &&
    counts.every((each) => typeof each === 'number' && each >= 0)
  );
}

/** The chance by a cell's counts, which weigh as their number, beside what the wider cell says. */
function lean(counts: Counts | null | undefined, weight: number, share: number, wider: number): number {
  if (!counts) return wider;
  let total = 0;
  let beyond = 0;
  for (let index = 0; index < SHARES.length; index++) {
    const here = counts[index] as number;
    const from = SHARES[index] as number;
    const to = SHARES[index + 1] ?? SHARES_END;
    total += here;
    if (from >= share) beyond += here;
    else if (to > share) beyond += (here * (to - share)) / (to - from);
  }
  return (beyond + weight * wider) / (total + weight);
}

function count(counts: Counts | null | undefined, index: number): Counts {
  const next = counts ? counts.slice() : new Array<number>(SHARES.length).fill(0);
  next[index] = (next[index] as number) + 1;
  const total = next.reduce((sum, each) => sum + each, 0);
  // Two decimals, so that what is saved stays short.
  return total > MAX_WEIGHT ? next.map((each) => Math.round(each * 50) / 100) : next;
}

function classOf(bounds: readonly number[], value: number): number {
  let index = 0;
  while (index < bounds.length && value >= (bounds[index] as number)) index++;
  return index;
}

function empty(bounds: readonly number[]): null[] {
  return new Array<null>(bounds.length + 1).fill(null);
}

function replace<T>(list: readonly T[], index: number, value: T): T[] {
  const next = list.slice();
  next[index] = value;
  return next;
}
