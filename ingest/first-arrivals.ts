/**
 * Readings that we dated ourselves, to know each by something else when it comes again.
 *
 * Asked by quality.ts, so that the journal sees a repeat and stores it once. Invariant: what comes much later, or says
 * something else, is no repeat, and nothing is kept for it.
 */
import { haveSameQuantities, ownTimeOf, QualityFlag, type Reading, type Values } from '../devices/reading.ts';

/**
 * A publish is repeated as soon as the device is connected again. Later than this after the first, the same
 * `seq` with the same values is a new reading: a node that wakes up once an hour may say `seq` 1 each time.
 */
export const REPEAT_WITHIN_MS = 10 * 60_000;
/** Readings of these ten minutes that are remembered of a device: what one client may have in flight. */
export const REMEMBERED_SEQS = 256;

/** Its time is not the device's own, so that a repeat must be known by something else. */
export const DATED_BY_US = QualityFlag.serverTime | QualityFlag.clockOff;

export interface FirstArrivals {
  /** The last reading that we dated. */
  lastUndated: Reading | undefined;
  /** What tells a reading without a time from others → its first arrival, which got the time of receipt. */
  readonly firstByCount: Map<string, Reading>;
}

/** Our clock was set and says `nowMs`: a repeat may still come, for no longer than after any other first arrival. */
export function capArrivals(past: FirstArrivals, nowMs: number): void {
  const byNow = (reading: Reading) => ({ ...reading, receivedAt: Math.min(reading.receivedAt, nowMs) });
  for (const [count, first] of past.firstByCount) past.firstByCount.set(count, byNow(first));
  if (past.lastUndated) past.lastUndated = byNow(past.lastUndated);
}

/**
 * The time of the first arrival of a reading without a time of its own that comes again (a publish repeated after
 * a lost PUBACK), so that the journal sees a repeat. It is known by its `seq`, or by the clock that was refused, and by
 * its quantities.
 * The same with other values, or much later, is no repeat: the device has restarted and counts anew.
 */
export function firstTimeOf(past: FirstArrivals, reading: Reading): number | undefined {
  const count = countOf(reading);
  const first = count === undefined ? undefined : past.firstByCount.get(count);
  const isRepeat = first !== undefined && reading.receivedAt - first.receivedAt <= REPEAT_WITHIN_MS;
  return isRepeat ? first.measuredAt : undefined;
}

/** The time of the last reading without one, where this says the same and may be it. */
export function lastTimeOf({ lastUndated }: FirstArrivals, reading: Reading): number | undefined {
  if (!lastUndated || reading.receivedAt - lastUndated.receivedAt > REPEAT_WITHIN_MS) return undefined;
  return haveSameQuantities(lastUndated.values, reading.values) ? lastUndated.measuredAt : undefined;
}

/**
 * What tells a reading without a time of its own from the others of its device: its clock or `seq`, and what it says.
 * A clock of whole seconds says one time twice, and each of the two may come again.
 */
function countOf({ seq, quality, values }: Reading): string | undefined {
  if (!(quality & DATED_BY_US)) return undefined;
  const { deviceClockMs } = values;
  if (deviceClockMs !== undefined) return `clock ${deviceClockMs} ${wordsOf(values)}`;
  return seq === undefined ? undefined : `seq ${seq} ${wordsOf(values)}`;
}

/** The quantities in one order, whatever order they came in. */
export function wordsOf(values: Values): string {
  const names = Object.keys(values).filter((name) => name !== 'deviceClockMs');
  return names
    .sort()
    .map((name) => `${name}=${values[name]}`)
    .join(' ');
}

/** The first arrival of a reading that says the same, at the same time of its own, where we dated that. */
export function datedBefore(past: FirstArrivals, reading: Reading): Reading | undefined {
  if (past.firstByCount.size === 0) return undefined;
  const first = past.firstByCount.get(`clock ${ownTimeOf(reading)} ${wordsOf(reading.values)}`);
  return first && reading.receivedAt - first.receivedAt <= REPEAT_WITHIN_MS ? first : undefined;
}

/** `measuredAt` is the time that it gets; a repeat of it gets the same. */
export function remember(past: FirstArrivals, reading: Reading, measuredAt: number): void {
  const count = countOf(reading);
  if (count === undefined) return;
  past.firstByCount.delete(count);
  past.firstByCount.set(count, { ...reading, measuredAt });
  for (const [oldest, { receivedAt }] of past.firstByCount) {
    const isOver = reading.receivedAt - receivedAt > REPEAT_WITHIN_MS;
    if (!isOver && past.firstByCount.size <= REMEMBERED_SEQS) return;
    past.firstByCount.delete(oldest);
  }
}
