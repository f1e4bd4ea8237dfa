/**
 * Readings of one message that have no time of their own: put in order and spaced, never dated alike.
 *
 * Asked by quality.ts for an offline buffer of a device without a clock. Without it all would be measured at the
 * moment of receipt, and history would keep one of them. Invariant: the newest is measured at the receipt, the
 * others before it and after what the device sent before; each says that its time is estimated.
 */
import { QualityFlag, type Reading } from '../devices/reading.ts';

export interface Spacing {
  /** Epoch ms of the newest. */
  readonly endAt: number;
  readonly stepMs: number;
}

/**
 * `count` readings at the kind's interval, or closer where the device was heard since: then they fill the time
 * between. `busyUntil` is the latest time that the device has used, 0 where it has used none.
 */
export function planSpacing(
  count: number,
  receivedAt: number,
  busyUntil: number,
  intervalMs: number,
): Spacing {
  const room = Math.floor((receivedAt - busyUntil) / count);
  const stepMs = Math.min(intervalMs, Math.max(1, room));
  return { stepMs, endAt: room >= 1 ? receivedAt : Math.max(receivedAt, busyUntil + count * stepMs) };
}

/** The readings in the order in which they were measured: by `seq` where all have one, else as they were sent. */
export function orderUndated(readings: readonly Reading[]): readonly Reading[] {
  const key = readings.every(({ seq }) => seq !== undefined)
    ? (reading: Reading) => reading.seq as number
    : readings.every(({ values }) => values['deviceClockMs'] !== undefined)
      ? (reading: Reading) => reading.values['deviceClockMs'] as number
      : undefined;
  return key ? readings.toSorted((a, b) => key(a) - key(b)) : readings;
}

export function spaceOut(ordered: readonly Reading[], { endAt, stepMs }: Spacing): Reading[] {
  const last = ordered.length - 1;
  return ordered.map((reading, index) => ({
    ...reading,
    measuredAt: endAt - (last - index) * stepMs,
    quality: reading.quality | QualityFlag.timeEstimated,
  }));
}
