/**
 * The answer to "who?": ranked candidates that explain themselves, and why the others are not among them.
 *
 * Reads the board and the travel times, changes nothing. Invariants: `exact` is true only when no unit
 * outside the list can be faster than the last in it by the same source; each candidate carries the version
 * that an assignment must present; nobody disappears without a reason.
 */
import { distanceM as greatCircleM, type Position } from '../../cities/great-circle.ts';
import type { Role } from '../assignments/assignment-steps.ts';
import { topSpeedMps, type Vehicle } from '../roads/road-classes.ts';
import type { UnitBoard, UnitNow } from '../units/unit-board.ts';
import { describeContact, NOT_CONNECTED_S } from '../units/unit-contact.ts';
import type { CrewLinks } from '../words/crew-links.ts';
import { type Candidate, describeCandidate, type NearUnit, type Ranked } from './candidate.ts';
import type { CoverageNow } from './coverage-now.ts';
import { findExclusions } from './eligibility.ts';
import type { Travel, TravelAnswer } from './travel.ts';

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
  /** For whom it is: crews that refused it come after all others that reach it, with a warning. */
  readonly incident?: number;
}

export interface RecommendationDependencies {
  readonly board: UnitBoard;
  readonly travel: Travel;
  readonly links: Pick<CrewLinks, 'of'>;
  readonly timeZone: string;
  readonly coverage: () => CoverageNow | undefined;
  /** By unit, why it refused this incident. */
  readonly refusals: (incident: number) => Promise<ReadonlyMap<string, string>>;
  readonly now: () => number;
}

/** Nearest by straight line that are measured by road: far more than the 5 that hold the fastest in 98 %. */
const ROAD_CANDIDATES = 200;
/** Nobody is sent from further: it is another city's call. */
export const MAX_RADIUS_M = 50_000;
/** Excluded units told one by one; and the fleet above which they are only counted. */
export const MAX_EXCLUDED = 100;
export const MAX_EXPLAINED_FLEET = 5_000;

export async function recommend(
  dependencies: RecommendationDependencies,
  query: RecommendationQuery,
): Promise<Recommendation> {
  const { board, travel, coverage, now, timeZone } = dependencies;
  const { at, limit, incident } = query;
  const refusals = incident === undefined ? new Map() : await dependencies.refusals(incident);
  const asOfMs = now();
  const { near, inRadius } = findNear(dependencies, query, asOfMs);
  const places = inRadius.map(({ unit: { fix, vehicle } }) => ({
    lat: fix?.lat ?? 0,
    lng: fix?.lng ?? 0,
    vehicle,
  }));
  // The version is read before the wait: what changes meanwhile makes the assignment fail, as it should.
  const version = board.version;
  // Behind each that cannot be told, or has refused, there may be one that can and is to be preferred.
  const wanted =
    limit + inRadius.filter((each) => !each.contact.isTold || refusals.has(each.unit.unit)).length;
  const answer = await travel.toIncident(at, places, wanted);
  const measured = coverage();
  const ranked = rank(inRadius, answer, refusals).slice(0, limit);
  const reaching = ranked.filter(({ time }) => !time.isUnreachable);
  const fastestS = Math.min(...reaching.map(({ time }) => time.seconds));
  const candidates = ranked.map((each) =>
    describeCandidate(each, { fastestS, measured, asOfMs, timeZone, refusals }),
  );
  const excluded = explainExcluded(board, query, asOfMs);
  return {
    candidates,
    excluded: excluded.slice(0, MAX_EXCLUDED),
    excludedTotal: Math.max(excluded.length, board.size - board.index.size),
    exact: isExact(answer, near, inRadius.at(-1)?.distanceM ?? 0, ranked, limit),
    asOfMs,
    version,
    coverageNow: measured?.now ?? null,
    etaSource: answer.source,
    ...(answer.fallback === undefined ? {} : { etaFallback: answer.fallback }),
    ...(candidates.length === 0 ? { shortfall: explainShortfall(board, excluded) } : {}),
  };
}

/** Those that could be sent, the nearest by straight line; `near` is how many were found before the radius. */
function findNear(
  { board, links }: RecommendationDependencies,
  { at, limit, vehicle, role, except }: RecommendationQuery,
  asOfMs: number,
): { near: number; inRadius: NearUnit[] } {
  const suits = (unit: string) => {
    if ((vehicle && board.vehicleOf(unit) !== vehicle) || except?.has(unit)) return false;
    const present = board.now(unit, asOfMs);
    return present !== undefined && findExclusions(present, role).length === 0;
  };
  const near = board.index.nearest(at.lat, at.lng, Math.max(limit, ROAD_CANDIDATES), suits);
  const inRadius = near
    .filter(({ distanceM }) => distanceM <= MAX_RADIUS_M)
    .map(({ unit: id, distanceM }): NearUnit => {
      const unit = board.now(id, asOfMs) as UnitNow;
      return { unit, distanceM, contact: describeContact(links.of(id), unit.lastWordMeasuredMs) };
    });
  return { near: near.length, inRadius };
}

/**
 * By travel time, and later by the time that it takes to call a crew whose device is not connected; behind them who
 * has refused the incident; what the roads prove unreachable comes last, however near it is.
 */
function rank(
  units: readonly NearUnit[],
  { times }: TravelAnswer,
  refusals: ReadonlyMap<string, string>,
): Ranked[] {
  const ranked: Ranked[] = [];
  for (const [index, each] of units.entries()) {
    const time = times[index];
    if (!time) continue;
    ranked.push({ ...each, time, costS: time.seconds + (each.contact.isTold ? 0 : NOT_CONNECTED_S) });
  }
  const isLast = ({ time, unit }: Ranked) => (time.isUnreachable ? 2 : Number(refusals.has(unit.unit)));
  return ranked.sort(
    (a, b) => isLast(a) - isLast(b) || a.costS - b.costS || (a.unit.unit < b.unit.unit ? -1 : 1),
  );
}

/** Whether a unit beyond those that were measured could come before the last candidate. */
function isExact(
  answer: TravelAnswer,
  nearCount: number,
  furthestM: number,
  ranked: readonly Ranked[],
  limit: number,
): boolean {
  const everyoneMeasured = nearCount < Math.max(limit, ROAD_CANDIDATES) && answer.times.length >= nearCount;
  const byStraightLine = answer.times.every((time) => time?.source === 'straight');
  if (everyoneMeasured || byStraightLine) return true;
  const bestPossibleS = furthestM / Math.max(topSpeedMps('motorcycle'), topSpeedMps('transport'));
  const lastS = Math.max(0, ...ranked.map(({ costS }) => costS));
  return answer.times.length >= nearCount && lastS <= bestPossibleS;
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
