/**
 * Rain past: whether a report of rain can be true, by the time since the report before it.
 *
 * Asked by quality.ts with each reading. A bucket that sticks or a counter that was set says more than can fall from
 * the sky: its reading is flagged, its level is as good as ever. Invariant: two numbers a device.
 */
import { mostRainMm } from '../devices/rain-rate.ts';
import { QualityFlag, type Reading } from '../devices/reading.ts';

export interface RainPast {
  /** When it was last told of rain, or of none, epoch ms; 0 before. */
  at: number;
  /** What its counter stood at; undefined of one that says the rain since its last report. */
  totalMm: number | undefined;
}

export function createRainPast(): RainPast {
  return { at: 0, totalMm: undefined };
}

/** Reports come with jitter and several at once: a report is of this time at least, ms … */
const LEAST_SPAN_MS = 60_000;
/** … and the first one, or one out of order, may be of this. */
const UNKNOWN_SPAN_MS = 3_600_000;

export function assessRain(past: RainPast, { measuredAt, values }: Reading): number {
  const { rainMm, rainTotalMm } = values;
  const { at, totalMm } = past;
  const spanMs = at > 0 && measuredAt > at ? Math.max(LEAST_SPAN_MS, measuredAt - at) : UNKNOWN_SPAN_MS;
  let fellMm: number | undefined;
  if (typeof rainTotalMm === 'number') {
    // One that went back began anew from 0.
    const beganAnew = totalMm === undefined || rainTotalMm < totalMm;
    fellMm = totalMm === undefined ? 0 : beganAnew ? rainTotalMm : rainTotalMm - totalMm;
    if (measuredAt > at) past.totalMm = rainTotalMm;
  } else if (typeof rainMm === 'number') fellMm = rainMm;
  if (fellMm === undefined) return 0;
  if (measuredAt > at) past.at = measuredAt;
  return fellMm > mostRainMm(spanMs) ? QualityFlag.rainDoubted : 0;
}
