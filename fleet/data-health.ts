/**
 * Data health of one device: what a firmware author asks first. Gaps, repeats, clock, lateness, rejections.
 *
 * Counted since the start of Siaga, in constant memory a device. Invariant: a gap is counted once, and a late
 * arrival that fills it is counted as late and takes the gap back.
 */
import { QualityFlag, type Reading } from '../devices/reading.ts';
import type { RejectionReason } from '../devices/rejection.ts';

export interface DataHealth {
  readings: number;
  /** Readings that were sent again. */
  repeats: number;
  /** Readings missing by `seq`. */
  gaps: number;
  late: number;
  /** Largest and latest lateness, ms: receivedAt − measuredAt of late readings. */
  lateMaxMs: number;
  /** Smoothed receivedAt − measuredAt of readings in time: clock skew plus the way, ms. */
  skewMs: number | undefined;
  lastSeq: number | undefined;
  readonly rejected: Partial<Record<RejectionReason, number>>;
  /** Keys of the envelope that could not be believed, by name. */
  readonly leftOut: Record<string, number>;
}

/** Weight of a new sample in the smoothed skew. */
const SKEW_WEIGHT = 0.1;
/** A jump in `seq` beyond this is a restart of the count and not a loss. */
const SEQ_RESTART = 10_000;

export function createDataHealth(): DataHealth {
  return {
    readings: 0,
    repeats: 0,
    gaps: 0,
    late: 0,
    lateMaxMs: 0,
    skewMs: undefined,
    lastSeq: undefined,
    rejected: {},
    leftOut: {},
  };
}

export function recordArrival(health: DataHealth, reading: Reading): void {
  health.readings++;
  recordSeq(health, reading);
  const { deviceClockMs } = reading.values;
  const isClockKnown = typeof deviceClockMs === 'number' || !(reading.quality & QualityFlag.serverTime);
  const lagMs = reading.receivedAt - (typeof deviceClockMs === 'number' ? deviceClockMs : reading.measuredAt);
  if (reading.quality & QualityFlag.late) {
    health.late++;
    health.lateMaxMs = Math.max(health.lateMaxMs, lagMs);
  } else if (isClockKnown) {
    health.skewMs =
      health.skewMs === undefined ? lagMs : health.skewMs + SKEW_WEIGHT * (lagMs - health.skewMs);
  }
}

function recordSeq(health: DataHealth, { seq, quality }: Reading): void {
  if (seq === undefined) return;
  const step = health.lastSeq === undefined ? 1 : seq - health.lastSeq;
  if (step < 0 && quality & QualityFlag.late) {
    // An earlier one after a later one: it fills a gap that was counted.
    health.gaps = Math.max(0, health.gaps - 1);
    return;
  }
  // Back without being late, or far ahead: the device started its count again.
  if (step > 1 && step < SEQ_RESTART) health.gaps += step - 1;
  health.lastSeq = seq;
}

export function recordRejection(health: DataHealth, reason: RejectionReason): void {
  health.rejected[reason] = (health.rejected[reason] ?? 0) + 1;
}

export function recordLeftOut(health: DataHealth, key: string): void {
  health.leftOut[key] = (health.leftOut[key] ?? 0) + 1;
}
