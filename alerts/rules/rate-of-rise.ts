/**
 * Rate of rise: the river climbs so fast that its present level says too little.
 *
 * "Fast" is a share of the gauge's own ladder within half an hour, or within an hour at a gauge that reports too
 * seldom for that (Katulampa once rose 40 cm of its 120 cm in 8 minutes), and more than this gauge rises on most
 * days: tides and pumps are no floods. Invariant: what one reading says, or two that stand apart from all before,
 * is no rise, nor is the way back from a drop-out.
 */
import { isRiverGauge, type Threshold } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import { timeUnitMs } from '../drain.ts';
import { lookBackOf, type Recent } from '../judgement/recent.ts';
import { defineTrackRule, type View } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { firstWithin, hasTurned, smoothed } from '../judgement/trend.ts';
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
  /** … and at least so many times what this gauge rises on most days. */
  readonly ordinaryFactor: number;
  /** It ends when the rise is below this share of what raised it, or has turned, for the hold. */
  readonly endShare: number;
  readonly holdShare: number;
}

interface Memory {
  slackSince: number | null;
  /** The level of the last reading, and of the one before it. */
  lastM: number | null;
  beforeM: number | null;
  /** Readings that rose without one that fell between them, and the level before the first of those. */
  risen: number;
  risenFromM: number;
  /** When the day under way began, and the largest rise in it; the same of the days before, oldest first. */
  daySince: number;
  dayM: number;
  days: readonly number[];
  /** What it rises on most days, m; 0 until some days are known. */
  ordinaryM: number;
}

const START: Readonly<Memory> = Object.freeze({
  slackSince: null,
  lastM: null,
  beforeM: null,
  risen: 0,
  risenFromM: 0,
  daySince: 0,
  dayM: 0,
  days: [],
  ordinaryM: 0,
});
const LABEL: Bilingual = { en: 'rising fast', id: 'naik cepat' };
/**
 * A gauge that reports so seldom that the look back holds no two of its steps is given two, with room for jitter; and
 * must rise more where those take longer than an hour.
 */
const SLOW_INTERVALS = 2.2;
const FAST_WITHIN_MS = 3_600_000;
/** A step of more than this share of the rise, since it began, is a jump, and must stand for two more readings. */
const STEP_SHARE = 0.8;
const STOOD_SHARE = 0.5;
const RISING_READINGS = 3;
const MIN_POINTS = 3;
/** A fall by this share of the rise between two points was a drop-out: the rise is from before it. */
const DROP_SHARE = 0.5;
/** Days that are remembered, and how many must be known; three of four of them are "most". */
const MAX_DAYS = 16;
const MIN_DAYS = 3;
const MOST_DAYS = 0.75;
const DAY_UNITS = 24;

export const rateOfRise = defineTrackRule<RateOfRiseParameters, Memory>({
  name: 'rate-of-rise',
  version: 3,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: {
    thresholds: [],
    lookBackMs: 30 * 60_000,
    riseShare: 0.25,
    riseM: 0,
    ordinaryFactor: 1.5,
    endShare: 0.5,
    holdShare: 0.5,
  },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return parameters.riseM > 0 ? parameters : undefined;
    const { thresholds } = site;
    return { ...parameters, thresholds, riseM: parameters.riseM || parameters.riseShare * ladderSpanM(site) };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined || view.suspicion) return;
    const { measuredAt } = reading;
    const lookBackMs = windowOf(view, parameters);
    const isHigher = memory.lastM !== null && levelM > memory.lastM;
    noteRun(memory, levelM);
    // The cheap look first: most of the time no river rises.
    if (track.episode || isHigher) {
      const first = firstWithin(view.recent, lookBackMs);
      const rise = riseSince(view.recent, first, lookBackMs);
      const canTell = view.recent.at.length - first >= (first > 0 ? 2 : MIN_POINTS);
      const stood = hasStood(rise, levelM, memory);
      if (!track.episode) {
        if (canTell && stood && rise.m >= neededM(rise, memory, parameters)) {
          const detail = { riseM: Number(rise.m.toFixed(2)), withinS: Math.round(rise.ms / 1000) };
          memory.slackSince = null;
          advanceTrack(track, reading, 2, levelM, 0, detail);
        }
      } else {
        const isOn = rise.m >= parameters.endShare * neededM(rise, memory, parameters);
        const isSlack = !isOn || hasTurned(view.recent, first);
        const slackSince = isSlack ? (memory.slackSince ?? measuredAt) : null;
        const isOver = slackSince !== null && measuredAt - slackSince >= lookBackMs * parameters.holdShare;
        memory.slackSince = isOver ? null : slackSince;
        advanceTrack(track, reading, isOver ? 0 : 2, levelM);
      }
      learnRise(memory, stood ? rise.m : 0, measuredAt, timeUnitMs(view.intervalMs) * DAY_UNITS);
    }
    memory.beforeM = memory.lastM;
    memory.lastM = levelM;
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

interface Rise {
  readonly m: number;
  readonly ms: number;
  /** From where it rose. */
  readonly baseM: number;
}

function windowOf({ intervalMs }: View, { lookBackMs }: RateOfRiseParameters): number {
  return Math.max(lookBackOf(intervalMs, lookBackMs), SLOW_INTERVALS * intervalMs);
}

/** From the lowest point since `first` to now; where the river dropped there at once, from before the drop. */
function riseSince({ at, value }: Recent, first: number, lookBackMs: number): Rise {
  const last = value.length - 1;
  const levelM = value[last] as number;
  // The lowest of the medians of three: a single drop (690, 70, 690 cm) is no depth to rise from.
  let lowest = last;
  let baseM = levelM;
  for (let index = last - 1; index >= first; index--) {
    const smoothedM = smoothed(value, index);
    if (smoothedM >= baseM) continue;
    lowest = index;
    baseM = smoothedM;
  }
  let ms = (at[last] as number) - (at[lowest] as number);
  if (lowest === first && first > 0) {
    // The look back begins between two reports: one that comes a second later must make no difference.
    const [fromAt, toAt] = [at[first - 1] as number, at[first] as number];
    const share = ((at[last] as number) - lookBackMs - fromAt) / (toAt - fromAt);
    const fromM = smoothed(value, first - 1);
    baseM = Math.min(baseM, fromM + (baseM - fromM) * share);
    if (fromM < baseM) ms = lookBackMs;
  }
  for (let index = lowest; index > 0; index--) {
    const beforeM = value[index - 1] as number;
    if (beforeM - (value[index] as number) >= DROP_SHARE * (levelM - baseM) && beforeM > baseM) {
      baseM = Math.min(beforeM, levelM);
      break;
    }
  }
  return { m: levelM - baseM, ms, baseM };
}

function neededM(
  { ms }: Rise,
  { ordinaryM }: Memory,
  { riseM, ordinaryFactor }: RateOfRiseParameters,
): number {
  return Math.max(riseM * Math.max(1, ms / FAST_WITHIN_MS), ordinaryFactor * ordinaryM);
}

function noteRun(memory: Memory, levelM: number): void {
  const { lastM } = memory;
  if (lastM === null || levelM === lastM) return;
  if (levelM < lastM) memory.risen = 0;
  else if (memory.risen++ === 0) memory.risenFromM = lastM;
}

/** The readings before speak for it: they rose as well, or have stood since they jumped. */
function hasStood(
  { m, baseM }: Rise,
  levelM: number,
  { lastM, beforeM, risen, risenFromM }: Memory,
): boolean {
  if (lastM === null || beforeM === null) return false;
  const stoodM = baseM + STOOD_SHARE * m;
  if (lastM >= stoodM && beforeM >= stoodM) return true;
  const largestStepM = Math.max(levelM - lastM, lastM - beforeM);
  return risen >= RISING_READINGS && largestStepM <= STEP_SHARE * Math.max(m, levelM - risenFromM);
}

/** Takes a rise of the river into the day. */
function learnRise(memory: Memory, riseM: number, at: number, dayMs: number): void {
  if (at - memory.daySince >= dayMs) {
    if (memory.daySince > 0) {
      memory.days = [...memory.days.slice(1 - MAX_DAYS), memory.dayM];
      const sorted = memory.days.toSorted((a, b) => a - b);
      const known = sorted.length >= MIN_DAYS;
      memory.ordinaryM = known ? (sorted[Math.round(MOST_DAYS * (sorted.length - 1))] as number) : 0;
    }
    memory.daySince = at;
    memory.dayM = 0;
  }
  if (riseM > memory.dayM) memory.dayM = riseM;
}
