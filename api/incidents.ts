/**
 * Incidents: intake, triage, notes, recommendation, close. Assignments stand beside in assignments.ts.
 *
 * The desk takes calls and the dispatcher does all; engineers read without the caller. Invariant: every write
 * names its user, and the same Idempotency-Key gives the same incident.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Dispatch } from '../dispatch/dispatch.ts';
import { CLASSIFICATIONS, type IncidentRow } from '../dispatch/incident-row.ts';
import type { User } from './access.ts';
import { candidateLimit, type DispatchRoutesDependencies, LAT_TOO_BIG } from './ambulances.ts';
import { cursorInput, formatNext, nextOutput } from './cursor.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { idempotencyKey } from './idempotency-key.ts';
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
import { limitInput, numericId } from './text-input.ts';

const line = (max: number) => z.string().trim().min(1).max(max);
const detailsShape = {
  classification: z
    .enum(CLASSIFICATIONS)
    .optional()
    .describe('Most calls are none: say so before anybody is sent.'),
  category: line(100).optional(),
  priority: z.literal([1, 2, 3]).optional().describe('1 is the most urgent.'),
  place: line(300).optional().describe('Gives the coordinates where the city knows it by this name.'),
  lat: z.number().min(-90).max(90, LAT_TOO_BIG).optional(),
  lng: z.number().min(-180).max(180).optional(),
  needsTransport: z.boolean().optional(),
  duplicateOf: z.int().min(1).optional(),
};
const bothCoordinates = ({ lat, lng }: { lat?: number | undefined; lng?: number | undefined }) =>
  (lat === undefined) === (lng === undefined);
const details = z.strictObject(detailsShape).refine(bothCoordinates, 'lat and lng come together');
const report = z
  .strictObject({
    ...detailsShape,
    callerName: line(200).optional(),
    callerPhone: line(50).optional(),
    note: line(4_000).optional(),
    simulated: z.boolean().optional(),
  })
  .refine(bothCoordinates, 'lat and lng come together');

const params = z.object({ id: numericId });
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
        config: desk,
        schema: {
          tags: ['incidents'],
          summary: 'Takes a call',
          headers: z.looseObject({ 'idempotency-key': idempotencyKey.optional() }),
          body: report,
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
          tags: ['incidents'],
          summary: 'Incidents, the newest first',
          querystring: z.strictObject({
            state: z.enum(['open', 'closed']).optional(),
            before: numericId.optional().describe('Incidents before this id: the next page.'),
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
        config: desk,
        schema: {
          tags: ['incidents'],
          summary: 'Classifies, places or links an incident; only what is given changes',
          params,
          body: details,
          response: { 200: incidentDetailSchema },
        },
      },
      async ({ params: { id }, body, user }) =>
        detail(dispatch, await incidents.triage(id, body, user.name), user),
    );

    app.post(
      '/incidents/:id/notes',
      {
        config: desk,
        schema: {
          tags: ['incidents'],
          summary: 'Adds a note to the log',
          params,
          body: z.strictObject({ text: line(4_000) }),
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
          tags: ['incidents'],
          summary: 'Whom to send, and where to take the patient, with reasons',
          params,
          querystring: z.strictObject({
            role: z.enum(['first-aid', 'transport']).optional(),
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
        config: desk,
        schema: {
          tags: ['incidents'],
          summary: 'Closes an incident that nobody is under way for any more',
          params,
          body: z.strictObject({
            outcome: line(100).describe('treated, transported, refused-care, prank, silent, information …'),
            note: line(4_000).optional(),
          }),
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
