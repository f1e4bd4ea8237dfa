/**
 * Grouping: which alerts are one storm, one outage, one unit, so that a person gets one page of them.
 *
 * Invariant: a group is named after its cause and city, so that it is the same after a restart.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Alert } from '../alert.ts';
import { type Subject, UPLINK_SUBJECT } from '../judgement/engine-change.ts';

const WATER: ReadonlySet<string> = new Set([
  'river-level',
  'rate-of-rise',
  'time-to-threshold',
  'upstream-rise',
  'rob',
]);

/** Rules of water that rises: public, with CAP messages. */
export function isWaterRule(rule: string): boolean {
  return WATER.has(rule);
}

export function groupKeyOf(rule: string, city: string, subject: Subject): string {
  if (isWaterRule(rule)) return `flood:${city}`;
  // An uplink is a group of its own: what is behind it belongs to its page.
  if (subject.kind === UPLINK_SUBJECT) return `wifi:${subject.id}`;
  const digest = deviceKinds.get(subject.kind)?.digest;
  if (digest) return `${digest.name}:${digest.per === 'group' ? (subject.group ?? city) : city}`;
  return `${subject.kind}:${subject.id}`;
}

/** What people are told of together: an exercise never waits for a storm, and no storm for an exercise. */
export function stormOf({ group, exercise }: Pick<Alert, 'group' | 'exercise'>): string {
  return exercise ? `exercise ${group}` : group;
}
