/**
 * What a reading tells of its device beside its values: that it is heard, whether its clock is right, what the
 * judgement rests on.
 *
 * Called by the engine for each reading, before and after the fold. Invariant: a reading whose own clock is
 * known to be wrong is judged by the time of receipt, and every other by its own.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import type { Evidence } from '../alert.ts';
import { observeClock } from '../rules/clock-skew.ts';
import { addRain, addRainTotal } from '../rules/rain.ts';
import { noteWord } from '../rules/silence.ts';
import type { DeviceWatch } from './device-watch.ts';

/** Readings shown as evidence of a change. */
const MAX_EVIDENCE = 8;

/** What our clock hears. Returns the reading as it is judged: by receipt where its own clock is wrong. */
export function hear({ hearing }: DeviceWatch, reading: Reading): Reading {
  const { receivedAt, quality, simulated } = reading;
  noteWord(hearing, receivedAt);
  hearing.simulated = simulated;
  if (hearing.presence === 'offline') hearing.presence = undefined;
  if (quality & QualityFlag.serverTime) return reading;
  observeClock(hearing.clock, reading);
  const { wrong, lagMs } = hearing.clock;
  return wrong && lagMs > 0 ? { ...reading, measuredAt: receivedAt } : reading;
}

/** The reading could be judged: the device sees. */
export function recordUse(
  { device, hearing }: DeviceWatch,
  { receivedAt, measuredAt, values }: Reading,
): void {
  hearing.lastUsableAt = Math.max(hearing.lastUsableAt, receivedAt);
  const { rainMm, rainTotalMm } = values;
  const excuse = deviceKinds.get(device.kind)?.silence?.excuse;
  const word = excuse && values[excuse.quantity];
  if (typeof word === 'string') hearing.onDuty = word !== excuse?.word;
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
