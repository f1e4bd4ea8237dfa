/**
 * What a device's own time is worth: readings of a clock that is known to be off are dated by ours.
 *
 * Asked by quality.ts for each reading that says its own time, before anything else is said of it. Invariants: a
 * reading that was taken at its word is taken so when it comes again, whatever is known of the clock by then, so
 * that it is stored once; of one clock the later reading never gets the earlier time.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  correctedTime,
  createDeviceClock,
  type DeviceClock,
  isBeyondBounds,
  observeDeviceClock,
} from '../clock/device-clock.ts';
import { ownTimeOf, QualityFlag, type Reading, type Values } from '../devices/reading.ts';

/** Readings of a clock that looks wrong, and is not known to be, whose repeat may come: as many as are in flight. */
const REMEMBERED_WORDS = 16;
/** Readings that get one time are put one after the other, up to this far ahead of their receipt, ms. */
export const AHEAD_OF_RECEIPT_MAX_MS = 1_000;

export interface DeviceTime {
  readonly clock: DeviceClock;
  /** The quantities of the last reading with a time of its own: the same with the same time is a repeat. */
  lastValues: Values | undefined;
  /** Times of readings that were taken at their word though they looked wrong, epoch ms. */
  readonly atTheirWord: number[];
}

export function createDeviceTime(): DeviceTime {
  return { clock: createDeviceClock(), lastValues: undefined, atTheirWord: [] };
}

/** Takes what a reading says of its device's clock. */
export function learnTime(time: DeviceTime, reading: Reading): void {
  const ownMs = ownTimeOf(reading);
  if (ownMs === undefined) return;
  const { values, receivedAt } = reading;
  const isRepeat = ownMs === time.clock.lastDeviceMs && isSame(time.lastValues, values);
  time.lastValues = values;
  if (!isRepeat) observeDeviceClock(time.clock, ownMs, receivedAt);
}

/**
 * The same reading, or as measured by our clock where its own is known to be off. `latestMeasuredAt` is the newest
 * time that the device has used.
 */
export function dateReading(time: DeviceTime, reading: Reading, latestMeasuredAt: number): Reading {
  const ownMs = ownTimeOf(reading);
  // Nearly every reading: its clock is right.
  if (ownMs === undefined || !(time.clock.isOff || isBeyondBounds(reading.receivedAt - ownMs)))
    return reading;
  const { receivedAt, quality, values } = reading;
  const corrected = correctedTime(time.clock, ownMs, receivedAt);
  const isAtItsWord = time.clock.stood === 0 && time.atTheirWord.includes(ownMs);
  if (corrected === undefined || isAtItsWord) {
    if (!isAtItsWord && !(quality & QualityFlag.serverTime)) rememberWord(time, ownMs);
    return reading;
  }
  // The least lag is still being learnt, or two came in one millisecond.
  const isNewest = ownMs >= time.clock.lastDeviceMs;
  const afterLast = Math.min(latestMeasuredAt + 1, receivedAt + AHEAD_OF_RECEIPT_MAX_MS);
  const measuredAt = isNewest && corrected <= latestMeasuredAt ? Math.max(corrected, afterLast) : corrected;
  return {
    ...reading,
    measuredAt,
    quality: quality | QualityFlag.clockOff,
    values: { ...values, deviceClockMs: ownMs },
  };
}

function rememberWord({ atTheirWord }: DeviceTime, ownMs: number): void {
  atTheirWord.push(ownMs);
  if (atTheirWord.length > REMEMBERED_WORDS) atTheirWord.shift();
}

function isSame(last: Values | undefined, values: Values): boolean {
  return last !== undefined && isDeepStrictEqual(withoutClock(last), withoutClock(values));
}

function withoutClock({ deviceClockMs: _said, ...rest }: Values): Values {
  return rest;
}
