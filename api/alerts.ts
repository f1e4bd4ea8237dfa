/**
 * `GET /v1/alerts`, `/v1/alerts/{id}`, `POST …/acknowledge` and `…/confirm-level`: what is wrong now, why, and who
 * has it.
 *
 * Reads the alarms; only what people say of an alert changes anything, with their name. Invariant: everybody sees
 * what is public; alerts about units, and the names of those who acknowledged, are for staff.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ALERT_STATES, type Alert, type AlertState } from '../alerts/alert.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { formatExplanation } from '../alerts/record/explain.ts';
import { audienceOf, formatAlert } from '../alerts/record/format-alert.ts';
import { SEVERITIES } from '../devices/site.ts';
import { isStaff, type User } from './access.ts';
import { cursorInput, formatNext, nextOutput } from './cursor.ts';
import { Problem } from './problem.ts';
import { jsonPage, readInParts, sendPage } from './sliced-page.ts';
import { limitInput } from './text-input.ts';
import { timeInput, timeOutput } from './time.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;
/** Read from the database at once: each is a document of some KiB, parsed on the event loop. */
const PART_ALERTS = 50;

const bilingual = z.object({ id: z.string(), en: z.string() });
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
    label: bilingual.describe("The agency's own words for the level."),
    text: bilingual,
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
    sentences: bilingual.describe('What is, and on what it rests.'),
    rule: z.object({ name: z.string(), version: z.int(), parameters: z.unknown() }),
    readings: z.array(
      z.object({
        device: z.string(),
        measuredAt: timeOutput,
        receivedAt: timeOutput,
        quality: z.int(),
        values: z.record(z.string(), z.union([z.number(), z.string()])),
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
const explainedAlertSchema = alertSchema
  .extend({ explanation: explanationSchema })
  .meta({ id: 'ExplainedAlert' });

const idParams = z.object({ id: z.string().min(1).max(200) });
const stateQuery = z
  .string()
  .max(100)
  .describe('`open` (provisional, open and acknowledged), `closed`, or states by commas.')
  .transform((text, context): readonly AlertState[] => {
    if (text === 'open') return OPEN_STATES;
    if (text === 'closed') return CLOSED_STATES;
    const words = text.split(',');
    const unknown = words.filter((word) => !ALERT_STATES.includes(word as AlertState));
    if (unknown.length === 0) return words as AlertState[];
    context.addIssue({ code: 'custom', message: `one of open, closed, ${ALERT_STATES.join(', ')}` });
    return z.NEVER;
  });
const OPEN_STATES: readonly AlertState[] = ['provisional', 'open', 'acknowledged'];
const CLOSED_STATES: readonly AlertState[] = ['resolved', 'withdrawn'];

const listQuery = z
  .strictObject({
    state: stateQuery.optional(),
    rule: z.string().max(64).optional(),
    subject: z.string().max(64).describe('A device or an uplink.').optional(),
    before: timeInput.describe('Raised before this.').optional(),
    beforeId: z
      .string()
      .min(1)
      .max(200)
      .describe('With `before`: also those of that very moment whose id is before this one.')
      .optional(),
    limit: limitInput(MAX_LIMIT, DEFAULT_LIMIT),
    cursor: cursorInput,
  })
  .refine(({ before, beforeId }) => beforeId === undefined || before !== undefined, {
    path: ['beforeId'],
    error: 'comes with before',
  });

/** The routes below /v1. */
export const alertRoutes =
  (alerts: Alerts): FastifyPluginAsyncZod =>
  async (app) => {
    /** Throws Problem 404, also for what the caller may not see. */
    const find = async (id: string, user: User): Promise<Alert> => {
      const alert = await alerts.find(id);
      if (alert && (isStaff(user) || audienceOf(alert) === 'public')) return alert;
      throw new Problem(404, 'unknown-alert', `There is no alert ${id}; GET /v1/alerts lists them.`);
    };

    app.get(
      '/alerts',
      {
        config: { access: 'public', isPaged: true },
        schema: {
          tags: ['alerts'],
          summary: 'Alerts, newest first',
          querystring: listQuery,
          response: {
            200: z.object({
              alerts: z.array(alertSchema),
              next: nextOutput,
            }),
          },
        },
      },
      async (request, reply) => {
        const { query, user, share, signal } = request;
        const { state, rule, subject, before, beforeId, limit } = query;
        const filter = {
          audience: isStaff(user) ? 'staff' : 'public',
          ...(state ? { states: state } : {}),
          ...(rule === undefined ? {} : { rule }),
          ...(subject === undefined ? {} : { subject }),
        } as const;
        const first = {
          ...(before === undefined ? {} : { before }),
          ...(beforeId === undefined ? {} : { beforeId }),
        };
        const page = readInParts<Alert>({
          limit,
          partSize: PART_ALERTS,
          read: (after, part) => {
            const from = after ? { before: after.raisedAt, beforeId: after.id } : first;
            return alerts.list({ ...filter, ...from, limit: part });
          },
        });
        const tail = () =>
          page.last ? formatNext(request, reply, { before: page.last.raisedAt, beforeId: page.last.id }) : {};
        const format = jsonPage({}, 'alerts', (alert: Alert) => showAlert(alert, user), tail);
        return share.makePage('too-many-pages', (turns) =>
          sendPage(reply, { format, slices: page.slices, turns, signal }),
        );
      },
    );

    app.get(
      '/alerts/:id',
      {
        config: { access: 'public' },
        schema: {
          tags: ['alerts'],
          summary: 'One alert and why: readings, rule, timers, notices, log',
          params: idParams,
          response: { 200: explainedAlertSchema },
        },
      },
      async ({ params, user }) => {
        const alert = await find(params.id, user);
        const explanation = formatExplanation(await alerts.explain(alert));
        return { ...showAlert(alert, user), explanation: forUser(explanation, user) };
      },
    );

    app.post(
      '/alerts/:id/acknowledge',
      {
        config: { access: ['dispatcher', 'engineer', 'desk'] },
        schema: {
          tags: ['alerts'],
          summary: 'Take an alert in hand: it is not escalated any further',
          params: idParams,
          body: z.strictObject({ note: z.string().max(1_000).optional() }).optional(),
          response: { 200: alertSchema },
        },
      },
      async ({ params, user, body }) => {
        const known = await find(params.id, user);
        const alert = await alerts.acknowledge(params.id, user.name, body?.note);
        if (alert) return showAlert(alert, user);
        throw new Problem(
          409,
          'alert-closed',
          `Alert ${params.id} is ${known.state}; there is nothing to take.`,
        );
      },
    );

    app.post(
      '/alerts/:id/confirm-level',
      {
        config: { access: ['dispatcher', 'engineer', 'desk'] },
        schema: {
          tags: ['alerts'],
          summary: 'Somebody has looked at the river: the newest level of a gauge in doubt is right',
          params: idParams,
          body: z.strictObject({ note: z.string().max(1_000).optional() }).optional(),
          response: { 200: alertSchema },
        },
      },
      async ({ params, user, body }) => {
        const known = await find(params.id, user);
        const alert = await alerts.confirmLevel(params.id, user.name, body?.note);
        if (alert) return showAlert(alert, user);
        throw new Problem(
          409,
          'alert-closed',
          `Alert ${params.id} is ${known.state}; there is nothing to confirm.`,
        );
      },
    );
  };

type ShownExplanation = z.infer<typeof explanationSchema>;

/** Everybody may know why; who did what, and whom it was sent to, is for staff. */
function forUser(explanation: ShownExplanation, user: User): ShownExplanation {
  if (isStaff(user)) return explanation;
  const log = explanation.log.map((entry) => ({ ...entry, by: null, note: null }));
  return { ...explanation, notices: [], log };
}

function showAlert(alert: Alert, user: User): z.infer<typeof alertSchema> {
  const shown = formatAlert(alert);
  // Names of people are for colleagues.
  const by = shown.acknowledged && isStaff(user) ? alert.acknowledgement?.by : undefined;
  return { ...shown, acknowledgedBy: by ?? null };
}
