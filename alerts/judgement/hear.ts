/**
 * What a reading tells of its device beside its values: that it is heard, whether its clock is right, what the
 * judgement rests on.
 *
 * Called by the engine for each reading, before and after the fold. Invariant: a reading whose own clock is
 * known to be wrong is judged by ours, and every other by its own.
 */
import { correctedTime, observeDeviceClock } from '../../clock/device-clock.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { ownTimeOf, QualityFlag, type Reading } from '../../devices/reading.ts';
import type { Evidence } from '../alert.ts';
import { addRainSince, addRainTotal, EXTREME_SHARE, shareOfRecord } from '../rules/rain.ts';
import { noteWord } from '../rules/silence.ts';
import type { DeviceWatch } from './device-watch.ts';

const DATED_BY_US = QualityFlag.serverTime | QualityFlag.clockOff;
/** Readings shown as evidence of a change. */
const MAX_EVIDENCE = 8;

/** What our clock hears. Returns the reading as it is judged: by our clock where its own is wrong. */
export function hear(watch: DeviceWatch, reading: Reading): Reading {
  const { hearing } = watch;
  const { receivedAt, quality, simulated } = reading;
  noteWord(hearing, receivedAt);
  hearing.simulated = simulated;
  if (hearing.presence === 'offline') hearing.presence = undefined;
  const ownMs = ownTimeOf(reading);
  if (ownMs === undefined) return reading;
  // The journal hands on no repeats; should one come, its clock does not stand for it.
  if (!watch.timeline.has(reading)) observeDeviceClock(hearing.clock, ownMs, receivedAt);
  // Ingest knew it already.
  if (quality & DATED_BY_US) return reading;
  const measuredAt = correctedTime(hearing.clock, ownMs, receivedAt);
  return measuredAt === undefined ? reading : { ...reading, measuredAt };
}

/** The reading could be judged: the device sees. */
export function recordUse(
  { device, hearing }: DeviceWatch,
  { receivedAt, measuredAt, quality, values }: Reading,
): void {
  hearing.lastUsableAt = Math.max(hearing.lastUsableAt, receivedAt);
  const { rainMm, rainTotalMm } = values;
  const excuse = deviceKinds.get(device.kind)?.silence?.excuse;
  const word = excuse && values[excuse.quantity];
  if (typeof word === 'string') hearing.onDuty = word !== excuse?.word;
  if (typeof rainTotalMm !== 'number' && typeof rainMm !== 'number') return;
  if (quality & QualityFlag.rainDoubted) {
    hearing.rainDoubtedAt = measuredAt;
    // The next total is held against this one: what was wrong in it is not rain.
    if (typeof rainTotalMm === 'number') hearing.rainTotal = { at: measuredAt, totalMm: rainTotalMm };
    return;
  }
  const { rainAt } = hearing;
  hearing.rainAt = Math.max(rainAt ?? 0, measuredAt);
  if (typeof rainTotalMm === 'number') {
    hearing.rainTotal = addRainTotal(hearing.rain, hearing.rainTotal, measuredAt, rainTotalMm);
  } else if (typeof rainMm === 'number') addRainSince(hearing.rain, rainAt, measuredAt, rainMm);
  const share = hearing.rain.length > 0 ? shareOfRecord(hearing.rain, measuredAt) : 0;
  if (share > EXTREME_SHARE) hearing.rainExtreme = { at: measuredAt, share };
}

export function evidenceOf(watch: DeviceWatch): Evidence[] {
  const device = watch.device.id;
  return watch.timeline.newest(MAX_EVIDENCE).map(({ measuredAt, receivedAt, quality, values }) => {
    return { device, measuredAt, receivedAt, quality, values };
  });
}
