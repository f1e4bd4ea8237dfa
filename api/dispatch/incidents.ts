/**
 * Incidents: intake, triage, notes, recommendation, close. Assignments stand beside in assignments.ts.
 *
 * The desk takes calls and the dispatcher does all; engineers read without the caller. Invariant: every write
 * names its user, and the same Idempotency-Key gives the same incident.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { idempotencyKey } from '../border/idempotency-key.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { DispatchRoutesDependencies } from './ambulances.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { closingInput, incidentDetailsInput, incidentId, newIncident, noteInput } from './incident-input.ts';
import { incidentDetailSchema } from './incident-json.ts';
import { addGetIncident, addListIncidents, addRecommendForIncident, detail } from './incident-reads.ts';

const params = z.object({ id: incidentId });
const desk = { access: ['dispatcher', 'desk'] as const };

export const incidentRoutes =
  (dependencies: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);
    addCreateIncident(app, dependencies);
    addListIncidents(app, dependencies);
    addGetIncident(app, dependencies);
    addTriageIncident(app, dependencies);
    addAddNote(app, dependencies);
    addRecommendForIncident(app, dependencies);
    addCloseIncident(app, dependencies);
  };

function addCreateIncident(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents',
    {
      config: { ...desk, fails: [404, 409, 422] },
      schema: {
        operationId: 'createIncident',
        tags: ['incidents'],
        summary: 'Takes a call',
        headers: z.looseObject({ 'idempotency-key': idempotencyKey.optional() }),
        body: newIncident,
        response: { 201: incidentDetailSchema },
      },
    },
    async ({ body, headers, user }, reply) => {
      const incident = await dispatch.incidents.report(
        { ...body, key: headers['idempotency-key'] },
        user.name,
      );
      reply.code(201).header('location', `/v1/incidents/${incident.id}`);
      return detail(dispatch, incident, user);
    },
  );
}

function addTriageIncident(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/triage',
    {
      config: { ...desk, fails: [409, 422] },
      schema: {
        operationId: 'triageIncident',
        tags: ['incidents'],
        summary: 'Classifies, places or links an incident; only what is given changes',
        params,
        body: incidentDetailsInput,
        response: { 200: incidentDetailSchema },
      },
    },
    async ({ params: { id }, body, user }) =>
      detail(dispatch, await dispatch.incidents.triage(id, body, user.name), user),
  );
}

function addAddNote(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/notes',
    {
      config: { ...desk, fails: [409] },
      schema: {
        operationId: 'addNote',
        tags: ['incidents'],
        summary: 'Adds a note to the log',
        params,
        body: noteInput,
        response: { 201: incidentDetailSchema },
      },
    },
    async ({ params: { id }, body, user }, reply) => {
      await dispatch.incidents.note(id, body.text, user.name);
      reply.code(201);
      return detail(dispatch, await dispatch.incidents.get(id), user);
    },
  );
}

function addCloseIncident(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
  app.post(
    '/incidents/:id/close',
    {
      config: { ...desk, fails: [409] },
      schema: {
        operationId: 'closeIncident',
        tags: ['incidents'],
        summary: 'Closes an incident that nobody is under way for any more',
        params,
        body: closingInput,
        response: { 200: incidentDetailSchema },
      },
    },
    async ({ params: { id }, body: { outcome, note }, user }) =>
      detail(dispatch, await dispatch.incidents.close(id, outcome, user.name, note), user),
  );
}
