/**
 * One candidate of a recommendation, as it explains itself: how far, how long, how old, how sure, and whether its
 * crew can be told.
 *
 * Made by recommendation.ts of a unit that has been ranked. Invariant: every number has its interval or its age
 * beside it, and `reason` says in one sentence what a dispatcher would ask.
 */

import { LOW_ACCURACY_M } from '../../fleet/positions/position-filter.ts';
import { FASTEST_SHARE, SLOWEST_SHARE, STRAIGHT_MPS, type Vehicle } from '../roads/road-classes.ts';
import type { UnitNow } from '../units/unit-board.ts';
import { type Contact, explainContact, NOT_CONNECTED_S } from '../units/unit-contact.ts';
import type { CoverageNow } from './coverage-now.ts';
import { findWarnings, isStale } from './eligibility.ts';
import type { EtaSource, TravelTime } from './travel.ts';

export interface Candidate {
  readonly unit: string;
  readonly callSign: string;
  readonly vehicle: Vehicle;
  readonly canTransport: boolean;
  readonly status: string | null;
  readonly etaS: number;
  readonly etaRangeS: readonly [fastest: number, slowest: number];
  readonly etaSource: EtaSource;
  /** False where the roads prove that none leads there: ranked last. */
  readonly reachable: boolean;
  readonly distanceM: number;
  /** Where it may be by now: its fix has a radius, and it may have driven towards the incident or away since. */
  readonly distanceRangeM: readonly [nearest: number, furthest: number];
  readonly fixAgeS: number;
  readonly accuracyM: number | null;
  readonly stale: boolean;
  readonly batteryPct: number | null;
  /** Whether it can be told now; apart from when it was heard. */
  readonly contact: Contact;
  /** Share of the road network within the target when this unit is gone; null where it is not known. */
  readonly coverageAfter: number | null;
  /** For the compare-and-set of an assignment. */
  readonly unitVersion: number;
  readonly warnings: readonly string[];
  readonly reason: string;
}

/** What a good fix wanders is beside the point, m. */
const GOOD_FIX_M = 30;

export interface NearUnit {
  readonly unit: UnitNow;
  readonly distanceM: number;
  readonly contact: Contact;
}

export interface Ranked extends NearUnit {
  readonly time: TravelTime;
  /** Seconds by which it is ranked. */
  readonly costS: number;
}

export interface Surroundings {
  readonly fastestS: number;
  readonly measured: CoverageNow | undefined;
  readonly asOfMs: number;
  readonly timeZone: string;
  /** By unit, why it refused the incident. */
  readonly refusals: ReadonlyMap<string, string>;
}

export function describeCandidate(
  { unit, time, distanceM, contact }: Ranked,
  around: Surroundings,
): Candidate {
  const { seconds, source } = time;
  const fixAgeS = (unit.fixAgeMs ?? 0) / 1000;
  // What it may have driven since the fix: at its own speed, at least at the usual one; nothing when parked.
  const drivenM = unit.isMoving ? Math.max(unit.fix?.speedMps ?? 0, STRAIGHT_MPS) * fixAgeS : 0;
  const accuracyM = unit.fix?.accuracyM ?? 0;
  const unsureM = drivenM + (accuracyM > GOOD_FIX_M ? accuracyM : 0);
  const stale = isStale(unit);
  const refusal = around.refusals.get(unit.unit);
  return {
    unit: unit.unit,
    callSign: unit.callSign,
    vehicle: unit.vehicle,
    canTransport: unit.canTransport,
    status: unit.status ?? null,
    etaS: Math.round(seconds),
    etaRangeS: [
      Math.round(Math.max(0, seconds * FASTEST_SHARE - unsureM / STRAIGHT_MPS)),
      Math.round(seconds * SLOWEST_SHARE + unsureM / STRAIGHT_MPS),
    ],
    etaSource: source,
    reachable: !time.isUnreachable,
    distanceM: Math.round(distanceM),
    distanceRangeM: [Math.round(Math.max(0, distanceM - unsureM)), Math.round(distanceM + unsureM)],
    fixAgeS: Math.round(fixAgeS),
    accuracyM: unit.fix?.accuracyM ?? null,
    stale,
    batteryPct: unit.batteryPct ?? null,
    contact,
    coverageAfter: around.measured?.without.get(unit.unit) ?? null,
    unitVersion: unit.lock.version,
    warnings: [...findWarnings(unit), ...(refusal === undefined ? [] : [refusal])],
    reason: explain({ time, distanceM, fixAgeS, accuracyM, stale, contact }, around),
  };
}

function explain(
  {
    time,
    distanceM,
    fixAgeS,
    accuracyM,
    stale,
    contact,
  }: Pick<Ranked, 'time' | 'distanceM' | 'contact'> & {
    readonly fixAgeS: number;
    readonly accuracyM: number;
    readonly stale: boolean;
  },
  { fastestS, asOfMs, timeZone }: Surroundings,
): string {
  const { seconds, source } = time;
  const minutes = (each: number) => (each < 90 ? `${Math.round(each)} s` : `${Math.round(each / 60)} min`);
  if (time.isUnreachable) {
    const distance = `${(distanceM / 1000).toFixed(1)} km away by straight line`;
    return `no road leads from it to the place: ${distance}; look at the map before you send it`;
  }
  const place = seconds === fastestS ? 'fastest' : `${minutes(seconds - fastestS)} behind the fastest`;
  const way = source === 'road' ? 'by road' : 'by straight line';
  const known = accuracyM > LOW_ACCURACY_M ? `, known to ${(accuracyM / 1000).toFixed(1)} km` : '';
  const age = `position ${Math.round(fixAgeS)} s old${known}${stale ? ', stale' : ''}`;
  const untold = explainContact(contact, asOfMs, timeZone);
  const call = untold === undefined ? '' : `; ${untold}: ranked ${NOT_CONNECTED_S} s later, call it by radio`;
  return `${place}: ${minutes(seconds)} ${way}, ${(distanceM / 1000).toFixed(1)} km away, ${age}${call}`;
}
