/**
 * Alert: one thing that is wrong with one subject, from the first reading that showed it to its end.
 *
 * The record that the lifecycle moves, the store keeps, the API shows and the notices speak of. Invariant:
 * one subject has at most one open alert of a rule; a ladder of severities is one alert that is upgraded and
 * downgraded; `revision` grows by one with each change that somebody is told of.
 */

import type { Values } from '../devices/reading.ts';
import { type Bilingual, SEVERITIES, type Severity } from '../devices/site.ts';

/** 0 is "nothing", 1–4 are the severities in order. Numbers compare; words are for people. */
export type Rank = 0 | 1 | 2 | 3 | 4;
export const TOP_RANK = SEVERITIES.length as Rank;

export function rankOf(severity: Severity): Rank {
  return (SEVERITIES.indexOf(severity) + 1) as Rank;
}

/** The severity of a rank of at least 1; `minor` for 0, which no shown alert has. */
export function severityOf(rank: number): Severity {
  return SEVERITIES[Math.max(0, rank - 1)] ?? 'extreme';
}

export const ALERT_STATES = ['provisional', 'open', 'acknowledged', 'resolved', 'withdrawn'] as const;
/**
 * `provisional`: raised by a reading that may be a spike, waits for the next one. `open`: confirmed.
 * `acknowledged`: somebody has it in hand. `resolved`: over. `withdrawn`: it never was.
 */
export type AlertState = (typeof ALERT_STATES)[number];

export function isOpen(state: AlertState): boolean {
  return state === 'provisional' || state === 'open' || state === 'acknowledged';
}

export const CHANGES = [
  'opened',
  'provisional',
  'confirmed',
  'upgraded',
  'downgraded',
  'updated',
  'resolved',
  'withdrawn',
  'reopened',
  'blind',
  'sighted',
  'folded',
] as const;
/** What the engine says happened to an alert. */
export type Change = (typeof CHANGES)[number];

export const OPERATOR_CHANGES = [
  'acknowledged',
  'escalated',
  'silenced',
  'unsilenced',
  'level-confirmed',
  'renewed',
] as const;
/** What people and timers do to it. */
export type OperatorChange = (typeof OPERATOR_CHANGES)[number];

/** One line of an alert's log. Times are epoch ms. */
export interface LogEntry {
  readonly at: number;
  readonly change: Change | OperatorChange;
  readonly severity: Severity;
  readonly by?: string;
  readonly note?: string;
}

/** A reading that the judgement rests on. */
export interface Evidence {
  readonly device: string;
  readonly measuredAt: number;
  readonly receivedAt: number;
  readonly quality: number;
  readonly values: Values;
}

export interface Acknowledgement {
  readonly at: number;
  readonly by: string;
  readonly note?: string;
  /** The severity that was acknowledged: an upgrade asks again. */
  readonly severity: Severity;
}

export interface Alert {
  readonly id: string;
  readonly city: string;
  readonly rule: string;
  readonly ruleVersion: number;
  /** The parameters that were in force when it was raised. */
  readonly parameters: unknown;
  /** A device's id, or an uplink's. */
  readonly subject: string;
  readonly subjectName: string;
  /** The kind of device, or `uplink`. */
  readonly subjectKind: string;
  /** What the subject belongs to: its river, uplink or base. */
  readonly subjectGroup: string | undefined;
  readonly lat?: number;
  readonly lng?: number;
  /** True when it rests on simulated readings: a drill. */
  exercise: boolean;
  state: AlertState;
  /** The severity shown is claimed by a jump and not confirmed yet: of the whole alert, or of an upgrade. */
  provisional: boolean;
  severity: Severity;
  highestSeverity: Severity;
  /** The agency's words for the present level. */
  label: Bilingual;
  /** For people: what is, or how it ended. */
  text: Bilingual;
  /** The quantity judged, in `unit`: at the last change and at its peak. */
  value: number | undefined;
  peak: number | undefined;
  readonly unit: string;
  /** What the rule adds: a prediction, the members of an uplink. */
  detail: Readonly<Record<string, unknown>>;
  /** Event time: measuredAt of the reading that raised it. */
  startedAt: number;
  /** Our clock: when it was raised. The difference is the delay of the way. */
  readonly raisedAt: number;
  changedAt: number;
  /** Event time of its end, and our clock then. */
  endedAt: number | undefined;
  closedAt: number | undefined;
  revision: number;
  /** Since when the subject of an open alert is without usable data; silence never resolves. */
  blindSince: number | undefined;
  acknowledgement: Acknowledgement | undefined;
  escalation: { level: number; dueAt: number | undefined };
  flapping: boolean;
  /** Alerts of one storm share it: one page, not fifty. */
  group: string;
  /** The alert that explains this one (an uplink that is down). */
  foldedInto: string | undefined;
  /** The silence that mutes its notices now. */
  silencedBy: number | undefined;
  /** Highest severity that people were told of, and whether they were told of the end. */
  notifiedSeverity: Severity | undefined;
  evidence: readonly Evidence[];
  /** Bounded: the first and the newest are kept. */
  log: LogEntry[];
}

/** As it is now: what stands in an alert is replaced and never changed, but for the log, which grows. */
export function copyAlert(alert: Alert): Alert {
  return { ...alert, log: [...alert.log] };
}

/** Somebody took it in hand who has seen it as bad as it is now. */
export function isInHand({ acknowledgement, severity }: Alert): boolean {
  return acknowledgement !== undefined && rankOf(acknowledgement.severity) >= rankOf(severity);
}

/** The same alert gets the same id however often it is judged. */
export function alertIdOf(rule: string, subject: string, startedAt: number): string {
  return `${rule}-${subject}-${startedAt.toString(36)}`;
}

/** Log lines kept of one alert: a flood of days with a change each quarter of an hour. */
export const MAX_LOG = 200;

export function appendLog(alert: Alert, entry: LogEntry): void {
  alert.log.push(entry);
  // The first lines tell how it began and are kept; the middle goes.
  if (alert.log.length > MAX_LOG) alert.log.splice(10, alert.log.length - MAX_LOG);
}
