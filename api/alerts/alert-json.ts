/**
 * An alert, and why it is there, as the API shows them.
 *
 * Used by alerts.ts. Invariant: everybody may know what is and why; the names of those who acknowledged, who did what
 * and whom it was sent to are for staff.
 */
import { z } from 'zod';
import { ALERT_STATES, type Alert } from '../../alerts/alert.ts';
import { formatAlert } from '../../alerts/record/format-alert.ts';
import { SEVERITIES } from '../../devices/site.ts';
import { isStaff, type User } from '../access/access.ts';
import { bilingualSchema } from '../border/bilingual-json.ts';
import { timeOutput } from '../border/time.ts';
import { valuesSchema } from '../devices/device-json.ts';

export const alertSchema = z
  .object({
    id: z.string(),
    city: z.string(),
    rule: z.string().describe('The rule that raised it: river-level, gauge-blind …'),
    subject: z.string().describe('The device, uplink or gauge that it is about.'),
    subjectName: z.string(),
    subjectKind: z.string(),
    audience: z.enum(['public', 'staff']),
    group: z.string().describe('Alerts of one storm or one outage share it.'),
    lat: z.number().nullable(),
    lng: z.number().nullable(),
    state: z.enum(ALERT_STATES),
    severity: z.enum(SEVERITIES).describe('One scale for all agencies, the one of CAP 1.2.'),
    highestSeverity: z.enum(SEVERITIES),
    label: bilingualSchema.describe("The agency's own words for the level."),
    text: bilingualSchema,
    provisional: z.boolean().describe('Raised by one reading after a jump; not confirmed yet.'),
    exercise: z.boolean().describe('Rests on simulated readings.'),
    value: z.number().nullable(),
    peak: z.number().nullable(),
    unit: z.string(),
    startedAt: timeOutput.describe("By the device's clock: the reading that raised it."),
    raisedAt: timeOutput.describe('By our clock.'),
    changedAt: timeOutput,
    endedAt: timeOutput.nullable(),
    blindSince: timeOutput.nullable().describe('The gauge is silent; the alert stays.'),
    acknowledged: z.boolean(),
    acknowledgedBy: z.string().nullable().describe('For staff; null for everybody else.'),
    foldedInto: z.string().nullable().describe('The alert that explains this one.'),
    silenced: z.boolean().describe('Its notices are muted for a time.'),
    flapping: z.boolean(),
    revision: z.int(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Alert' });

const explanationSchema = z
  .object({
    sentences: bilingualSchema.describe('What is, and on what it rests.'),
    rule: z.object({ name: z.string(), version: z.int(), parameters: z.unknown() }),
    readings: z.array(
      z.object({
        device: z.string(),
        measuredAt: timeOutput,
        receivedAt: timeOutput,
        quality: z.int(),
        values: valuesSchema,
      }),
    ),
    timers: z.record(z.string(), timeOutput).describe('What runs now, and when it ends.'),
    notices: z.array(
      z.object({
        key: z.string(),
        channel: z.string(),
        revision: z.int(),
        state: z.string(),
        attempts: z.int(),
        createdAt: timeOutput,
        doneAt: timeOutput.nullable(),
        nextAt: timeOutput.nullable(),
        outcome: z.string().nullable(),
      }),
    ),
    log: z.array(
      z.object({
        at: timeOutput,
        change: z.string(),
        severity: z.enum(SEVERITIES),
        by: z.string().nullable(),
        note: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'AlertExplanation' });
export const explainedAlertSchema = alertSchema
  .extend({ explanation: explanationSchema })
  .meta({ id: 'ExplainedAlert' });

type ShownExplanation = z.infer<typeof explanationSchema>;

/** Everybody may know why; who did what, and whom it was sent to, is for staff. */
export function explainFor(explanation: ShownExplanation, user: User): ShownExplanation {
  if (isStaff(user)) return explanation;
  const log = explanation.log.map((entry) => ({ ...entry, by: null, note: null }));
  return { ...explanation, notices: [], log };
}

export function showAlert(alert: Alert, user: User): z.infer<typeof alertSchema> {
  const shown = formatAlert(alert);
  // Names of people are for colleagues.
  const by = shown.acknowledged && isStaff(user) ? alert.acknowledgement?.by : undefined;
  return { ...shown, acknowledgedBy: by ?? null };
}
