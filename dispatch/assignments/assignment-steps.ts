/**
 * The steps of an assignment, and which may follow which. A table of data; nothing here knows of time or disk.
 *
 *   reserved → dispatched → acknowledged → en-route → on-scene → left-scene → at-destination → handed-over → completed
 *                      ↘ refused                    any open step ↘ cancelled, broken-down
 *
 * `reserved` is the lock before the crew's device has the order; `dispatched` means that it has.
 * Invariant: steps go forward only and may be skipped; the time of a skipped one stays empty; an ended
 * assignment never changes again.
 */
import type { AssignmentsTable } from '../../database/dispatch-tables.ts';

export const FORWARD_STEPS = [
  'reserved',
  'dispatched',
  'acknowledged',
  'en-route',
  'on-scene',
  'left-scene',
  'at-destination',
  'handed-over',
  'completed',
] as const;
export const BROKEN_OFF_STEPS = ['refused', 'cancelled', 'broken-down'] as const;
export const STEPS = [...FORWARD_STEPS, ...BROKEN_OFF_STEPS] as const;
export type Step = (typeof STEPS)[number];
/** A crew at one of these still goes by its order. */
export const STEPS_BY_ORDER: readonly Step[] = FORWARD_STEPS.slice(0, FORWARD_STEPS.indexOf('on-scene') + 1);
/** The unit does not do what it was sent for. */
export function isBrokenOff(step: Step): boolean {
  return (BROKEN_OFF_STEPS as readonly Step[]).includes(step);
}

export type Role = 'first-aid' | 'transport';

type TimeColumn = Extract<keyof AssignmentsTable, `${string}_at`>;

/** Where the time of a step is written. */
export const TIME_COLUMN: Readonly<Record<Step, TimeColumn>> = {
  reserved: 'reserved_at',
  dispatched: 'dispatched_at',
  acknowledged: 'acknowledged_at',
  'en-route': 'en_route_at',
  'on-scene': 'on_scene_at',
  'left-scene': 'left_scene_at',
  'at-destination': 'at_destination_at',
  'handed-over': 'handed_over_at',
  completed: 'ended_at',
  refused: 'ended_at',
  cancelled: 'ended_at',
  'broken-down': 'ended_at',
};

/** Steps of somebody who carries a patient: a motorcycle gives first aid and never transports. */
const TRANSPORT_STEPS: ReadonlySet<Step> = new Set(['at-destination', 'handed-over']);
/** Work must have begun before it can be completed; before that a unit is cancelled or refuses. */
const FIRST_COMPLETABLE = FORWARD_STEPS.indexOf('on-scene');

export function isEnded(step: Step): boolean {
  return TIME_COLUMN[step] === 'ended_at';
}

/** Undefined when `to` may follow `from`, else a sentence. */
export function whyNot(from: Step, to: Step, canTransport: boolean): string | undefined {
  if (isEnded(from)) return `the assignment has ended (${from}) and does not change any more`;
  if (to === 'refused') {
    return stepRank(from) <= stepRank('acknowledged')
      ? undefined
      : `a unit that is ${from} cancels, it does not refuse`;
  }
  if (to === 'cancelled' || to === 'broken-down') return undefined;
  if (!canTransport && TRANSPORT_STEPS.has(to)) {
    return 'a motorcycle gives first aid and does not transport; assign a transport unit beside it';
  }
  if (to === 'completed' && stepRank(from) < FIRST_COMPLETABLE) {
    return `work has not begun (${from}): cancel it, or say first that the unit is on scene`;
  }
  if (stepRank(to) <= stepRank(from)) return `the unit is already ${from}; times are never written back`;
  return undefined;
}

/** Place in the order of steps; −1 for those that break it off. */
export function stepRank(step: Step): number {
  return (FORWARD_STEPS as readonly Step[]).indexOf(step);
}

/** What a status of the crew means for its assignment. */
export interface StatusMeaning {
  readonly to: Step | undefined;
  /** Why a person must judge it before anything moves. */
  readonly doubt?: string;
}

/**
 * Undefined where the status says nothing of the assignment: `available` only ends what had begun. What no crew
 * can do (free with a patient aboard) is in doubt: trackers that restart say their default.
 */
export function readStatus(status: string, from: Step, canTransport: boolean): StatusMeaning | undefined {
  switch (status) {
    case 'en-route':
    case 'on-scene':
      return { to: status };
    case 'transporting':
      return { to: 'left-scene' };
    case 'at-hospital':
      return { to: 'at-destination' };
    case 'available':
      return readAvailable(from, canTransport);
    case 'off-duty':
      return { to: undefined, doubt: `the crew says that it is off duty; by its assignment it is ${from}` };
    default:
      return undefined;
  }
}

function readAvailable(from: Step, canTransport: boolean): StatusMeaning | undefined {
  if (from === 'left-scene' && canTransport) {
    const doubt = 'the crew says available with no hospital after it left the scene: a patient may be aboard';
    return { to: 'completed', doubt };
  }
  if (stepRank(from) >= FIRST_COMPLETABLE) return { to: 'completed' };
  if (from !== 'en-route') return undefined;
  return { to: undefined, doubt: 'the crew says available while it is en route: does it still go?' };
}
