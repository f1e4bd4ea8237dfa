/**
 * Data health of one device: what a firmware author asks first. Gaps, repeats, clock, lateness, rejections.
 *
 * Counted since the start of Siaga, in constant memory a device; of the clock, clock/device-clock.ts judges. Invariant:
 * a gap is counted once, and a late arrival that fills it is counted as late and takes the gap back.
 */
import { createDeviceClock, type DeviceClock, observeDeviceClock } from '../clock/device-clock.ts';
import { ownTimeOf, QualityFlag, type Reading } from '../devices/reading.ts';
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
  /** What is believed of its clock; recalled from the journal at a start. */
  readonly clock: DeviceClock;
  lastSeq: number | undefined;
  readonly rejected: Partial<Record<RejectionReason, number>>;
  /** Keys of the envelope that could not be believed, by name. */
  readonly leftOut: Record<string, number>;
}

/** A jump in `seq` beyond this is a restart of the count and not a loss. */
const SEQ_RESTART = 10_000;

export function createDataHealth(): DataHealth {
  return {
    readings: 0,
    repeats: 0,
    gaps: 0,
    late: 0,
    lateMaxMs: 0,
    clock: createDeviceClock(),
    lastSeq: undefined,
    rejected: {},
    leftOut: {},
  };
}

export function recordArrival(health: DataHealth, reading: Reading): void {
  health.readings++;
  recordSeq(health, reading);
  const ownMs = ownTimeOf(reading);
  if (ownMs !== undefined) observeDeviceClock(health.clock, ownMs, reading.receivedAt);
  if (!(reading.quality & QualityFlag.late)) return;
  health.late++;
  health.lateMaxMs = Math.max(health.lateMaxMs, reading.receivedAt - (ownMs ?? reading.measuredAt));
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
