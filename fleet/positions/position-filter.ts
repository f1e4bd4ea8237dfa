/**
 * The position filter: what one more fix says about where a vehicle is now.
 *
 * Called by the live consumer for each reading of a moving kind, before the fleet takes it into the present; the raw
 * fix is in the journal whatever comes out here. In order: range → repeat → older → implied speed → parked; a coarse
 * fix around a better known place leaves it there. Pure: (state, fix) → (state, verdict). Invariants: the present
 * never jumps faster than MAX_SPEED_MPS, from when its place was last known, except where three fixes in a row agree
 * on the new place, so that a wrong present cannot starve a device; time in the present never goes back.
 */

import { distanceM, type Position } from '../../cities/great-circle.ts';
import { QualityFlag, type Reading } from '../../devices/reading.ts';

export interface Fix extends Position {
  /** Epoch ms, the device's clock. */
  readonly measuredAt: number;
  readonly accuracyM?: number;
  readonly speedMps?: number;
}

export interface PositionState {
  /** Where the vehicle is, as of `measuredAt` of its last good fix; parked, the place stays and time goes on. */
  readonly present: Fix;
  /** Since coarse fixes hold the place: when it was last known, and how well. Absent where `present` says so. */
  readonly known?: { readonly measuredAt: number; readonly accuracyM: number };
  /** The latest fixes in a row that were too fast to believe, each believable after the one before. */
  readonly refused: readonly Fix[];
}

/**
 * `moved` and `held` (parked, or a coarse fix around it: the place stays) are the present; `relocated` is a place that
 * was refused until three fixes agreed on it. The others leave the present as it was.
 */
export type PositionOutcome =
  | 'moved'
  | 'held'
  | 'relocated'
  | 'repeat'
  | 'older'
  | 'out-of-range'
  | 'too-fast';

export interface PositionVerdict {
  readonly outcome: PositionOutcome;
  /** Bits of QualityFlag that the reading earns by it. */
  readonly quality: number;
  /** Where the vehicle is after this fix; undefined only while there has been none. */
  readonly present: Fix | undefined;
}

/** 150 km/h: no ambulance in a city is faster, in m/s. */
export const MAX_SPEED_MPS = 150 / 3.6;
/** Fixes in a row that must agree before a place that was refused is believed. */
export const AGREEING_FIXES = 3;
/** A fix with a larger radius than this is flagged. */
export const LOW_ACCURACY_M = 100;
/** Of a position by the cells of the mobile network, which tells nothing of a vehicle that drives either. */
const CELL_ACCURACY_M = 500;
/** Parked: slower than a walk and no further from the place than a good fix wanders. */
const PARKED_SPEED_MPS = 0.7;
const PARKED_RADIUS_M = 10;
const PARKED_RADIUS_MAX_M = 30;

/** The fix in a reading, or undefined where it has no position. */
export function fixOf({ values, measuredAt }: Pick<Reading, 'values' | 'measuredAt'>): Fix | undefined {
  const { lat, lng, accuracyM, speedMps } = values;
  if (typeof lat !== 'number' || typeof lng !== 'number') return undefined;
  return {
    lat,
    lng,
    measuredAt,
    ...(typeof accuracyM === 'number' ? { accuracyM } : {}),
    ...(typeof speedMps === 'number' ? { speedMps } : {}),
  };
}

/** One fix more. `state` is undefined before the first, and may be made of the last good reading at start. */
export function filterPosition(
  state: PositionState | undefined,
  fix: Fix,
): { state: PositionState | undefined; verdict: PositionVerdict } {
  const accuracy = (fix.accuracyM ?? 0) > LOW_ACCURACY_M ? QualityFlag.lowAccuracy : 0;
  const stay = (outcome: PositionOutcome, quality: number, refused = state?.refused ?? []) => ({
    state: state && { ...state, refused },
    verdict: { outcome, quality: accuracy | quality, present: state?.present },
  });
  const go = (outcome: PositionOutcome, present: Fix) => ({
    state: { present, refused: [] },
    verdict: { outcome, quality: accuracy, present },
  });

  if (!isOnEarth(fix)) return stay('out-of-range', QualityFlag.outsideSensorRange);
  if (!state) return go('moved', fix);
  const { present, refused } = state;
  const known = state.known ?? { measuredAt: present.measuredAt, accuracyM: present.accuracyM ?? 0 };
  const place = { ...present, measuredAt: known.measuredAt };
  const held = { ...fix, lat: present.lat, lng: present.lng };
  if (fix.measuredAt === present.measuredAt) return stay('repeat', 0);
  if (fix.measuredAt < present.measuredAt) return stay('older', QualityFlag.late);
  if (saysNothingNew(present, known.accuracyM, fix)) {
    // A receiver that has lost its satellites knows no speed: it stands if it stood.
    const { state: after, verdict } = go('held', { ...speedOf(present), ...held });
    return { state: { ...after, known }, verdict };
  }
  if (impliedSpeedMps(place, fix) > MAX_SPEED_MPS) {
    const last = refused.at(-1);
    if (last && fix.measuredAt <= last.measuredAt) return stay('repeat', 0);
    const agrees = last !== undefined && impliedSpeedMps(last, fix) <= MAX_SPEED_MPS;
    const row = agrees ? [...refused, fix] : [fix];
    if (row.length >= AGREEING_FIXES) return go('relocated', fix);
    return stay('too-fast', QualityFlag.implausibleSpeed, row);
  }
  return isParked(place, fix) ? go('held', held) : go('moved', fix);
}

/** A coarse fix whose circle holds a place that is known better: the place stays, as far as anybody can tell. */
function saysNothingNew(present: Fix, knownToM: number, fix: Fix): boolean {
  const radiusM = fix.accuracyM ?? 0;
  const isStanding = present.speedMps !== undefined && present.speedMps < PARKED_SPEED_MPS;
  if (radiusM <= (isStanding ? LOW_ACCURACY_M : CELL_ACCURACY_M) || knownToM > radiusM) return false;
  return distanceM(present, fix) <= radiusM;
}

function speedOf({ speedMps }: Fix): { speedMps?: number } {
  return speedMps === undefined ? {} : { speedMps };
}

/** 0, 0 is what a receiver without a fix sends, and lies in the Gulf of Guinea. */
function isOnEarth({ lat, lng }: Position): boolean {
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && !(lat === 0 && lng === 0);
}

function impliedSpeedMps(from: Fix, to: Fix): number {
  return distanceM(from, to) / ((to.measuredAt - from.measuredAt) / 1000);
}

function isParked(present: Fix, fix: Fix): boolean {
  const radiusM = Math.min(Math.max(PARKED_RADIUS_M, fix.accuracyM ?? 0), PARKED_RADIUS_MAX_M);
  if (distanceM(present, fix) > radiusM) return false;
  return (fix.speedMps ?? impliedSpeedMps(present, fix)) < PARKED_SPEED_MPS;
}
