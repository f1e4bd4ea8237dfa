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
import { defineTrackRule, type View } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { timeUnitMs } from '../levels/drain.ts';
import { noiseOf, roundsLevels } from '../levels/noise.ts';
import { learnRise, NO_RISES, type OrdinaryRises } from '../levels/ordinary-rises.ts';
import { lookBackOf } from '../levels/recent.ts';
import { type Rise, riseSince } from '../levels/recent-rise.ts';
import { firstWithin, hasTurned, stillSince } from '../levels/trend.ts';
import { describeRise, describeRiseEnd, type SureLevel } from './rise-words.ts';
import { ladderSpanM, levelOf } from './river-level.ts';

export interface RateOfRiseParameters {
  /** The gauge's own; empty until bound. */
  readonly thresholds: readonly Threshold[];
  readonly lookBackMs: number;
  /** Of the ladder's span, within the look back. */
  readonly riseShare: number;
  /** … and never less than this, m: waves. */
  readonly riseLeastM: number;
  /** Worked out from them when 0, m. */
  readonly riseM: number;
  /** … and at least so many times what this gauge rises on most days. */
  readonly ordinaryFactor: number;
  /** It ends when the rise is below this share of what raised it, or has turned, for the hold. */
  readonly endShare: number;
  readonly holdShare: number;
}

interface Memory extends OrdinaryRises {
  slackSince: number | null;
  /** The last level before those that are not believed, while they last. */
  sure: SureLevel | null;
  /** The level of the last reading, and of the one before it. */
  lastM: number | null;
  beforeM: number | null;
  /** Readings that rose without one that fell between them, and the level before the first of those. */
  risen: number;
  risenFromM: number;
}

const START: Readonly<Memory> = Object.freeze({
  slackSince: null,
  sure: null,
  lastM: null,
  beforeM: null,
  risen: 0,
  risenFromM: 0,
  ...NO_RISES,
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
/** What a noisy level rises within the look back while its river stands still: less than so many times its noise. */
const NOISE_RISE = 6;
const DAY_UNITS = 24;

export const rateOfRise = defineTrackRule<RateOfRiseParameters, Memory>({
  name: 'rate-of-rise',
  version: 6,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: {
    thresholds: [],
    lookBackMs: 30 * 60_000,
    riseShare: 0.25,
    riseLeastM: 0.1,
    riseM: 0,
    ordinaryFactor: 1.5,
    endShare: 0.5,
    holdShare: 0.5,
  },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return parameters.riseM > 0 ? parameters : undefined;
    const { thresholds } = site;
    const shareM = Math.max(parameters.riseLeastM, parameters.riseShare * ladderSpanM(site));
    return { ...parameters, thresholds, riseM: parameters.riseM || shareM };
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    if (view.suspicion) {
      const { believedM, believedAt } = view.suspicion;
      if (track.episode) memory.sure ??= { levelM: believedM, at: believedAt };
      return;
    }
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
      const noiseM = NOISE_RISE * noiseOf(view.noise);
      if (!track.episode) {
        if (canTell && stood && rise.m >= Math.max(noiseM, neededM(rise, memory, parameters))) {
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
        if (memory.sure && levelM >= memory.sure.levelM) memory.sure = null;
        const { sure } = memory;
        const still = isOver && !sure ? stillSince(view.recent, roundsLevels(view.noise)) : undefined;
        const isWorthSaying = isOver && (sure || still !== undefined);
        const end = isWorthSaying
          ? { ...track.episode.detail, ...(sure ? { sure } : {}), ...(still ? { stillSince: still } : {}) }
          : undefined;
        if (isOver) memory.sure = null;
        advanceTrack(track, reading, isOver ? 0 : 2, levelM, 0, end);
      }
      learnRise(memory, stood ? rise.m : 0, measuredAt, timeUnitMs(view.intervalMs) * DAY_UNITS);
    }
    memory.beforeM = memory.lastM;
    memory.lastM = levelM;
  },
  learnt(memory) {
    const { days, ordinaryM } = memory as Partial<Memory>;
    return days && ordinaryM !== undefined ? { days, ordinaryM } : {};
  },
  describe: (episode, _rank, { thresholds }, { name, clock }) => ({
    label: LABEL,
    text: describeRise(episode, thresholds, name, clock),
  }),
  // Of a gauge that is silent nobody knows whether its river still rises.
  foretellsUntil: () => Number.POSITIVE_INFINITY,
  fallSilent: (memory) => ({ ...memory, slackSince: null, sure: null }),
  describeEnd: (episode, _parameters, { name, clock }) => ({
    label: LABEL,
    text: describeRiseEnd(episode, name, clock),
  }),
});

function windowOf({ intervalMs }: View, { lookBackMs }: RateOfRiseParameters): number {
  return Math.max(lookBackOf(intervalMs, lookBackMs), SLOW_INTERVALS * intervalMs);
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
