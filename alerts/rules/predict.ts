/**
 * Predict: what a forecast says of the thresholds that are claimed: how probable, and when; and whether it is news.
 *
 * Used by time-to-threshold, said by forecast-words.ts. Pure.
 */
import type { Threshold } from '../../devices/kinds/river-gauge.ts';
import { AHEAD_MS, chanceOf, type Rise, type RisePast } from '../levels/rise-past.ts';
import type { ClaimSaid, Prediction } from './forecast-words.ts';

/** What is claimed of one threshold. */
export interface Claim {
  readonly threshold: number;
  readonly since: number;
  readonly missSince: number | null;
}

const MIN_MS = 60_000;
/**
 * A rise slackens before its end: threshold by threshold the time that it took was 1.2 times that of the fastest
 * slope, half of them between 0.9 and 1.7 times, one in ten beyond 3 times (the Calder at 15 min).
 */
const LIKELY = 1.2;
const SOONEST = 0.7;
const LATEST = 3;
/** Told anew when the time has moved by so much, and by this share of what is left, or the chance by so many points. */
const NEWS_MIN = 15;
const NEWS_SHARE = 1 / 3;
const NEWS_PCT = 25;
/** … and no more often than this, ms. */
const NEWS_EVERY_MS = 10 * MIN_MS;

/** Whether somebody who was told `told` should know better by now. */
export function isAnother(present: Prediction, told: Prediction, at: number): boolean {
  const toldAt = told.atMs ?? 0;
  if (at - toldAt < NEWS_EVERY_MS || present.atMs !== at) return false;
  const movedPct = Math.abs((present.probabilityPct ?? 0) - (told.probabilityPct ?? 0));
  if (movedPct >= NEWS_PCT) return true;
  const expectedAt = toldAt + (told.likelyMin ?? 0) * MIN_MS;
  const nowAt = at + (present.likelyMin ?? 0) * MIN_MS;
  const movedMs = Math.abs(nowAt - expectedAt);
  return movedMs >= NEWS_MIN * MIN_MS && movedMs >= NEWS_SHARE * (expectedAt - at);
}

export function predict(
  past: RisePast,
  claims: readonly Claim[],
  levelM: number,
  at: number,
  rise: Rise | undefined,
  thresholds: readonly Threshold[],
): Prediction {
  const { levelM: targetM, severity } = thresholds[(claims.at(-1) as Claim).threshold] as Threshold;
  const minutes = (wayM: number, { paceMPerH }: Rise, factor: number) =>
    Math.min(AHEAD_MS / MIN_MS, Math.round(((factor * wayM) / paceMPerH) * 60));
  const pct = (wayM: number, own: Rise) => Math.round(chanceOf(past, own, wayM) * 100);
  const said = claims.map(({ threshold, since }): ClaimSaid => {
    const { levelM: limitM } = thresholds[threshold] as Threshold;
    if (!rise) return { levelM: limitM, since };
    const wayM = limitM - levelM;
    const likelyAtMs = at + minutes(wayM, rise, LIKELY) * MIN_MS;
    return { levelM: limitM, since, probabilityPct: pct(wayM, rise), likelyAtMs };
  });
  const whole: Prediction & { readonly severity: string } = { targetM, claims: said, severity, atMs: at };
  if (!rise) return whole;
  const wayM = targetM - levelM;
  return {
    ...whole,
    probabilityPct: pct(wayM, rise),
    riseMPerH: Number(rise.fastestMPerH.toFixed(3)),
    likelyMin: minutes(wayM, rise, LIKELY),
    soonestMin: minutes(wayM, rise, SOONEST),
    latestMin: minutes(wayM, rise, LATEST),
  };
}
