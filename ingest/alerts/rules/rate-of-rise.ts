/**
 * Rate of rise: the river climbs so fast that its present level says too little.
 *
 * "Fast" is a share of the gauge's own ladder within half an hour (Katulampa once rose 40 cm of its 120 cm in
 * 8 minutes). Needs three readings in a row that rise, so that a spike is none; slow reporters cannot tell.
 */
import type { Bilingual, Threshold } from '../../../cities/city.ts';
import { lookBackOf, type Recent } from '../recent.ts';
import { defineTrackRule } from '../rule.ts';
import { advanceTrack } from '../track.ts';
import { firstWithin, hasTurned, smoothed } from '../trend.ts';
import { formatMetres, formatSpan } from '../wording.ts';
import { ladderSpanM, levelOf } from './river-level.ts';

export interface RateOfRiseParameters {
  /** The gauge's own; empty until bound. */
  readonly thresholds: readonly Threshold[];
  readonly lookBackMs: number;
  /** Of the ladder's span, within the look back. */
  readonly riseShare: number;
  /** Worked out from it when 0, m. */
  readonly riseM: number;
  /** It ends when the rise is below this share of what raised it, or has turned, for the hold. */
  readonly endShare: number;
  readonly holdShare: number;
}

interface Memory {
  slackSince: number | null;
}

const START: Readonly<Memory> = Object.freeze({ slackSince: null });
const RISING_POINTS = 3;
const LABEL: Bilingual = { en: 'rising fast', id: 'naik cepat' };

export const rateOfRise = defineTrackRule<RateOfRiseParameters, Memory>({
  name: 'rate-of-rise',
  version: 2,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: {
    thresholds: [],
    lookBackMs: 30 * 60_000,
    riseShare: 0.25,
    riseM: 0,
    endShare: 0.5,
    holdShare: 0.5,
  },
  forDevice(parameters, { site }) {
    if (site?.kind !== 'river-gauge') return parameters.riseM > 0 ? parameters : undefined;
    const { thresholds } = site;
    return { ...parameters, thresholds, riseM: parameters.riseM || parameters.riseShare * ladderSpanM(site) };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined || view.suspicion) return;
    const lookBackMs = lookBackOf(view.intervalMs, parameters.lookBackMs);
    const first = firstWithin(view.recent, lookBackMs);
    const last = view.recent.at.length - 1;
    const canTell = last - first >= RISING_POINTS - 1;
    if (!track.episode) {
      // The cheap look first: most of the time no river rises.
      if (!canTell || risesInARow(view.recent, first) < RISING_POINTS - 1) return;
      const rise = riseSince(view.recent, first);
      if (rise.m < parameters.riseM) return;
      const detail = { riseM: Number(rise.m.toFixed(2)), withinS: Math.round(rise.ms / 1000) };
      memory.slackSince = null;
      advanceTrack(track, reading, 2, levelM, 0, detail);
      return;
    }
    const rises = canTell && riseSince(view.recent, first).m >= parameters.endShare * parameters.riseM;
    if (rises && !hasTurned(view.recent, first)) {
      memory.slackSince = null;
      advanceTrack(track, reading, 2, levelM);
      return;
    }
    const slackSince = memory.slackSince ?? reading.measuredAt;
    const over = reading.measuredAt - slackSince >= lookBackMs * parameters.holdShare;
    memory.slackSince = over ? null : slackSince;
    advanceTrack(track, reading, over ? 0 : 2, levelM);
  },
  describe({ detail, value, changedAt }, _rank, { thresholds }, { name, clock }) {
    const { riseM, withinS } = detail as { riseM: number; withinS: number };
    const rise = formatMetres(riseM);
    const span = formatSpan(withinS * 1000);
    const now = formatMetres(value);
    const at = clock(changedAt, changedAt);
    const next = thresholds.find(({ levelM }) => levelM > value);
    const left = next && formatMetres(next.levelM - value);
    const ahead =
      next && left
        ? { en: `, ${left.en} below ${next.label.en}`, id: `; ${left.id} lagi ke ${next.label.id}` }
        : { en: '', id: '' };
    return {
      label: LABEL,
      text: {
        en: `${name} is rising fast: ${rise.en} in ${span.en} to ${now.en} at ${at.en}${ahead.en}.`,
        id: `${name} naik cepat: ${rise.id} dalam ${span.id}, menjadi ${now.id} ${at.id}${ahead.id}.`,
      },
    };
  },
  describeEnd({ value, endedAt }, _parameters, { name, clock }) {
    const now = formatMetres(value);
    const at = clock(endedAt, endedAt);
    return {
      label: LABEL,
      text: {
        en: `${name} is no longer rising fast; ${now.en} at ${at.en}.`,
        id: `${name} tidak lagi naik cepat; ${now.id} ${at.id}.`,
      },
    };
  },
});

/** From the lowest point since `first` to now. */
function riseSince({ at, value }: Recent, first: number): { m: number; ms: number } {
  const last = at.length - 1;
  // The lowest of the medians of three: a single drop (690, 70, 690 cm) is no depth to rise from.
  let lowest = last;
  let lowestM = value[last] as number;
  for (let index = last - 1; index >= first; index--) {
    const levelM = smoothed(value, index);
    if (levelM >= lowestM) continue;
    lowest = index;
    lowestM = levelM;
  }
  return { m: (value[last] as number) - lowestM, ms: (at[last] as number) - (at[lowest] as number) };
}

/** How many of the last levels, since `first`, are higher than the one before. */
function risesInARow({ value }: Recent, first: number): number {
  let index = value.length - 1;
  while (index > first && (value[index] as number) > (value[index - 1] as number)) index--;
  return value.length - 1 - index;
}
