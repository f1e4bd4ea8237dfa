/**
 * What a reading tells of its device beside its values: that it is heard, whether its clock is right, what the
 * judgement rests on.
 *
 * Called by the engine for each reading, before and after the fold. Invariant: a reading whose own clock is
 * known to be wrong is judged by the time of receipt, and every other by its own.
 */
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import type { Evidence } from './alert.ts';
import type { DeviceWatch } from './device-watch.ts';
import { observeClock } from './rules/clock-skew.ts';
import { addRain, addRainTotal } from './rules/rain.ts';

/** Readings shown as evidence of a change. */
const MAX_EVIDENCE = 8;

/** What our clock hears. Returns the reading as it is judged: by receipt where its own clock is wrong. */
export function hear({ hearing }: DeviceWatch, reading: Reading): Reading {
  const { receivedAt, quality, simulated } = reading;
  hearing.lastHeardAt = Math.max(hearing.lastHeardAt, receivedAt);
  hearing.simulated = simulated;
  if (hearing.presence === 'offline') hearing.presence = undefined;
  if (quality & QualityFlag.serverTime) return reading;
  observeClock(hearing.clock, reading);
  const { wrong, lagMs } = hearing.clock;
  return wrong && lagMs > 0 ? { ...reading, measuredAt: receivedAt } : reading;
}

/** The reading could be judged: the device sees. */
export function recordUse({ hearing }: DeviceWatch, { receivedAt, measuredAt, values }: Reading): void {
  hearing.lastUsableAt = Math.max(hearing.lastUsableAt, receivedAt);
  const { status, rainMm, rainTotalMm } = values;
  if (typeof status === 'string') hearing.onDuty = status !== 'off-duty';
  if (typeof rainTotalMm === 'number') {
    hearing.rainTotal = addRainTotal(hearing.rain, hearing.rainTotal, measuredAt, rainTotalMm);
  } else if (typeof rainMm === 'number') addRain(hearing.rain, measuredAt, rainMm);
}

export function evidenceOf(watch: DeviceWatch): Evidence[] {
  const device = watch.device.id;
  return watch.timeline.newest(MAX_EVIDENCE).map(({ measuredAt, receivedAt, quality, values }) => {
    return { device, measuredAt, receivedAt, quality, values };
  });
}
