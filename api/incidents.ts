/**
 * Incidents: intake, triage, notes, recommendation, close. Assignments stand beside in assignments.ts.
 *
 * The desk takes calls and the dispatcher does all; engineers read without the caller. Invariant: every write
 * names its user, and the same Idempotency-Key gives the same incident.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Dispatch } from '../dispatch/dispatch.ts';
import type { IncidentRow } from '../dispatch/incident-row.ts';
import type { User } from './access.ts';
import { candidateLimit, type DispatchRoutesDependencies } from './ambulances.ts';
import { cursorInput, formatNext, nextOutput } from './cursor.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { closingInput, incidentDetailsInput, incidentId, newIncident, noteInput } from './incident-input.ts';
import {
  formatAssignment,
  formatAudit,
  formatIncident,
  incidentDetailSchema,
  listedIncidentSchema,
} from './incident-json.ts';
import {
  destinationSchema,
  formatDestination,
  formatRecommendation,
  recommendationSchema,
} from './recommendation-json.ts';
import { jsonPage, readInParts, sendPage } from './sliced-page.ts';
import { idInput, limitInput } from './text-input.ts';

const params = z.object({ id: incidentId });
const desk = { access: ['dispatcher', 'desk'] as const };
const MAX_INCIDENTS = 500;
const PART_INCIDENTS = 100;

export const incidentRoutes =
  ({ dispatch }: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const { incidents } = dispatch;
    registerDispatchProblems(app);

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
        const incident = await incidents.report({ ...body, key: headers['idempotency-key'] }, user.name);
        reply.code(201).header('location', `/v1/incidents/${incident.id}`);
        return detail(dispatch, incident, user);
      },
    );

    app.get(
      '/incidents',
      {
        config: { isPaged: true },
        schema: {
          operationId: 'listIncidents',
          tags: ['incidents'],
          summary: 'Incidents, the newest first',
          querystring: z.strictObject({
            state: z
              .enum(['open', 'closed'])
              .describe('In this state only.')
              .meta({ example: 'open' })
              .optional(),
            before: idInput('Incidents before this id: the next page.').optional(),
            limit: limitInput(MAX_INCIDENTS, 100),
            cursor: cursorInput,
          }),
          response: { 200: z.object({ incidents: z.array(listedIncidentSchema), next: nextOutput }) },
        },
      },
      async (request, reply) => {
        const { query, user, share, signal } = request;
        const { state, before, limit } = query;
        const filter = state ? { state } : {};
        const page = readInParts<IncidentRow>({
          limit,
          partSize: PART_INCIDENTS,
          read: (after, part) => incidents.list({ ...filter, before: after?.id ?? before, limit: part }),
        });
        const shown: number[] = [];
        const tail = () => {
          request.read = { what: 'incidents', which: shown.join(',') };
          return page.last ? formatNext(request, reply, { before: page.last.id }) : {};
        };
        const underWay = unitsUnderWay(dispatch);
        const show = (row: IncidentRow): z.input<typeof listedIncidentSchema> => {
          shown.push(row.id);
          return { ...formatIncident(row, user), units: underWay.get(row.id) ?? [] };
        };
        const format = jsonPage({}, 'incidents', show, tail);
        return share.makePage('too-many-pages', (turns) =>
          sendPage(reply, { format, slices: page.slices, turns, signal }),
        );
      },
    );

    app.get(
      '/incidents/:id',
      {
        schema: {
          operationId: 'getIncident',
          tags: ['incidents'],
          summary: 'One incident with its assignments, their timelines and the log',
          params,
          response: { 200: incidentDetailSchema },
        },
      },
      async (request) => {
        const { user, params } = request;
        request.read = { what: 'incidents', which: String(params.id) };
        return detail(dispatch, await incidents.get(params.id), user);
      },
    );

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
        detail(dispatch, await incidents.triage(id, body, user.name), user),
    );

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
        await incidents.note(id, body.text, user.name);
        reply.code(201);
        return detail(dispatch, await incidents.get(id), user);
      },
    );

    app.get(
      '/incidents/:id/recommendation',
      {
        schema: {
          operationId: 'recommendForIncident',
          tags: ['incidents'],
          summary: 'Whom to send, and where to take the patient, with reasons',
          params,
          querystring: z.strictObject({
            role: z
              .enum(['first-aid', 'transport'])
              .describe('For this role only; as the incident needs where absent.')
              .meta({ example: 'transport' })
              .optional(),
            limit: candidateLimit,
          }),
          response: {
            200: z.object({
              incident: z.int(),
              firstAid: recommendationSchema.optional(),
              transport: recommendationSchema.optional().describe('Where the patient needs a transport.'),
              destinations: z.array(destinationSchema).optional(),
              shortfall: z.string().optional(),
            }),
          },
        },
      },
      async ({ params: { id }, query: { role, limit } }) => {
        const { lat, lng, needs_transport } = await incidents.get(id);
        if (lat === null || lng === null) {
          return {
            incident: id,
            shortfall:
              'the incident has no coordinates: triage it with lat and lng, or a place that the city knows',
          };
        }
        const at = { lat, lng };
        const wantsTransport = role === 'transport' || (role === undefined && needs_transport === 1);
        const [firstAid, transport] = await Promise.all([
          role === 'transport' ? undefined : dispatch.recommend({ at, limit, role: 'first-aid' }),
          wantsTransport ? dispatch.recommend({ at, limit, role: 'transport' }) : undefined,
        ]);
        return {
          incident: id,
          ...(firstAid ? { firstAid: formatRecommendation(firstAid) } : {}),
          ...(transport ? { transport: formatRecommendation(transport) } : {}),
          ...(wantsTransport
            ? { destinations: dispatch.hospitals.destinations(at, limit).map(formatDestination) }
            : {}),
        };
      },
    );

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
        detail(dispatch, await incidents.close(id, outcome, user.name, note), user),
    );
  };

/** By incident, from the mirror of open assignments: a page of 500 asks the database nothing more. */
function unitsUnderWay({
  assignments,
}: Dispatch): Map<number, z.input<typeof listedIncidentSchema>['units']> {
  const units = new Map<number, z.input<typeof listedIncidentSchema>['units']>();
  for (const [unit, { id, incident, step }] of assignments.open) {
    const others = units.get(incident) ?? [];
    units.set(incident, [...others, { unit, assignment: id, step }]);
  }
  return units;
}

/** The whole of an incident, as every call about one answers. */
export async function detail(
  dispatch: Dispatch,
  incident: IncidentRow,
  user: User,
): Promise<z.input<typeof incidentDetailSchema>> {
  const [assignments, log, possibleDuplicates] = await Promise.all([
    dispatch.assignments.ofIncident(incident.id),
    dispatch.audit(incident.id),
    dispatch.incidents.possibleDuplicates(incident),
  ]);
  const words = await dispatch.words.ofAssignments(assignments.map(({ id }) => id));
  return {
    ...formatIncident(incident, user),
    assignments: assignments.map((row) => formatAssignment(row, words.get(row.id) ?? [], user)),
    possibleDuplicates,
    log: log.map((each) => formatAudit(each, user)),
  };
}
