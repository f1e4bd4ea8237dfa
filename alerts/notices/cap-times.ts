/**
 * When a CAP message is issued, for when it speaks, and until when it is believed.
 *
 * Used by the CAP channel, and by the lifecycle, which has a message of an open alert issued anew before it
 * expires: a client drops what has expired, flood or not. Pure.
 */
import type { Alert, LogEntry } from '../alert.ts';
import { isWaterRule } from '../lifecycle/grouping.ts';
import type { Prediction } from '../rules/time-to-threshold.ts';

const HOUR_MS = 3_600_000;
/** What was measured is believed for so long without a successor. */
const VALID_MS = 48 * HOUR_MS;
/** A forecast is believed for so long after the time that it foretells, and for this long in any case. */
const FORECAST_AFTER_MS = HOUR_MS;
const FORECAST_LEAST_MS = HOUR_MS;
/** Renewed when this share of its time has passed. */
const RENEW_SHARE = 0.75;

const ISSUED: ReadonlySet<LogEntry['change']> = new Set([
  'opened',
  'provisional',
  'confirmed',
  'upgraded',
  'downgraded',
  'updated',
  'reopened',
  'resolved',
  'withdrawn',
  'blind',
  'sighted',
  'renewed',
]);

/** What the public is told of, also when a gauge comes into doubt or out of it, or a forecast is another. */
export function isIssued({ rule }: Pick<Alert, 'rule'>, change: LogEntry['change']): boolean {
  return isWaterRule(rule) && ISSUED.has(change);
}

/** When the event begins: of a forecast, the time foretold. */
export function capOnset(alert: Alert): number {
  return foretold(alert)?.fromMs ?? alert.startedAt;
}

export function capExpiry(alert: Alert, sentMs: number): number {
  const ahead = foretold(alert);
  if (!ahead) return sentMs + VALID_MS;
  return Math.max(sentMs + FORECAST_LEAST_MS, ahead.untilMs + FORECAST_AFTER_MS);
}

/** When the message of an open alert must be issued anew; undefined of one that is not issued. */
export function renewalAt(alert: Alert): number | undefined {
  if (!isWaterRule(alert.rule)) return undefined;
  const sentMs = alert.log.findLast(({ change }) => isIssued(alert, change))?.at ?? alert.raisedAt;
  return sentMs + RENEW_SHARE * (capExpiry(alert, sentMs) - sentMs);
}

/** The time that an alert foretells; undefined where it speaks of the present. */
function foretold({ rule, detail }: Alert): { fromMs: number; untilMs: number } | undefined {
  if (rule === 'time-to-threshold') {
    const { atMs, likelyMin, latestMin } = detail as Prediction;
    if (atMs === undefined || likelyMin === undefined) return undefined;
    return { fromMs: atMs + likelyMin * 60_000, untilMs: atMs + (latestMin ?? 2 * likelyMin) * 60_000 };
  }
  if (rule === 'upstream-rise') {
    const { soonestAt, latestAt, expectedUntilMs } = detail as {
      readonly soonestAt?: string;
      readonly latestAt?: string | null;
      readonly expectedUntilMs?: number;
    };
    if (soonestAt === undefined) return undefined;
    const fromMs = Date.parse(soonestAt);
    return { fromMs, untilMs: latestAt ? Date.parse(latestAt) : (expectedUntilMs ?? fromMs) };
  }
  return undefined;
}
