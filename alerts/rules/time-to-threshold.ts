/**
 * Time to threshold: when the river will reach its next levels if it goes on as in the last hour.
 *
 * A robust trend (Theil–Sen) with its quartiles gives the time and its interval; a wave that slackens is
 * judged by its latest slope, and one that has turned by none. It looks ahead one and a half times as far as it looks back, and no further.
 * Invariant: it says when it cannot tell (too few reports in the hour) and then claims nothing; a claim is
 * made and given up per threshold, and one alert carries them all.
 */
import { isRiverGauge, type Threshold } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';

import { type Rank, rankOf } from '../alert.ts';
import { lookBackOf } from '../judgement/recent.ts';
import { defineTrackRule, type View } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { firstWithin, hasTurned, latestSlope, MIN_POINTS, type Trend, trendOf } from '../judgement/trend.ts';
import { formatMetres } from '../wording.ts';
import { levelOf } from './river-level.ts';

export interface TimeToThresholdParameters {
  readonly thresholds: readonly Threshold[];
  /** How far back the trend looks, ms. Gauges that report faster than each minute: 60 reports. */
  readonly lookBackMs: number;
  /** How far ahead it speaks, in look backs. */
  readonly aheadShare: number;
  /** By the slow quartile of the trend it may take this much longer. */
  readonly slowShare: number;
  /** A claim is given up when the time is beyond this share of the horizon … */
  readonly giveUpShare: number;
  /** … for this share of the look back. */
  readonly giveUpAfterShare: number;
}

/** What is claimed of one threshold. */
interface Claim {
  readonly threshold: number;
  readonly since: number;
  readonly missSince: number | null;
}

interface Memory {
  claims: readonly Claim[];
}

const START: Readonly<Memory> = Object.freeze({ claims: [] });
const HOUR_MS = 3_600_000;
const LABEL: Bilingual = { en: 'level expected', id: 'muka air diperkirakan naik' };

export const timeToThreshold = defineTrackRule<TimeToThresholdParameters, Memory>({
  name: 'time-to-threshold',
  version: 2,
  kind: 'river-gauge',
  unit: 'm',
  memory: START,
  defaults: {
    thresholds: [],
    lookBackMs: HOUR_MS,
    aheadShare: 1.5,
    slowShare: 1.5,
    giveUpShare: 1.5,
    giveUpAfterShare: 0.5,
  },
  forDevice(parameters, { site }) {
    return isRiverGauge(site) ? { ...parameters, thresholds: site.thresholds } : undefined;
  },
  step(track, memory, reading, view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined || view.suspicion) return;
    const claims = claim(memory.claims, levelM, reading.measuredAt, view, parameters);
    if (claims === memory.claims && claims.length === 0) return;
    const target = claims.at(-1);
    const rank = target ? rankBelow(parameters.thresholds[target.threshold] as Threshold) : 0;
    const isNews = target && !sameClaims(claims, memory.claims);
    const detail = isNews ? describeClaims(claims, levelM, reading.measuredAt, view, parameters) : undefined;
    memory.claims = claims;
    advanceTrack(track, reading, rank, levelM, 0, detail);
  },
  resume(_memory, { detail }, { thresholds }) {
    const { claims = [] } = detail as Prediction;
    return {
      claims: claims.flatMap(({ levelM, since }) => {
        const threshold = thresholds.findIndex((each) => each.levelM === levelM);
        return threshold < 0 ? [] : [{ threshold, since, missSince: null }];
      }),
    };
  },
  describe({ detail, value, changedAt }, _rank, { thresholds }, { name, clock }) {
    const { targetM, likelyMin, atMs = changedAt } = detail as Prediction;
    const target = nameOf(thresholds, targetM ?? value);
    const now = formatMetres(value);
    const at = clock(changedAt, changedAt);
    const when = likelyMin === undefined ? undefined : clock(atMs + likelyMin * 60_000, changedAt);
    return {
      label: LABEL,
      text: when
        ? {
            en: `${name} is ${now.en} at ${at.en} and rising. At this rate it reaches ${target.en} at about ${when.en}.`,
            id: `${name} ${now.id} ${at.id} dan masih naik. Jika terus begini, ${target.id} sekitar ${when.id}.`,
          }
        : {
            en: `${name} is ${now.en} at ${at.en} and expected to reach ${target.en}; when cannot be told yet.`,
            id: `${name} ${now.id} ${at.id} dan diperkirakan mencapai ${target.id}; waktunya belum dapat diperkirakan.`,
          },
    };
  },
  describeEnd({ detail, value, endedAt }, { thresholds }, { name, clock }) {
    const { targetM } = detail as Prediction;
    const now = formatMetres(value);
    const at = clock(endedAt, endedAt);
    const target = nameOf(thresholds, targetM ?? value);
    return {
      label: LABEL,
      text:
        targetM !== undefined && value >= targetM
          ? {
              en: `${name} has reached ${target.en}, as was expected: ${now.en} at ${at.en}.`,
              id: `${name} sudah mencapai ${target.id} seperti yang diperkirakan: ${now.id} ${at.id}.`,
            }
          : {
              en: `${name} is no longer expected to reach ${target.en}; ${now.en} at ${at.en}.`,
              id: `${name} tidak lagi diperkirakan mencapai ${target.id}; ${now.id} ${at.id}.`,
            },
    };
  },
});

/** `Danger (3.40 m)`; the level alone where the ladder has no such step (any more). */
function nameOf(thresholds: readonly Threshold[], levelM: number): Bilingual {
  const limit = formatMetres(levelM);
  const label = thresholds.find((each) => each.levelM === levelM)?.label;
  return label ? { en: `${label.en} (${limit.en})`, id: `${label.id} (${limit.id})` } : limit;
}

/** What an alert of this rule says in its detail. */
export interface Prediction {
  readonly targetM?: number;
  readonly likelyMin?: number;
  readonly soonestMin?: number;
  readonly latestMin?: number;
  readonly riseMPerH?: number;
  /** When it was worked out, epoch ms. */
  readonly atMs?: number;
  /** Every threshold that is claimed, and since when. */
  readonly claims?: readonly { readonly levelM: number; readonly since: number }[];
}

/** One rank below the level that is expected: it is not there yet. */
function rankBelow({ severity }: Threshold): Rank {
  return Math.max(1, rankOf(severity) - 1) as Rank;
}

function claim(
  before: readonly Claim[],
  levelM: number,
  at: number,
  view: View,
  parameters: TimeToThresholdParameters,
): readonly Claim[] {
  const { thresholds } = parameters;
  const lookBackMs = lookBackOf(view.intervalMs, parameters.lookBackMs);
  const horizonH = (lookBackMs * parameters.aheadShare) / HOUR_MS;
  if (before.length === 0 && !mayReach(levelM, lookBackMs, horizonH, view, thresholds)) return before;
  const top = thresholds.at(-1);
  if (!top || (levelM >= top.levelM && before.length === 0)) return before;
  const { recent } = view;
  const turned = hasTurned(recent, firstWithin(recent, lookBackMs));
  const trend = turned ? undefined : trendOf(recent, lookBackMs);
  const claims: Claim[] = [];
  for (const [index, { levelM: targetM }] of thresholds.entries()) {
    if (levelM >= targetM) continue;
    const old = before.find((each) => each.threshold === index);
    if (!old) {
      if (trend && isExpected(trend, targetM - levelM, horizonH, parameters)) {
        claims.push({ threshold: index, since: at, missSince: null });
      }
      continue;
    }
    const hoursLeft = trend ? hoursTo(trend, targetM - levelM) : undefined;
    if (hoursLeft !== undefined && hoursLeft <= parameters.giveUpShare * horizonH) {
      claims.push(old.missSince === null ? old : { ...old, missSince: null });
    } else {
      const missSince = old.missSince ?? at;
      if (at - missSince < lookBackMs * parameters.giveUpAfterShare) claims.push({ ...old, missSince });
    }
  }
  return claims;
}

/** A cheap look before the trend is worked out: at the latest slope, can the next threshold be reached at all? */
function mayReach(
  levelM: number,
  lookBackMs: number,
  horizonH: number,
  { recent }: View,
  thresholds: readonly Threshold[],
): boolean {
  if (recent.at.length < MIN_POINTS) return false;
  const latest = latestSlope(recent, firstWithin(recent, lookBackMs), lookBackMs);
  if (latest === undefined || latest <= 0) return false;
  for (const next of thresholds) {
    if (next.levelM > levelM) return next.levelM - levelM <= latest * horizonH;
  }
  return false;
}

function isExpected(
  trend: Trend,
  wayM: number,
  horizonH: number,
  { slowShare }: TimeToThresholdParameters,
): boolean {
  const hours = hoursTo(trend, wayM);
  if (hours === undefined || hours > horizonH) return false;
  return trend.low > 0 && wayM / trend.low <= slowShare * horizonH;
}

/** Undefined when it does not rise. */
function hoursTo({ median, latest }: Trend, wayM: number): number | undefined {
  const slope = Math.min(median, latest);
  return slope > 0 ? wayM / slope : undefined;
}

function sameClaims(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.length === b.length && a.every((each, index) => each.threshold === b[index]?.threshold);
}

function describeClaims(
  claims: readonly Claim[],
  levelM: number,
  at: number,
  view: View,
  parameters: TimeToThresholdParameters,
): Readonly<Record<string, unknown>> {
  const target = claims.at(-1);
  if (!target) return {};
  const { levelM: targetM, severity } = parameters.thresholds[target.threshold] as Threshold;
  const trend = trendOf(view.recent, lookBackOf(view.intervalMs, parameters.lookBackMs));
  const minutes = (slope: number) => (slope > 0 ? Math.round(((targetM - levelM) / slope) * 60) : undefined);
  const prediction: Prediction = {
    targetM,
    claims: claims.map(({ threshold, since }) => ({
      levelM: (parameters.thresholds[threshold] as Threshold).levelM,
      since,
    })),
    ...(trend
      ? {
          riseMPerH: Number(trend.median.toFixed(3)),
          ...omitUndefined({
            likelyMin: minutes(Math.min(trend.median, trend.latest)),
            soonestMin: minutes(Math.max(trend.high, trend.latest)),
            latestMin: minutes(Math.min(trend.low, trend.latest)),
          }),
        }
      : {}),
  };
  return { ...prediction, severity, atMs: at };
}

function omitUndefined(object: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(Object.entries(object).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    number
  >;
}
