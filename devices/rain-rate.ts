/**
 * Rain rate: how much rain can have fallen at one place within a time.
 *
 * Asked by ingest, which flags a report of more, and by the alarms, which count none of a gauge whose sum is more. The
 * envelope of the world's records: 389 mm in an hour, by the square root (to the power 0.486) of other times
 * (A. H. Jennings, World's greatest observed point rainfalls, Monthly Weather Review 78, 1950): 53 mm in a minute,
 * 116 mm in five, 663 mm in three hours. A report beyond it is a fault of the gauge, in any climate.
 */
const RECORD_MM_PER_HOUR = 389;
const RECORD_POWER = 0.486;
const HOUR_MS = 3_600_000;

export function mostRainMm(spanMs: number): number {
  return RECORD_MM_PER_HOUR * (spanMs / HOUR_MS) ** RECORD_POWER;
}
