/**
 * Reading: what every stage after validate speaks. One device, one instant, its quantities in SI units.
 *
 * Invariant: a Reading has passed its kind's schema; `measuredAt` is the device's clock (or `receivedAt`
 * where the device sent none, then `QualityFlag.serverTime` is set; or ours where the device's is known to be off,
 * then `clockOff` is) and `receivedAt` is ours, both epoch milliseconds. Two readings are the same reading when
 * device, `measuredAt` and `values` are the same.
 */

export type Values = Readonly<Record<string, number | string>>;

export interface Reading {
  readonly city: string;
  readonly kind: string;
  readonly device: string;
  /** Epoch ms, the device's clock. */
  readonly measuredAt: number;
  /** Epoch ms, our clock at the moment the publish arrived. */
  readonly receivedAt: number;
  /** The device's own count of its readings; gaps tell of loss on the way. */
  readonly seq?: number;
  /** True for drills and simulators: such a reading may show, but its alerts are marked as an exercise. */
  readonly simulated: boolean;
  /** Bits of `QualityFlag`. */
  readonly quality: number;
  readonly values: Values;
}

/**
 * Quality flags, one bit each, after QARTOD's water level manual (2021) and what devices really do.
 * Only `failed` flags suppress; `suspect` ones mark a reading as of high interest (see reference in
 * docs/alerts.md): a big rise is exactly what a flood looks like.
 */
export const QualityFlag = {
  /** The device sent no time that can be believed; `measuredAt` is the time of receipt. */
  serverTime: 1 << 0,
  /** The device's clock is ahead of ours by up to 60 s. */
  clockAhead: 1 << 1,
  /** Older than the newest reading of the device: belongs to history, not to the present. */
  late: 1 << 2,
  /** Outside the span of this device's sensor. QARTOD 4, fail. */
  outsideSensorRange: 1 << 3,
  /** Outside what its operator expects. QARTOD 3, suspect. */
  outsideExpectedRange: 1 << 4,
  /** More rain since the last report than can fall. Its rain is suspect, the rest is not. */
  rainDoubted: 1 << 5,
  /** The sensor repeats itself to the millimetre for long. Suspect. */
  flatLine: 1 << 6,
  /** GPS accuracy worse than 100 m. Suspect. */
  lowAccuracy: 1 << 7,
  /** Implies a speed above 150 km/h from the last good fix. Fail for "where is it now". */
  implausibleSpeed: 1 << 8,
  /** The payload had fields that its kind does not know; they were left out. */
  unknownFields: 1 << 9,
  /** The time that the device gave is impossible; it is in `deviceClockMs`, `measuredAt` is the time of receipt. */
  clockRefused: 1 << 10,
  /**
   * One of several readings without a time that came at once, or of one whole second: `measuredAt` was spaced by us.
   */
  timeEstimated: 1 << 11,
  /** `seq`, `simulated` or `measuredAt` was no such thing, and was left out. */
  badEnvelope: 1 << 12,
  /** The first impossible time of a device whose clock was right until now: who knows what else is wrong. Fail. */
  clockDoubted: 1 << 13,
  /**
   * Its device's clock is known to be off: `measuredAt` is the time of receipt, or the device's time less its offset
   * where it comes later; what the device gave is in `deviceClockMs`.
   */
  clockOff: 1 << 14,
} as const;
export type QualityFlagName = keyof typeof QualityFlag;

/** A reading with one of these bits never moves the present: no alert, no position. It is in history. */
export const FAILED_QUALITY =
  QualityFlag.outsideSensorRange | QualityFlag.implausibleSpeed | QualityFlag.clockDoubted;

/** The names of the bits set, in order: `['late', 'flatLine']`. */
export function formatQuality(quality: number): QualityFlagName[] {
  if (quality === 0) return [];
  return (Object.keys(QualityFlag) as QualityFlagName[]).filter((name) => quality & QualityFlag[name]);
}

/** Whether two readings say the same, whatever was made of their times. */
export function haveSameQuantities(a: Values, b: Values): boolean {
  for (const name in a) if (name !== 'deviceClockMs' && a[name] !== b[name]) return false;
  for (const name in b) if (name !== 'deviceClockMs' && !(name in a)) return false;
  return true;
}

/** What the device's own clock said, epoch ms, be it believed or not; undefined where it said nothing. */
export function ownTimeOf({
  measuredAt,
  quality,
  values: { deviceClockMs },
}: Pick<Reading, 'measuredAt' | 'quality' | 'values'>): number | undefined {
  if (typeof deviceClockMs === 'number') return deviceClockMs;
  return quality & QualityFlag.serverTime ? undefined : measuredAt;
}

/** A device that said the truth within this time measures: what it simulates meanwhile is a test of it, ms. */
export const TRUTH_LASTS_MS = 30 * 60_000;
