/**
 * May this unit be sent? Blocks, which nobody can force, and warnings, which a dispatcher can with a reason.
 *
 * Asked by the recommendation (why a unit is not among the candidates) and once more inside the assignment.
 * Invariant: every sentence names its fact, so that a dispatcher who disagrees knows what to check.
 */
import type { Role } from '../assignments/assignment-steps.ts';
import type { UnitNow } from '../units/unit-board.ts';

/** At 28 km/h a fix of 60 s may be 470 m off: from here on an answer says `stale`. */
const STALE_MOVING_MS = 45_000;
/** A unit that moved is anywhere by then; a parked one is most likely where it was. */
const TOO_OLD_MOVING_MS = 4 * 60_000;
const TOO_OLD_PARKED_MS = 15 * 60_000;
const LOW_BATTERY_PCT = 15;

export function isStale({ fixAgeMs }: UnitNow): boolean {
  return fixAgeMs === undefined || fixAgeMs > STALE_MOVING_MS;
}

/** Facts that make sending it wrong whatever the reason. */
export function findBlocks(unit: UnitNow, role: Role): string[] {
  const blocks: string[] = [];
  if (unit.lock.assignment !== undefined) blocks.push(`already assigned (${unit.lock.assignment})`);
  if (unit.lock.outOfService !== undefined) blocks.push(`out of service: ${unit.lock.outOfService}`);
  if (unit.status === 'off-duty') blocks.push('off duty');
  if (role === 'transport' && !unit.canTransport) blocks.push('a motorcycle does not transport');
  return blocks;
}

/** Facts that a dispatcher may know better than we do. */
export function findWarnings(unit: UnitNow): string[] {
  const warnings: string[] = [];
  if (unit.status === undefined) warnings.push('its crew has not said that it is available');
  else if (unit.status !== 'available' && unit.status !== 'off-duty')
    warnings.push(`its crew says ${unit.status}`);
  if (unit.lock.patientDoubt !== undefined) warnings.push(unit.lock.patientDoubt);
  if (unit.liveness !== 'online') warnings.push(`its tracker is ${unit.liveness}`);
  if (unit.fix === undefined || unit.fixAgeMs === undefined) {
    warnings.push('no position is known');
  } else {
    const tooOldMs = unit.isMoving ? TOO_OLD_MOVING_MS : TOO_OLD_PARKED_MS;
    const ageMin = Math.round(unit.fixAgeMs / 60_000);
    if (unit.fixAgeMs > tooOldMs) warnings.push(`its last position is too old (${ageMin} min)`);
  }
  if (unit.batteryPct !== undefined && unit.batteryPct < LOW_BATTERY_PCT) {
    warnings.push(`its tracker has ${Math.round(unit.batteryPct)} % battery`);
  }
  return warnings;
}

/** What keeps it from being recommended: the blocks, and the warnings except for a low battery. */
export function findExclusions(unit: UnitNow, role: Role | undefined): string[] {
  const warnings = findWarnings({ ...unit, batteryPct: undefined });
  return [...findBlocks(unit, role ?? 'first-aid'), ...warnings];
}
