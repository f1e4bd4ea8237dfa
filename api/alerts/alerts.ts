/**
 * `GET /v1/alerts`, `/v1/alerts/{id}`, `POST …/acknowledge` and `…/confirm-level`: what is wrong now, why, and who
 * has it.
 *
 * Reads the alarms; only what people say of an alert changes anything, with their name. Invariant: everybody sees
 * what is public; alerts about units, and the names of those who acknowledged, are for staff.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ALERT_STATES, type Alert, type AlertState } from '../../alerts/alert.ts';
import type { Alerts } from '../../alerts/alerts.ts';
import { formatExplanation } from '../../alerts/record/explain.ts';
import { audienceOf } from '../../alerts/record/format-alert.ts';
import { isStaff, type User } from '../access/access.ts';
import { jsonPage, readInParts, sendPage } from '../access/sliced-page.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { limitInput } from '../border/text-input.ts';
import { timeInput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { alertSchema, explainedAlertSchema, explainFor, showAlert } from './alert-json.ts';

const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 500;
/** Read from the database at once: each is a document of some KiB, parsed on the event loop. */
const PART_ALERTS = 50;

const idParams = z.object({
  id: z
    .string()
    .min(1)
    .max(200)
    .describe('The id of an alert.')
    .meta({ example: 'river-level-kreo-cepoko-1' }),
});
const stateQuery = z
  .string()
  .max(100)
  .describe('`open` (provisional, open and acknowledged), `closed`, or states by commas.')
  .meta({ example: 'open' })
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
    rule: z
      .string()
      .max(64)
      .describe('Raised by this rule only.')
      .meta({ example: 'river-level' })
      .optional(),
    subject: z
      .string()
      .max(64)
      .describe('A device or an uplink.')
      .meta({ example: 'kreo-cepoko' })
      .optional(),
    before: timeInput.describe('Raised before this.').optional(),
    beforeId: z
      .string()
      .min(1)
      .max(200)
      .describe('With `before`: also those of that very moment whose id is before this one.')
      .meta({ example: 'river-level-kreo-cepoko-1' })
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
    addListAlerts(app, alerts);
    addGetAlert(app, alerts);
    addAcknowledgeAlert(app, alerts);
    addConfirmLevel(app, alerts);
  };

function addListAlerts(app: ZodApp, alerts: Alerts): void {
  app.get(
    '/alerts',
    {
      config: { access: 'public', isPaged: true },
      schema: {
        operationId: 'listAlerts',
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
}

function addGetAlert(app: ZodApp, alerts: Alerts): void {
  app.get(
    '/alerts/:id',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getAlert',
        tags: ['alerts'],
        summary: 'One alert and why: readings, rule, timers, notices, log',
        params: idParams,
        response: { 200: explainedAlertSchema },
      },
    },
    async ({ params, user }) => {
      const alert = await findVisible(alerts, params.id, user);
      const explanation = formatExplanation(await alerts.explain(alert));
      return { ...showAlert(alert, user), explanation: explainFor(explanation, user) };
    },
  );
}

function addAcknowledgeAlert(app: ZodApp, alerts: Alerts): void {
  app.post(
    '/alerts/:id/acknowledge',
    {
      config: { access: ['dispatcher', 'engineer', 'desk'], fails: [409] },
      schema: {
        operationId: 'acknowledgeAlert',
        tags: ['alerts'],
        summary: 'Take an alert in hand: it is not escalated any further',
        params: idParams,
        body: z.strictObject({ note: z.string().max(1_000).optional() }).optional(),
        response: { 200: alertSchema },
      },
    },
    async ({ params, user, body }) => {
      const known = await findVisible(alerts, params.id, user);
      const alert = await alerts.acknowledge(params.id, user.name, body?.note);
      if (alert) return showAlert(alert, user);
      throw new Problem(
        409,
        'alert-closed',
        `Alert ${params.id} is ${known.state}; there is nothing to take.`,
      );
    },
  );
}

function addConfirmLevel(app: ZodApp, alerts: Alerts): void {
  app.post(
    '/alerts/:id/confirm-level',
    {
      config: { access: ['dispatcher', 'engineer', 'desk'], fails: [409] },
      schema: {
        operationId: 'confirmLevel',
        tags: ['alerts'],
        summary: 'Somebody has looked at the river: the newest level of a gauge in doubt is right',
        params: idParams,
        body: z.strictObject({ note: z.string().max(1_000).optional() }).optional(),
        response: { 200: alertSchema },
      },
    },
    async ({ params, user, body }) => {
      const known = await findVisible(alerts, params.id, user);
      const alert = await alerts.confirmLevel(params.id, user.name, body?.note);
      if (alert) return showAlert(alert, user);
      throw new Problem(
        409,
        'alert-closed',
        `Alert ${params.id} is ${known.state}; there is nothing to confirm.`,
      );
    },
  );
}

/** Throws Problem 404, also for what the caller may not see. */
async function findVisible(alerts: Alerts, id: string, user: User): Promise<Alert> {
  const alert = await alerts.find(id);
  if (alert && (isStaff(user) || audienceOf(alert) === 'public')) return alert;
  throw new Problem(404, 'unknown-alert', `There is no alert ${id}; GET /v1/alerts lists them.`);
}
