/**
 * `GET/POST/DELETE /v1/silences`: maintenance windows that mute notices.
 *
 * Invariant: a silence has an end, at most a week away; it mutes what people are told and never the
 * judgement, and the top level is told all the same.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Alerts } from '../../alerts/alerts.ts';
import {
  MAX_SILENCE_MS,
  MAX_SILENCES,
  SILENCE_SCOPES,
  type Silence,
} from '../../alerts/lifecycle/silences.ts';
import { Problem } from '../border/problem.ts';
import { idInput } from '../border/text-input.ts';
import { formatTime, timeInput, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';

const silenceSchema = z
  .object({
    id: z.int(),
    scope: z.enum(SILENCE_SCOPES),
    target: z.string().describe('A device, a river, uplink, base or group of alerts, or a rule.'),
    startsAt: timeOutput,
    endsAt: timeOutput,
    createdBy: z.string(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Silence' });

export const silenceRoutes =
  (dependencies: { alerts: Alerts; now: () => number }): FastifyPluginAsyncZod =>
  async (app) => {
    addListSilences(app, dependencies);
    addCreateSilence(app, dependencies);
    addEndSilence(app, dependencies);
  };

function addListSilences(app: ZodApp, { alerts }: { alerts: Alerts; now: () => number }): void {
  app.get(
    '/silences',
    {
      schema: {
        operationId: 'listSilences',
        tags: ['alerts'],
        summary: 'Silences in force or still to come',
        response: { 200: z.object({ silences: z.array(silenceSchema) }) },
      },
    },
    async () => ({ silences: alerts.silences().map(formatSilence) }),
  );
}

function addCreateSilence(app: ZodApp, { alerts, now }: { alerts: Alerts; now: () => number }): void {
  app.post(
    '/silences',
    {
      config: { access: ['dispatcher', 'engineer'], fails: [409] },
      schema: {
        operationId: 'createSilence',
        tags: ['alerts'],
        summary: 'Mute the notices of a device, a group or a rule for a time',
        body: z.strictObject({
          scope: z.enum(SILENCE_SCOPES),
          target: z.string().min(1).max(100),
          startsAt: timeInput.optional(),
          endsAt: timeInput,
          note: z.string().max(1_000).optional(),
        }),
        response: { 201: silenceSchema },
      },
    },
    async ({ body, user }, reply) => {
      const startsAt = body.startsAt ?? now();
      const { scope, target, endsAt, note } = body;
      if (endsAt <= now() || endsAt <= startsAt) {
        throw new Problem(400, 'silence-ended', 'endsAt must lie in the future and after startsAt.');
      }
      if (endsAt - startsAt > MAX_SILENCE_MS) {
        throw new Problem(400, 'silence-too-long', 'A silence lasts at most 7 days; look at it again then.');
      }
      if (alerts.silences().length >= MAX_SILENCES) {
        throw new Problem(409, 'too-many-silences', `There are ${MAX_SILENCES} silences; end some first.`);
      }
      const silence = await alerts.silence({ scope, target, startsAt, endsAt, createdBy: user.name, note });
      return reply.code(201).send(formatSilence(silence));
    },
  );
}

function addEndSilence(app: ZodApp, { alerts }: { alerts: Alerts }): void {
  app.delete(
    '/silences/:id',
    {
      config: { access: ['dispatcher', 'engineer'] },
      schema: {
        operationId: 'endSilence',
        tags: ['alerts'],
        summary: 'End a silence now',
        params: z.object({ id: idInput('The number of a silence.') }),
        response: { 204: z.null() },
      },
    },
    async ({ params, user }, reply) => {
      if (!(await alerts.endSilence(params.id, user.name))) {
        throw new Problem(404, 'unknown-silence', `There is no silence ${params.id} in force.`);
      }
      return reply.code(204).send(null);
    },
  );
}

function formatSilence(silence: Silence): z.infer<typeof silenceSchema> {
  const { id, scope, target, startsAt, endsAt, createdBy, note } = silence;
  return {
    id,
    scope,
    target,
    startsAt: formatTime(startsAt),
    endsAt: formatTime(endsAt),
    createdBy,
    note: note ?? null,
  };
}
