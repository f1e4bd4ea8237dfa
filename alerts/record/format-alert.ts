/**
 * An alert as the world outside sees it: on MQTT, in the API, in the live stream and in webhooks.
 *
 * Times are RFC 3339 in UTC; what is absent is null, so that a reader in C finds every key.
 */

import { deviceKinds } from '../../devices/kinds/index.ts';
import { type Alert, isInHand, isOpen } from '../alert.ts';
import { UPLINK_SUBJECT } from '../judgement/engine-change.ts';

export interface AlertMessage {
  readonly id: string;
  readonly city: string;
  readonly rule: string;
  readonly subject: string;
  readonly subjectName: string;
  readonly subjectKind: string;
  /** `staff`: about a unit and its crew; never on the public topic or for anonymous callers. */
  readonly audience: 'public' | 'staff';
  readonly group: string;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly state: Alert['state'];
  readonly severity: Alert['severity'];
  readonly highestSeverity: Alert['highestSeverity'];
  readonly label: Alert['label'];
  readonly text: Alert['text'];
  /** Its severity rests on a reading that may be a spike: sirens wait, people look. */
  readonly provisional: boolean;
  /** A drill: it rests on simulated readings. */
  readonly exercise: boolean;
  readonly value: number | null;
  readonly peak: number | null;
  readonly unit: string;
  readonly startedAt: string;
  readonly raisedAt: string;
  readonly changedAt: string;
  readonly endedAt: string | null;
  readonly blindSince: string | null;
  /** Somebody has it in hand who saw it as high as it is; who it is, the API tells staff. */
  readonly acknowledged: boolean;
  readonly foldedInto: string | null;
  readonly silenced: boolean;
  readonly flapping: boolean;
  readonly revision: number;
  readonly detail: Alert['detail'];
}

export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whom an alert is for: what is said of a crew's unit is not the public's. */
export function audienceOf({ subjectKind }: Pick<Alert, 'subjectKind'>): 'public' | 'staff' {
  if (subjectKind === UPLINK_SUBJECT) return 'public';
  return deviceKinds.get(subjectKind)?.audience ?? 'staff';
}

function formatMaybe(ms: number | undefined): string | null {
  return ms === undefined ? null : formatTime(ms);
}

export function formatAlert(alert: Alert): AlertMessage {
  const { id, city, rule, subject, subjectName, subjectKind, group, state, severity } = alert;
  return {
    id,
    city,
    rule,
    subject,
    subjectName,
    subjectKind,
    audience: audienceOf(alert),
    group,
    lat: alert.lat ?? null,
    lng: alert.lng ?? null,
    state,
    severity,
    highestSeverity: alert.highestSeverity,
    label: alert.label,
    text: alert.text,
    provisional: alert.provisional && isOpen(state),
    exercise: alert.exercise,
    value: alert.value ?? null,
    peak: alert.peak ?? null,
    unit: alert.unit,
    startedAt: formatTime(alert.startedAt),
    raisedAt: formatTime(alert.raisedAt),
    changedAt: formatTime(alert.changedAt),
    endedAt: formatMaybe(alert.endedAt),
    blindSince: formatMaybe(alert.blindSince),
    acknowledged: isInHand(alert),
    foldedInto: alert.foldedInto ?? null,
    silenced: alert.silencedBy !== undefined,
    flapping: alert.flapping,
    revision: alert.revision,
    detail: alert.detail,
  };
}
