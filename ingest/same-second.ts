/**
 * Readings of one device that say the same whole second and different things: put a millisecond apart.
 *
 * Asked by quality.ts for readings whose own time counts. A clock of whole seconds says one time for two fixes or
 * levels; history keeps one point of an instant, so the second would replace the first. Invariants: a reading that
 * comes again gets the time that it got; a clock that stands still is not helped on; what adds to the other (a battery
 * beside a level) shares its time; beyond so many of one second the later one replaces the earlier, as it would of any
 * instant. Constant memory a device.
 */
import { haveSameQuantities, QualityFlag, type Reading, type Values } from '../devices/reading.ts';
import { DATED_BY_US, wordsOf } from './first-arrivals.ts';

const SECOND_MS = 1_000;
/** What was measured in one second comes in about as much; a clock that says it for longer stands still. */
const TOGETHER_MS = 2_000;
/**
 * Of one second, and of those that are remembered of a device because they were moved: what one client may have in
 * flight.
 */
export const MAX_REMEMBERED = 256;

export interface SameSecond {
  /** The last second that a reading said, and what was said of it. */
  secondMs: number;
  /** When the first reading of it came, by our clock. */
  firstAt: number;
  taken: Values[];
  moved: number;
  /** Second and words of a reading that was moved → the time that it got. */
  readonly given: Map<string, number>;
}

export function createSameSecond(): SameSecond {
  return { secondMs: Number.NaN, firstAt: 0, taken: [], moved: 0, given: new Map() };
}

/** The time of a reading whose own time counts: its own, or some milliseconds later. */
export function placeInSecond(second: SameSecond, { measuredAt, receivedAt, values }: Reading): number {
  // Nearly every reading: a clock with milliseconds, or the first word of its second.
  if (measuredAt % SECOND_MS !== 0) return measuredAt;
  const known = second.given.size > 0 ? second.given.get(keyOf(measuredAt, values)) : undefined;
  if (known !== undefined) return known;
  if (measuredAt !== second.secondMs) {
    second.secondMs = measuredAt;
    second.firstAt = receivedAt;
    second.taken = [values];
    second.moved = 0;
    return measuredAt;
  }
  const { taken } = second;
  if (taken.some((each) => haveSameQuantities(each, values))) return measuredAt;
  const isContrary = taken.some((each) => contradicts(each, values));
  if (taken.length >= MAX_REMEMBERED) return measuredAt;
  taken.push(values);
  if (!isContrary || receivedAt - second.firstAt > TOGETHER_MS) return measuredAt;
  const placed = measuredAt + ++second.moved;
  rememberMoved(second, measuredAt, values, placed);
  return placed;
}

/** Takes a reading from before a restart, in the journal's order: a repeat of it may still come. */
export function restoreSecond(second: SameSecond, reading: Reading): void {
  const { measuredAt, quality, values } = reading;
  if (quality & DATED_BY_US) return;
  const wasMoved = (quality & QualityFlag.timeEstimated) !== 0;
  if (!wasMoved) {
    placeInSecond(second, reading);
    return;
  }
  const secondMs = Math.floor(measuredAt / SECOND_MS) * SECOND_MS;
  rememberMoved(second, secondMs, values, measuredAt);
  if (secondMs !== second.secondMs) return;
  second.taken.push(values);
  second.moved = Math.max(second.moved, measuredAt - secondMs);
}

function rememberMoved({ given }: SameSecond, secondMs: number, values: Values, placed: number): void {
  given.set(keyOf(secondMs, values), placed);
  if (given.size > MAX_REMEMBERED) given.delete(given.keys().next().value as string);
}

function keyOf(secondMs: number, values: Values): string {
  return `${secondMs} ${wordsOf(values)}`;
}

/** One quantity, two values. */
function contradicts(a: Values, b: Values): boolean {
  for (const name in a) if (name in b && a[name] !== b[name]) return true;
  return false;
}
