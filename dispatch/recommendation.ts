/**
 * The answer to "who?": ranked candidates that explain themselves, and why the others are not among them.
 *
 * Reads the board and the travel times, changes nothing. Invariants: `exact` is true only when no unit
 * outside the list can be faster than the last in it by the same source; each candidate carries the version
 * that an assignment must present; nobody disappears without a reason.
 */

import { distanceM as greatCircleM, type Position } from '../ingest/fleet/positions/great-circle.ts';
import type { Role } from './assignment-steps.ts';
import type { CoverageNow } from './coverage-now.ts';
import { findExclusions, findWarnings, isStale } from './eligibility.ts';
import {
  FASTEST_SHARE,
  SLOWEST_SHARE,
  STRAIGHT_MPS,
  topSpeedMps,
  type Vehicle,
} from './roads/road-classes.ts';
import type { EtaSource, Travel, TravelAnswer } from './travel.ts';
import type { UnitBoard, UnitNow } from './unit-board.ts';

export interface Candidate {
  readonly unit: string;
  readonly callSign: string;
  readonly vehicle: Vehicle;
  readonly canTransport: boolean;
  readonly status: string | null;
  readonly etaS: number;
  readonly etaRangeS: readonly [fastest: number, slowest: number];
  readonly etaSource: EtaSource;
  readonly distanceM: number;
  /** Where it may be by now: it may have driven towards the incident or away since its fix. */
  readonly distanceRangeM: readonly [nearest: number, furthest: number];
  readonly fixAgeS: number;
  readonly accuracyM: number | null;
  readonly stale: boolean;
  readonly batteryPct: number | null;
  /** Share of the road network within the target when this unit is gone; null where it is not known. */
  readonly coverageAfter: number | null;
  /** For the compare-and-set of an assignment. */
  readonly unitVersion: number;
  readonly warnings: readonly string[];
  readonly reason: string;
}

export interface Recommendation {
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly { unit: string; callSign: string; reason: string }[];
  readonly excludedTotal: number;
  readonly exact: boolean;
  readonly asOfMs: number;
  readonly version: number;
  readonly coverageNow: number | null;
  readonly etaSource: string;
  /** Why the configured source of travel times did not answer. */
  readonly etaFallback?: string;
  /** When nothing fits: what is missing. */
  readonly shortfall?: string;
}

export interface RecommendationQuery {
  readonly at: Position;
  readonly limit: number;
  readonly vehicle?: Vehicle;
  readonly role?: Role;
  /** Units that were asked already. */
  readonly except?: ReadonlySet<string>;
}

export interface RecommendationDependencies {
  readonly board: UnitBoard;
  readonly travel: Travel;
  readonly coverage: () => CoverageNow | undefined;
  readonly now: () => number;
}

/** Nearest by straight line that are measured by road: far more than the 5 that hold the fastest in 98 %. */
const ROAD_CANDIDATES = 200;
/** Nobody is sent from further: it is another city's call. */
export const MAX_RADIUS_M = 50_000;
/** Excluded units told one by one; and the fleet above which they are only counted. */
const MAX_EXCLUDED = 100;
const MAX_EXPLAINED_FLEET = 5_000;

export async function recommend(
  { board, travel, coverage, now }: RecommendationDependencies,
  query: RecommendationQuery,
): Promise<Recommendation> {
  const asOfMs = now();
  const { at, limit } = query;
  const suits = (unit: string) => {
    if ((query.vehicle && board.vehicleOf(unit) !== query.vehicle) || query.except?.has(unit)) return false;
    const present = board.now(unit, asOfMs);
    return present !== undefined && findExclusions(present, query.role).length === 0;
  };
  const near = board.index.nearest(at.lat, at.lng, Math.max(limit, ROAD_CANDIDATES), suits);
  const inRadius = near.filter(({ distanceM }) => distanceM <= MAX_RADIUS_M);
  const units = inRadius.map(({ unit }) => board.now(unit, asOfMs) as UnitNow);
  const places = units.map(({ fix, vehicle }) => ({ lat: fix?.lat ?? 0, lng: fix?.lng ?? 0, vehicle }));
  // The version is read before the wait: what changes meanwhile makes the assignment fail, as it should.
  const version = board.version;
  const answer = await travel.toIncident(at, places, limit);
  const measured = coverage();

  const ranked = units
    .map((unit, index) => ({ unit, time: answer.times[index], distanceM: inRadius[index]?.distanceM ?? 0 }))
    .filter((each) => each.time !== undefined)
    .sort((a, b) => secondsOf(a) - secondsOf(b) || (a.unit.unit < b.unit.unit ? -1 : 1))
    .slice(0, limit);
  const first = ranked[0];
  const candidates = ranked.map(({ unit, time, distanceM }, rank): Candidate => {
    const seconds = time?.seconds ?? 0;
    const source = time?.source ?? 'straight';
    return describe({
      unit,
      seconds,
      source,
      distanceM,
      rank,
      behindS: first ? seconds - secondsOf(first) : 0,
      measured,
    });
  });
  const excluded = explainExcluded(board, query, asOfMs);
  return {
    candidates,
    excluded: excluded.slice(0, MAX_EXCLUDED),
    excludedTotal: Math.max(excluded.length, board.size - board.index.size),
    exact: isExact(answer, near.length, inRadius.at(-1)?.distanceM ?? 0, ranked.map(secondsOf), limit),
    asOfMs,
    version,
    coverageNow: measured?.now ?? null,
    etaSource: answer.source,
    ...(answer.fallback === undefined ? {} : { etaFallback: answer.fallback }),
    ...(candidates.length === 0 ? { shortfall: explainShortfall(board, excluded) } : {}),
  };
}

function secondsOf({ time }: { time?: { seconds: number } | undefined }): number {
  return time?.seconds ?? Number.POSITIVE_INFINITY;
}

/** Whether a unit beyond those that were measured could be faster than the last candidate. */
function isExact(
  answer: TravelAnswer,
  nearCount: number,
  furthestM: number,
  seconds: readonly number[],
  limit: number,
): boolean {
  const everyoneMeasured = nearCount < Math.max(limit, ROAD_CANDIDATES) && answer.times.length >= nearCount;
  const byStraightLine = answer.times.every((time) => time?.source === 'straight');
  if (everyoneMeasured || byStraightLine) return true;
  const bestPossibleS = furthestM / Math.max(topSpeedMps('motorcycle'), topSpeedMps('transport'));
  return answer.times.length >= nearCount && (seconds.at(-1) ?? 0) <= bestPossibleS;
}

function describe(parts: {
  unit: UnitNow;
  seconds: number;
  source: EtaSource;
  distanceM: number;
  rank: number;
  behindS: number;
  measured: CoverageNow | undefined;
}): Candidate {
  const { unit, seconds, source, distanceM, rank, behindS, measured } = parts;
  const fixAgeS = (unit.fixAgeMs ?? 0) / 1000;
  // What it may have driven since the fix: at its own speed, at least at the usual one; nothing when parked.
  const drivenM = unit.isMoving ? Math.max(unit.fix?.speedMps ?? 0, STRAIGHT_MPS) * fixAgeS : 0;
  const minutes = (each: number) => (each < 90 ? `${Math.round(each)} s` : `${Math.round(each / 60)} min`);
  const stale = isStale(unit);
  const way = source === 'road' ? 'by road' : 'by straight line';
  const place = rank === 0 ? 'fastest' : `${minutes(behindS)} behind the fastest`;
  const age = `position ${Math.round(fixAgeS)} s old${stale ? ', stale' : ''}`;
  return {
    unit: unit.unit,
    callSign: unit.callSign,
    vehicle: unit.vehicle,
    canTransport: unit.canTransport,
    status: unit.status ?? null,
    etaS: Math.round(seconds),
    etaRangeS: [
      Math.round(Math.max(0, seconds * FASTEST_SHARE - drivenM / STRAIGHT_MPS)),
      Math.round(seconds * SLOWEST_SHARE + drivenM / STRAIGHT_MPS),
    ],
    etaSource: source,
    distanceM: Math.round(distanceM),
    distanceRangeM: [Math.round(Math.max(0, distanceM - drivenM)), Math.round(distanceM + drivenM)],
    fixAgeS: Math.round(fixAgeS),
    accuracyM: unit.fix?.accuracyM ?? null,
    stale,
    batteryPct: unit.batteryPct ?? null,
    coverageAfter: measured?.without.get(unit.unit) ?? null,
    unitVersion: unit.lock.version,
    warnings: findWarnings(unit),
    reason: `${place}: ${minutes(seconds)} ${way}, ${(distanceM / 1000).toFixed(1)} km away, ${age}`,
  };
}

function explainExcluded(
  board: UnitBoard,
  query: RecommendationQuery,
  asOfMs: number,
): { unit: string; callSign: string; reason: string }[] {
  if (board.size > MAX_EXPLAINED_FLEET) return [];
  const excluded: { unit: string; callSign: string; reason: string }[] = [];
  for (const id of board.ids()) {
    const unit = board.now(id, asOfMs);
    if (!unit) continue;
    const reasons = findExclusions(unit, query.role);
    if (query.except?.has(id)) reasons.unshift('was asked already');
    if (query.vehicle && unit.vehicle !== query.vehicle) reasons.unshift(`is no ${query.vehicle}`);
    if (reasons.length === 0 && unit.fix) {
      const distanceM = greatCircleM(query.at, unit.fix);
      if (distanceM > MAX_RADIUS_M) reasons.push(`too far away (${Math.round(distanceM / 1000)} km)`);
    }
    if (reasons.length > 0) excluded.push({ unit: id, callSign: unit.callSign, reason: reasons.join('; ') });
  }
  return excluded;
}

/** "no unit can be sent: 3 × already assigned, 2 × off duty". */
function explainShortfall(board: UnitBoard, excluded: readonly { reason: string }[]): string {
  if (board.size === 0) return 'this city has no ambulances';
  const counts = new Map<string, number>();
  for (const { reason } of excluded) {
    const kind = reason.split('; ')[0]?.replace(/ \(.*\)/, '') ?? reason;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${count} × ${kind}`);
  return `no unit can be sent${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
