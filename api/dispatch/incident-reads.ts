import { z } from 'zod';
import type { Dispatch } from '../../dispatch/dispatch.ts';
import type { IncidentRow } from '../../dispatch/incidents/incident-row.ts';
import type { User } from '../access/access.ts';
import { jsonPage, readInParts, sendPage } from '../access/sliced-page.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { idInput, limitInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { candidateLimit, type DispatchRoutesDependencies } from './ambulances.ts';
import { incidentId } from './incident-input.ts';
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

const params = z.object({ id: incidentId });
export const MAX_INCIDENTS = 500;
const PART_INCIDENTS = 100;

export function addListIncidents(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
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
        read: (after, part) =>
          dispatch.incidents.list({ ...filter, before: after?.id ?? before, limit: part }),
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
}

export function addGetIncident(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
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
      return detail(dispatch, await dispatch.incidents.get(params.id), user);
    },
  );
}

export function addRecommendForIncident(app: ZodApp, { dispatch }: DispatchRoutesDependencies): void {
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
      const { lat, lng, needs_transport } = await dispatch.incidents.get(id);
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
        role === 'transport' ? undefined : dispatch.recommend({ at, limit, incident: id, role: 'first-aid' }),
        wantsTransport ? dispatch.recommend({ at, limit, incident: id, role: 'transport' }) : undefined,
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
}

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
