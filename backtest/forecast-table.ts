/**
 * The table that says what a forecast is worth on a river: by flood, beside a ruler and the robust trend.
 *
 * Behind `npm run backtest`. A flood of a threshold starts at the first level that meets it and ends a hysteresis
 * below; two less than two hours apart are one. A claim is true when a flood starts while it stands or within three
 * hours of its beginning. Invariant: prequential: every level is foretold before it is learnt, and nothing is learnt
 * but from the levels before. Cheng et al. (2017), SERRA 31:1123; Pappenberger et al. (2015), J. Hydrol. 522:697.
 */
import {
  AHEAD_MS,
  chanceOf,
  PROMISE_H,
  RISE_PAST_START,
  riseOf,
  takeLevel,
} from '../alerts/levels/rise-past.ts';
import { scaleOf } from '../alerts/rules/time-to-threshold.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { LevelPoint } from '../tables/level-series.ts';
import { collectForecasts, createRuler, type ForecastClaim } from './forecasters.ts';
import { createRobustTrend } from './robust-trend.ts';

export interface ForecastTable {
  readonly methods: readonly MethodWorth[];
  readonly floods: readonly FloodForetold[];
  readonly reliability: readonly Tenth[];
}

export interface MethodWorth {
  readonly method: string;
  readonly floods: number;
  readonly foretold: number;
  /** At least an hour ahead, of all floods, and of those whose river gave that time. */
  readonly hourAhead: number;
  readonly gaveAnHour: number;
  readonly hourAheadOfThose: number;
  readonly medianLeadMin: number | undefined;
  readonly trueClaims: number;
  readonly falseClaims: number;
}

export interface FloodForetold {
  readonly levelM: number;
  readonly startedAt: number;
  /** An hour before, it had risen by a tenth of its way up from the lowest level of the six hours before. */
  readonly gaveAnHour: boolean;
  /** By method, min; absent where it was not foretold. */
  readonly leadMin: Readonly<Record<string, number>>;
}

/** Of the chances that were stated within a tenth, how many came true within the time that they speak of. */
export interface Tenth {
  readonly fromPct: number;
  readonly stated: number;
  readonly meanPct: number;
  readonly cameTruePct: number;
}

interface Flood {
  readonly levelM: number;
  readonly startedAt: number;
  readonly gaveAnHour: boolean;
}

const MIN_MS = 60_000;
const HOUR_MS = 60 * MIN_MS;
const TRUE_WITHIN_MS = 3 * HOUR_MS;
const ONE_FLOOD_MS = 2 * HOUR_MS;
const WAY_BACK_MS = 6 * HOUR_MS;
const BEGUN_SHARE = 0.1;
const TENTHS = 10;

/** `claims` are those of the rule itself, as the engine made them. */
export function buildForecastTable(
  gauge: RiverGauge,
  points: readonly LevelPoint[],
  claims: readonly ForecastClaim[],
): ForecastTable {
  const [lowest, highest] = gauge.sensorRangeM;
  const usable = points.filter(({ levelM }) => levelM >= lowest && levelM <= highest);
  const floods = gauge.thresholds.flatMap(({ levelM }) => findFloods(usable, levelM, gauge.hysteresisM));
  const byMethod = new Map<string, readonly ForecastClaim[]>();
  for (const forecaster of [createRuler(), createRobustTrend()]) {
    byMethod.set(forecaster.method, collectForecasts(gauge, usable, forecaster));
  }
  byMethod.set('own past', claims);
  const leads = new Map([...byMethod].map(([method, own]) => [method, leadsOf(floods, own)]));
  return {
    methods: [...byMethod].map(([method, own]) =>
      judgeMethod(method, floods, own, leads.get(method) as Leads),
    ),
    floods: floods.map((flood) => ({ ...flood, leadMin: leadsOfFlood(flood, leads) })),
    reliability: judgeReliability(gauge, usable),
  };
}

function findFloods(points: readonly LevelPoint[], levelM: number, hysteresisM: number): Flood[] {
  const floods: Flood[] = [];
  let isFlood = false;
  let endedAt = Number.NEGATIVE_INFINITY;
  for (const [index, point] of points.entries()) {
    if (isFlood && point.levelM <= levelM - hysteresisM) {
      isFlood = false;
      endedAt = point.atMs;
    } else if (!isFlood && point.levelM >= levelM) {
      isFlood = true;
      if (point.atMs - endedAt < ONE_FLOOD_MS) continue;
      floods.push({ levelM, startedAt: point.atMs, gaveAnHour: gaveAnHour(points, index, levelM) });
    }
  }
  return floods;
}

function gaveAnHour(points: readonly LevelPoint[], start: number, levelM: number): boolean {
  const { atMs } = points[start] as LevelPoint;
  let lowestM = levelM;
  let hourBeforeM: number | undefined;
  for (let index = start - 1; index >= 0; index--) {
    const point = points[index] as LevelPoint;
    if (atMs - point.atMs > WAY_BACK_MS) break;
    if (atMs - point.atMs >= HOUR_MS) hourBeforeM ??= point.levelM;
    lowestM = Math.min(lowestM, point.levelM);
  }
  return (
    hourBeforeM !== undefined &&
    hourBeforeM - lowestM >= BEGUN_SHARE * (levelM - lowestM) &&
    hourBeforeM > lowestM
  );
}

/** By flood: how long before it the earliest claim that was true of it was made, ms. */
type Leads = ReadonlyMap<Flood, number>;

function leadsOf(floods: readonly Flood[], claims: readonly ForecastClaim[]): Leads {
  const leads = new Map<Flood, number>();
  for (const claim of claims) {
    const flood = floodOf(floods, claim);
    if (flood) leads.set(flood, Math.max(leads.get(flood) ?? 0, flood.startedAt - claim.since));
  }
  return leads;
}

function floodOf(floods: readonly Flood[], { levelM, since, until }: ForecastClaim): Flood | undefined {
  const lastMs = Math.max(since + TRUE_WITHIN_MS, until);
  return floods.find(
    (flood) => flood.levelM === levelM && flood.startedAt > since && flood.startedAt <= lastMs,
  );
}

function leadsOfFlood(flood: Flood, leads: ReadonlyMap<string, Leads>): Record<string, number> {
  const own: Record<string, number> = {};
  for (const [method, byFlood] of leads) {
    const leadMs = byFlood.get(flood);
    if (leadMs !== undefined) own[method] = Math.round(leadMs / MIN_MS);
  }
  return own;
}

function judgeMethod(
  method: string,
  floods: readonly Flood[],
  claims: readonly ForecastClaim[],
  leads: Leads,
): MethodWorth {
  const isEarly = (flood: Flood) => (leads.get(flood) ?? 0) >= HOUR_MS;
  const withTime = floods.filter((flood) => flood.gaveAnHour);
  const trueClaims = claims.filter((claim) => floodOf(floods, claim)).length;
  const sorted = [...leads.values()].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor(sorted.length / 2)];
  return {
    method,
    floods: floods.length,
    foretold: leads.size,
    hourAhead: floods.filter(isEarly).length,
    gaveAnHour: withTime.length,
    hourAheadOfThose: withTime.filter(isEarly).length,
    medianLeadMin: medianMs === undefined ? undefined : Math.round(medianMs / MIN_MS),
    trueClaims,
    falseClaims: claims.length - trueClaims,
  };
}

/** Every chance that could have been claimed, at every level and for every threshold above it. */
function judgeReliability({ thresholds }: RiverGauge, points: readonly LevelPoint[]): Tenth[] {
  const scale = scaleOf(thresholds);
  const past = { ...RISE_PAST_START };
  const tenths = Array.from({ length: TENTHS }, () => ({ stated: 0, sum: 0, cameTrue: 0 }));
  if (!scale) return [];
  for (const [index, { atMs, levelM }] of points.entries()) {
    const intervalMs = atMs - (points[index - 1]?.atMs ?? atMs);
    const rise = takeLevel(past, scale, levelM, atMs, intervalMs) ? riseOf(past, scale) : undefined;
    if (!rise) continue;
    for (const threshold of thresholds) {
      const wayM = threshold.levelM - levelM;
      if (wayM <= 0 || wayM > rise.fastestMPerH * PROMISE_H) continue;
      const chance = chanceOf(past, rise, wayM);
      const tenth = tenths[Math.min(TENTHS - 1, Math.floor(chance * TENTHS))] as (typeof tenths)[number];
      tenth.stated++;
      tenth.sum += chance;
      if (isReachedWithin(points, index, threshold.levelM)) tenth.cameTrue++;
    }
  }
  return tenths.map(({ stated, sum, cameTrue }, index) => ({
    fromPct: (index * 100) / TENTHS,
    stated,
    meanPct: Math.round((100 * sum) / Math.max(1, stated)),
    cameTruePct: Math.round((100 * cameTrue) / Math.max(1, stated)),
  }));
}

function isReachedWithin(points: readonly LevelPoint[], from: number, levelM: number): boolean {
  const lastMs = (points[from] as LevelPoint).atMs + AHEAD_MS;
  for (let index = from + 1; index < points.length; index++) {
    const point = points[index] as LevelPoint;
    if (point.atMs > lastMs) return false;
    if (point.levelM >= levelM) return true;
  }
  return false;
}
