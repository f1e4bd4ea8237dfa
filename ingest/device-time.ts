/**
 * What a device's own time is worth: readings of a clock that is known to be off are dated by ours.
 *
 * Asked by quality.ts for each reading that says its own time, before anything else is said of it. Invariants: a
 * reading that was taken at its word is taken so when it comes again, whatever is known of the clock by then, so
 * that it is stored once; of one clock the later reading never gets the earlier time.
 */
import {
  correctedTime,
  createDeviceClock,
  type DeviceClock,
  isBeyondBounds,
  observeDeviceClock,
} from '../clock/device-clock.ts';
import { haveSameQuantities, ownTimeOf, QualityFlag, type Reading, type Values } from '../devices/reading.ts';

/**
 * Readings of a clock that looks wrong, and is not known to be, whose repeat may come: what one client may have in
 * flight.
 */
export const REMEMBERED_WORDS = 256;

export interface DeviceTime {
  readonly clock: DeviceClock;
  /** The quantities of the reading that the clock has observed last: the same with the same time is a repeat. */
  lastValues: Values | undefined;
  /** The latest time that we gave to a reading instead of its own. */
  datedUntil: number;
  /** Times of readings that were taken at their word though they looked wrong, epoch ms. */
  readonly atTheirWord: number[];
}

export function createDeviceTime(): DeviceTime {
  return { clock: createDeviceClock(), lastValues: undefined, datedUntil: 0, atTheirWord: [] };
}

/** Takes what a reading says of its device's clock; one that comes again says nothing. `before` as below. */
export function learnTime(time: DeviceTime, reading: Reading, before?: Reading): void {
  const ownMs = ownTimeOf(reading);
  if (ownMs === undefined) return;
  const { values, receivedAt } = reading;
  const isLast = ownMs === time.clock.lastDeviceMs;
  const isRepeat = isLast
    ? isSame(time.lastValues, values) || before !== undefined
    : before !== undefined || time.atTheirWord.includes(ownMs);
  if (isRepeat) return;
  time.lastValues = values;
  observeDeviceClock(time.clock, ownMs, receivedAt);
}

/** Takes a reading from before a restart, in the journal's order: a repeat of it may still come. */
export function restoreTime(time: DeviceTime, reading: Reading): void {
  learnTime(time, reading);
  const ownMs = ownTimeOf(reading);
  const isDatedByUs = reading.quality & (QualityFlag.serverTime | QualityFlag.clockOff);
  if (ownMs !== undefined && !isDatedByUs && isBeyondBounds(reading.receivedAt - ownMs)) {
    rememberWord(time, ownMs);
  }
}

/**
 * The same reading, or as measured by our clock where its own is known to be off. `before` is the one that says the
 * same, at the same time by its own clock, and that we dated already.
 */
export function dateReading(time: DeviceTime, reading: Reading, before: Reading | undefined): Reading {
  const ownMs = ownTimeOf(reading);
  // Nearly every reading: its clock is right.
  if (ownMs === undefined || !(time.clock.isOff || isBeyondBounds(reading.receivedAt - ownMs)))
    return reading;
  const { receivedAt, quality, values } = reading;
  const dated = (measuredAt: number): Reading => ({
    ...reading,
    measuredAt,
    quality: quality | QualityFlag.clockOff,
    values: { ...values, deviceClockMs: ownMs },
  });
  if (before && before.quality & QualityFlag.clockOff) return dated(before.measuredAt);
  const corrected = correctedTime(time.clock, ownMs, receivedAt);
  const isAtItsWord = time.clock.stood === 0 && time.atTheirWord.includes(ownMs);
  if (corrected === undefined || isAtItsWord) {
    if (!isAtItsWord && !(quality & QualityFlag.serverTime)) rememberWord(time, ownMs);
    return reading;
  }
  // While the least lag is still being learnt, the later reading may seem to be the earlier one.
  const isNewest = ownMs >= time.clock.lastDeviceMs;
  const measuredAt = isNewest && corrected <= time.datedUntil ? time.datedUntil + 1 : corrected;
  time.datedUntil = Math.max(time.datedUntil, measuredAt);
  return dated(measuredAt);
}

function rememberWord({ atTheirWord }: DeviceTime, ownMs: number): void {
  atTheirWord.push(ownMs);
  if (atTheirWord.length > REMEMBERED_WORDS) atTheirWord.shift();
}

function isSame(last: Values | undefined, values: Values): boolean {
  return last !== undefined && haveSameQuantities(last, values);
}
