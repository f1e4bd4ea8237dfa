/**
 * Rate of rise: the river climbs so fast that its present level says too little.
 *
 * "Fast" is a share of the gauge's own ladder within half an hour (Katulampa once rose 40 cm of its 120 cm in
 * 8 minutes). Needs three readings in a row that rise, so that a spike is none; slow reporters cannot tell.
 */
import type { Bilingual } from '../../../cities/city.ts';
import { formatIndonesian } from '../indonesian-number.ts';
import { lookBackOf } from '../recent.ts';
import { defineTrackRule, type View } from '../rule.ts';
import { advanceTrack } from '../track.ts';
import { firstWithin, hasTurned, smoothed } from '../trend.ts';
import { ladderSpanM, levelOf } from './river-level.ts';

export interface RateOfRiseParameters {
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
  readonly slackSince: number | null;
}

const START: Memory = Object.freeze({ slackSince: null });
const RISING_POINTS = 3;

export const rateOfRise = defineTrackRule<RateOfRiseParameters, Memory>({
  name: 'rate-of-rise',
  version: 2,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: { lookBackMs: 30 * 60_000, riseShare: 0.25, riseM: 0, endShare: 0.5, holdShare: 0.5 },
  forDevice(parameters, { site }) {
    if (parameters.riseM > 0) return parameters;
    if (site?.kind !== 'river-gauge') return undefined;
    return { ...parameters, riseM: parameters.riseShare * ladderSpanM(site) };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return track;
    const lookBackMs = lookBackOf(view.intervalMs, parameters.lookBackMs);
    const rise = riseWithin(view, lookBackMs);
    const { episode } = track;
    const { watermarkMs } = view;
    if (!episode) {
      if (rise === undefined || rise.risesInARow < RISING_POINTS - 1 || rise.m < parameters.riseM)
        return track;
      const detail = { riseM: Number(rise.m.toFixed(2)), withinS: Math.round(rise.ms / 1000) };
      return advanceTrack(
        track,
        START,
        reading,
        { rank: 2, doubtRank: 0, value: levelM, detail },
        watermarkMs,
      );
    }
    const turned = hasTurned(view.recent, firstWithin(view.recent, lookBackMs));
    if (rise !== undefined && !turned && rise.m >= parameters.endShare * parameters.riseM) {
      const steady = memory.slackSince === null ? memory : START;
      return advanceTrack(track, steady, reading, { rank: 2, doubtRank: 0, value: levelM }, watermarkMs);
    }
    const slackSince = memory.slackSince ?? reading.measuredAt;
    const over = reading.measuredAt - slackSince >= lookBackMs * parameters.holdShare;
    const rank = over ? 0 : 2;
    return advanceTrack(
      track,
      over ? START : { slackSince },
      reading,
      { rank, doubtRank: 0, value: levelM },
      watermarkMs,
    );
  },
  describe({ detail, value }, _rank, _parameters, device) {
    const { riseM, withinS } = detail as { riseM: number; withinS: number };
    const within = formatWithin(withinS);
    return {
      label: { en: 'rising fast', id: 'naik cepat' },
      text: {
        en: `${device.name} rose ${riseM} m within ${within.en}, and stood at ${value.toFixed(2)} m.`,
        id: `${device.name} naik ${formatIndonesian(riseM)} m dalam ${within.id}, pada ${formatIndonesian(value, 2)} m.`,
      },
    };
  },
});

/** Minutes, and seconds where those would say too little; never none. */
function formatWithin(withinS: number): Bilingual {
  if (withinS < 90) {
    const seconds = Math.max(1, withinS);
    return { en: `${seconds} s`, id: `${seconds} detik` };
  }
  const minutes = Math.round(withinS / 60);
  return { en: `${minutes} min`, id: `${minutes} menit` };
}

/** From the lowest point within the look back to now; undefined with too few points to tell. */
function riseWithin(
  { recent }: View,
  lookBackMs: number,
): { m: number; ms: number; risesInARow: number } | undefined {
  const { at, value } = recent;
  const last = at.length - 1;
  const first = firstWithin(recent, lookBackMs);
  if (last - first < RISING_POINTS - 1) return undefined;
  // The lowest of the medians of three: a single drop (690, 70, 690 cm) is no depth to rise from.
  let lowest = last;
  let lowestM = value[last] as number;
  for (let index = last - 1; index >= first; index--) {
    const levelM = smoothed(value, index);
    if (levelM >= lowestM) continue;
    lowest = index;
    lowestM = levelM;
  }
  let risesInARow = 0;
  while (
    last - risesInARow > first &&
    (value[last - risesInARow] as number) > (value[last - risesInARow - 1] as number)
  ) {
    risesInARow++;
  }
  return {
    m: (value[last] as number) - lowestM,
    ms: (at[last] as number) - (at[lowest] as number),
    risesInARow,
  };
}
