/**
 * Quality: what can be said of a reading from the device's own past, before it is written.
 *
 * A step of pipeline.ts, after validate.ts. Flags are written with the reading and never changed; what depends on what
 * follows (a spike that is confirmed) is for the alert engine. Invariant: constant memory a device; the same
 * readings in the same order give the same flags, across a restart too (`restore`).
 */
import { hash } from 'node:crypto';
import { shiftDeviceClock } from '../clock/device-clock.ts';
import { isSetRight, type Times } from '../clock/earlier-time.ts';
import { FAILED_QUALITY, QualityFlag, type Reading } from '../devices/reading.ts';
import { filterPosition, fixOf, type PositionState } from '../fleet/positions/position-filter.ts';
import { createDeviceTime, type DeviceTime, dateReading, learnTime, restoreTime } from './device-time.ts';
import {
  capArrivals,
  DATED_BY_US,
  datedBefore,
  type FirstArrivals,
  firstTimeOf,
  lastTimeOf,
  REPEAT_WITHIN_MS,
  remember,
} from './first-arrivals.ts';
import { assessRain, createRainPast, type RainPast } from './rain-past.ts';
import { createSameSecond, placeInSecond, restoreSecond, type SameSecond } from './same-second.ts';
import { orderUndated, planSpacing, type Spacing, spaceOut } from './undated-batch.ts';

export interface Quality {
  /**
   * The reading with its flags. Moves the device's past, so call it once a reading and in order. One that its sender
   * says may have come before, and that has no time, is the last one again where it says the same.
   */
  assess(reading: Reading, mayBeRepeat?: boolean): Reading;
  /**
   * The readings of one message of a device, to be assessed in this order: those without a time of their own are
   * spaced by `intervalMs`. The same `payload` again gets the same times.
   */
  space(readings: readonly Reading[], payload: Uint8Array, intervalMs: number): readonly Reading[];
  /** Takes the last reading of a device from before a restart. */
  restore(reading: Reading): void;
  /** Takes one of the last readings of the journal, in its order: a repeat of it may still come. */
  restoreSeq(reading: Reading): void;
  /**
   * Our clock was set by `stepMs` (0: not known by how much), and says `nowMs` now: what was dated later was dated by
   * us, and makes nothing late.
   */
  clockSet(nowMs: number, stepMs: number): void;
}

/** Messages without a time that come in one millisecond are put one after the other, up to this far ahead. */
const AHEAD_OF_RECEIPT_MAX_MS = 1_000;
/** A clock that drifts is not off by so much from one reading to the next, ms. */
const CLOCK_DRIFT_MAX_MS = 5 * 60_000;
/** A clock that was impossible once is as good as any other after so many right times. */
const RIGHT_TIMES_AFTER = 12;
/** Equal readings in a row before a flat line is suspected, and the difference that counts as equal, m. */
const FLAT_READINGS = 60;
const FLAT_EPSILON = 0.001;

interface Past extends FirstArrivals {
  /** Of the reading with the latest `measuredAt`. */
  latest: Times;
  /** What its own times are worth. */
  readonly time: DeviceTime;
  /** What it said of its last second. */
  readonly second: SameSecond;
  /** The latest time that we gave to a reading without one. */
  undatedUntil: number;
  /** The last message of several such readings. */
  lastBatch: { readonly digest: string; readonly receivedAt: number; readonly spacing: Spacing } | undefined;
  /** The time of its last reading was its own, and could be. */
  hasRightClock: boolean;
  /** So many right times more, and one that is impossible is a garbled message again, and not the clock. */
  rightTimesOwed: number;
  position: PositionState | undefined;
  readonly rain: RainPast;
  flatSince: number;
  flatLevel: number;
}

export function createQuality(): Quality {
  const pasts = new Map<string, Past>();
  const pastOf = (device: string): Past => {
    let past = pasts.get(device);
    if (!past) {
      past = {
        latest: { measuredAt: 0, receivedAt: 0 },
        time: createDeviceTime(),
        second: createSameSecond(),
        undatedUntil: 0,
        lastUndated: undefined,
        firstByCount: new Map(),
        lastBatch: undefined,
        hasRightClock: false,
        rightTimesOwed: 0,
        position: undefined,
        rain: createRainPast(),
        flatSince: 0,
        flatLevel: Number.NaN,
      };
      pasts.set(device, past);
    }
    return past;
  };
  return {
    restore(reading) {
      const past = pastOf(reading.device);
      if (isSetRight(past.latest, reading)) giveUpAhead(past);
      noteLatest(past, reading);
      past.hasRightClock = !(reading.quality & QualityFlag.serverTime);
      if (!past.hasRightClock) {
        past.undatedUntil = past.latest.measuredAt;
        past.lastUndated = reading;
      }
      remember(past, reading, reading.measuredAt);
      assessPosition(past, reading);
      assessRain(past.rain, reading);
    },
    restoreSeq(reading) {
      const past = pastOf(reading.device);
      restoreTime(past.time, reading);
      restoreSecond(past.second, reading);
      remember(past, reading, reading.measuredAt);
    },
    clockSet(nowMs, stepMs) {
      for (const past of pasts.values()) forgetTimesAfter(past, nowMs, stepMs);
    },
    space: (readings, payload, intervalMs) => spaceMessage(readings, payload, intervalMs, pastOf),
    assess(received, mayBeRepeat = false) {
      const past = pastOf(received.device);
      const before = datedBefore(past, received);
      learnTime(past.time, received, before);
      const arrived = dateReading(past.time, received, before);
      let { measuredAt, quality } = arrived;
      if (quality & DATED_BY_US) {
        const first = firstTimeOf(past, arrived) ?? (mayBeRepeat ? lastTimeOf(past, arrived) : undefined);
        measuredAt = first ?? nextFreeTime(past, arrived);
        if (first === undefined) remember(past, arrived, measuredAt);
        past.lastUndated = { ...arrived, measuredAt };
        if (first === undefined && measuredAt !== arrived.measuredAt) quality |= QualityFlag.timeEstimated;
      } else {
        measuredAt = placeInSecond(past.second, arrived);
        if (measuredAt !== arrived.measuredAt) quality |= QualityFlag.timeEstimated;
      }
      quality |= assessClock(past, arrived);
      const times = { measuredAt, receivedAt: arrived.receivedAt };
      // What it said before it was known to be ahead, or before it was set right.
      if (quality & QualityFlag.clockOff || isSetRight(past.latest, times)) giveUpAhead(past);
      if (measuredAt < past.latest.measuredAt) quality |= QualityFlag.late;
      else if (!(quality & FAILED_QUALITY)) past.latest = times;
      quality |= assessPosition(past, arrived);
      quality |= assessRain(past.rain, arrived);
      if (isFlat(past, arrived.values['levelM'])) quality |= QualityFlag.flatLine;
      return quality === arrived.quality && measuredAt === arrived.measuredAt
        ? arrived
        : { ...arrived, measuredAt, quality };
    },
  };
}

function noteLatest(past: Past, { measuredAt, receivedAt }: Times): void {
  if (measuredAt >= past.latest.measuredAt) past.latest = { measuredAt, receivedAt };
}

/** Nothing was measured later than it came. */
function giveUpAhead(past: Past): void {
  const latestMs = past.latest.receivedAt;
  if (past.latest.measuredAt <= latestMs) return;
  past.latest = { measuredAt: latestMs, receivedAt: latestMs };
  const { present } = past.position ?? {};
  if (!present || present.measuredAt <= latestMs) return;
  past.position = filterPosition(undefined, { ...present, measuredAt: latestMs }).state;
}

function forgetTimesAfter(past: Past, nowMs: number, stepMs: number): void {
  const { measuredAt, receivedAt } = past.latest;
  past.latest = { measuredAt: Math.min(measuredAt, nowMs), receivedAt: Math.min(receivedAt, nowMs) };
  past.undatedUntil = Math.min(past.undatedUntil, nowMs);
  shiftDeviceClock(past.time.clock, stepMs, nowMs);
  past.time.datedUntil = Math.min(past.time.datedUntil, nowMs);
  if ((past.position?.present.measuredAt ?? 0) > nowMs) past.position = undefined;
  capArrivals(past, nowMs);
  if (past.lastBatch)
    past.lastBatch = { ...past.lastBatch, receivedAt: Math.min(past.lastBatch.receivedAt, nowMs) };
}

/** The time of receipt, or a millisecond after the reading before it that came in the same one. */
function nextFreeTime(past: Past, { measuredAt, quality }: Reading): number {
  const isSpaced = (quality & QualityFlag.timeEstimated) !== 0;
  // It stands where its own clock puts it.
  if (quality & QualityFlag.clockOff) return measuredAt;
  const aheadMs = past.undatedUntil - measuredAt;
  const free =
    isSpaced || aheadMs < 0 || aheadMs >= AHEAD_OF_RECEIPT_MAX_MS ? measuredAt : measuredAt + aheadMs + 1;
  past.undatedUntil = isSpaced ? Math.max(past.undatedUntil, free) : free;
  return free;
}

/**
 * One impossible time after right ones may be one garbled message, and raises nothing; from the second in a row on,
 * or among a dozen, it is the clock, and the readings are as good as ever.
 */
function assessClock(past: Past, { quality, values, receivedAt }: Reading): number {
  const wasRight = past.hasRightClock;
  past.hasRightClock = !(quality & QualityFlag.serverTime);
  // Nearly every reading: its time is its own.
  if (past.hasRightClock) {
    if (past.rightTimesOwed > 0) past.rightTimesOwed--;
    return 0;
  }
  const { deviceClockMs } = values;
  if (typeof deviceClockMs !== 'number') return 0;
  const isLone = wasRight && past.rightTimesOwed === 0;
  past.rightTimesOwed = RIGHT_TIMES_AFTER;
  return isLone && Math.abs(receivedAt - deviceClockMs) > CLOCK_DRIFT_MAX_MS ? QualityFlag.clockDoubted : 0;
}

function spaceMessage(
  readings: readonly Reading[],
  payload: Uint8Array,
  intervalMs: number,
  pastOf: (device: string) => Past,
): readonly Reading[] {
  const device = readings[0]?.device;
  if (device === undefined) return readings;
  const past = pastOf(device);
  // One whose clock is known to be off is dated by that.
  const isUndated = ({ quality, values }: Reading) =>
    (quality & QualityFlag.serverTime) !== 0 &&
    !(past.time.clock.isOff && values['deviceClockMs'] !== undefined);
  const undated = readings.filter(isUndated);
  const [first] = undated;
  if (!first || undated.length === 1) return readings;
  const { receivedAt } = first;
  const digest = hash('sha1', payload, 'base64');
  const isRepeat =
    past.lastBatch?.digest === digest && receivedAt - past.lastBatch.receivedAt <= REPEAT_WITHIN_MS;
  if (!past.lastBatch || !isRepeat) {
    const justNow = past.undatedUntil - receivedAt < AHEAD_OF_RECEIPT_MAX_MS ? past.undatedUntil : 0;
    const busyUntil = Math.max(justNow, Math.min(past.latest.measuredAt, receivedAt));
    const spacing = planSpacing(undated.length, receivedAt, busyUntil, intervalMs);
    past.lastBatch = { digest, receivedAt, spacing };
  }
  const dated = readings.filter((reading) => !isUndated(reading));
  return [...dated, ...spaceOut(orderUndated(undated), past.lastBatch.spacing)];
}

function assessPosition(past: Past, reading: Reading): number {
  const fix = fixOf(reading);
  if (!fix) return 0;
  const { state, verdict } = filterPosition(past.position, fix);
  past.position = state;
  return verdict.quality;
}

function isFlat(past: Past, levelM: number | string | undefined): boolean {
  if (typeof levelM !== 'number') return false;
  if (Math.abs(levelM - past.flatLevel) < FLAT_EPSILON) return ++past.flatSince >= FLAT_READINGS;
  past.flatLevel = levelM;
  past.flatSince = 1;
  return false;
}
