/**
 * `GET/POST/DELETE /v1/drills`: a flood that is played, and its report.
 *
 * For those who lead a drill: dispatchers and engineers. Invariant: what a drill raises says everywhere that it is an
 * exercise; the city's own gauges go on measuring beside it.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Alerts } from '../../alerts/alerts.ts';
import type { Drill } from '../../drill/drill-records.ts';
import { DrillError, type Drills } from '../../drill/drills.ts';
import { type DrillReport, reportDrill } from '../../drill/report.ts';
import { scenarioSchema } from '../../drill/scenario.ts';
import type { User } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { idInput } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { alertSchema, showAlert } from './alert-json.ts';

export interface DrillsDependencies {
  readonly drills: Drills;
  readonly alerts: Pick<Alerts, 'list' | 'explain'>;
}

const LED_BY = { access: ['dispatcher', 'engineer'] } as const;
const params = z.object({ id: idInput('The number of a drill.') });

const drillSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    startedAt: timeOutput,
    startedBy: z.string(),
    endsAt: timeOutput.describe('When it ends by itself.'),
    endedAt: timeOutput.nullable().describe('Null while it is under way.'),
    endedBy: z.string().nullable().describe('Who ended it before its time.'),
    gauges: z.array(z.string()).describe('The gauges that are played; each by a twin, latihan-<gauge>.'),
  })
  .meta({ id: 'Drill' });

const reportSchema = drillSchema
  .extend({
    report: z.object({
      acknowledged: z.int().describe('Alerts that somebody took.'),
      medianAcknowledgeS: z.int().nullable().describe('From being raised until somebody took it, seconds.'),
      told: z.int().describe('Messages that reached a channel.'),
      alerts: z.array(
        alertSchema.extend({
          acknowledgedAfterS: z.int().nullable(),
          notices: z.array(
            z.object({ channel: z.string(), state: z.string(), doneAt: timeOutput.nullable() }),
          ),
        }),
      ),
    }),
  })
  .meta({ id: 'DrillReport' });

export const drillRoutes =
  (dependencies: DrillsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addListDrills(app, dependencies);
    addReadDrill(app, dependencies);
    addStartDrill(app, dependencies);
    addEndDrill(app, dependencies);
  };

function addListDrills(app: ZodApp, { drills }: DrillsDependencies): void {
  app.get(
    '/drills',
    {
      schema: {
        operationId: 'listDrills',
        tags: ['alerts'],
        summary: 'Drills, the newest first',
        response: { 200: z.object({ drills: z.array(drillSchema) }) },
      },
    },
    async () => ({ drills: (await drills.list()).map(formatDrill) }),
  );
}

function addReadDrill(app: ZodApp, { drills, alerts }: DrillsDependencies): void {
  app.get(
    '/drills/:id',
    {
      config: { fails: [404] },
      schema: {
        operationId: 'readDrill',
        tags: ['alerts'],
        summary: 'A drill and its report: what was raised, who was told, who took it and after how long',
        params,
        response: { 200: reportSchema },
      },
    },
    async ({ params: { id }, user }) => {
      const drill = await drills.find(id);
      if (!drill) throw new Problem(404, 'unknown-drill', `There is no drill ${id}.`);
      return { ...formatDrill(drill), report: formatReport(await reportDrill(drill, alerts), user) };
    },
  );
}

function addStartDrill(app: ZodApp, { drills }: DrillsDependencies): void {
  app.post(
    '/drills',
    {
      config: { ...LED_BY, fails: [409, 422] },
      schema: {
        operationId: 'startDrill',
        tags: ['alerts'],
        summary: 'Play a flood: every alert of it is marked as an exercise',
        body: scenarioSchema,
        response: { 201: drillSchema },
      },
    },
    async ({ body, user }, reply) => {
      try {
        return reply.code(201).send(formatDrill(await drills.start(body, user.name)));
      } catch (error) {
        if (!(error instanceof DrillError)) throw error;
        const status = error.code === 'drill-under-way' ? 409 : 422;
        throw new Problem(status, error.code, `${error.message}.`);
      }
    },
  );
}

function addEndDrill(app: ZodApp, { drills }: DrillsDependencies): void {
  app.delete(
    '/drills/:id',
    {
      config: { ...LED_BY, fails: [404] },
      schema: {
        operationId: 'endDrill',
        tags: ['alerts'],
        summary: 'End a drill now',
        params,
        response: { 200: drillSchema },
      },
    },
    async ({ params: { id }, user }) => {
      const drill = await drills.end(id, user.name);
      if (!drill) throw new Problem(404, 'unknown-drill', `No drill ${id} is under way.`);
      return formatDrill(drill);
    },
  );
}

function formatDrill(drill: Drill): z.infer<typeof drillSchema> {
  const { id, scenario, startedAt, startedBy, endsAt, endedAt, endedBy } = drill;
  return {
    ...{ id, name: scenario.name, startedAt: formatTime(startedAt), startedBy, endsAt: formatTime(endsAt) },
    endedAt: endedAt === undefined ? null : formatTime(endedAt),
    endedBy: endedBy ?? null,
    gauges: scenario.gauges.map(({ gauge }) => gauge),
  };
}

function formatReport(report: DrillReport, user: User): z.infer<typeof reportSchema>['report'] {
  const { alerts, acknowledged, medianAcknowledgeS, told } = report;
  return {
    ...{ acknowledged, told, medianAcknowledgeS: medianAcknowledgeS ?? null },
    alerts: alerts.map(({ alert, acknowledged: taken, notices }) => ({
      ...showAlert(alert, user),
      acknowledgedAfterS: taken ? Math.round((taken.at - alert.raisedAt) / 1_000) : null,
      notices: notices.map(({ channel, state, doneAt }) => ({
        ...{ channel, state },
        doneAt: doneAt === undefined ? null : formatTime(doneAt),
      })),
    })),
  };
}
