/**
 * Grouping: which alerts are one storm, one outage, one unit, so that a person gets one page of them.
 *
 * Invariant: a group is named after its cause and city, so that it is the same after a restart.
 */
import type { Subject } from '../judgement/engine-change.ts';

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
  if (subject.kind === 'river-gauge') return `gauges:${city}`;
  if (subject.kind === 'wifi-access-point') return `wifi:${subject.group ?? city}`;
  if (subject.kind === 'uplink') return `wifi:${subject.id}`;
  return `${subject.kind}:${subject.id}`;
}
