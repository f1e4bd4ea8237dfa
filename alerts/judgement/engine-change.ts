/**
 * EngineChange: the one thing that the engine says and the lifecycle hears.
 *
 * Carries all that an alert's record needs, so that the lifecycle asks nobody. Times: `atMs` is event time,
 * `receivedAt` our clock at that input.
 */
import type { Change, Evidence } from '../alert.ts';
import type { Description } from './rule.ts';
import type { Episode } from './track.ts';

/** The kind of a subject that is no device: what several access points hang on. */
export const UPLINK_SUBJECT = 'uplink';

export interface Subject {
  readonly id: string;
  readonly name: string;
  /** The kind of device, `uplink` or `city`. */
  readonly kind: string;
  readonly lat?: number;
  readonly lng?: number;
  /** What it belongs to: river, uplink, base. */
  readonly group: string | undefined;
}

export interface EngineChange {
  readonly change: Change;
  readonly alert: string;
  /** Of `folded`: the alert that explains this one. */
  readonly foldedInto?: string;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly parameters: unknown;
  readonly unit: string;
  readonly subject: Subject;
  readonly episode: Episode;
  readonly description: Description;
  readonly evidence: readonly Evidence[];
  readonly atMs: number;
  readonly receivedAt: number;
}

export const NO_CHANGES: readonly EngineChange[] = Object.freeze([]);

/** What a change says of the rule behind it. */
export function aboutRule(
  subject: Subject,
  { name, version, unit }: { readonly name: string; readonly version: number; readonly unit: string },
  parameters: unknown,
): Pick<EngineChange, 'rule' | 'ruleVersion' | 'parameters' | 'unit' | 'subject'> {
  return { rule: name, ruleVersion: version, parameters, unit, subject };
}
