/**
 * `GET /v1/ambulances/nearest`: who would be there first, and why the others would not; and taking a unit out
 * of service.
 *
 * For staff: positions of units are not public. Invariant: the answer changes nothing and reserves nobody;
 * `unitVersion` of a candidate is what an assignment must present.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Dispatch } from '../../dispatch/dispatch.ts';
import { MAX_ROUTE_POINTS } from '../../dispatch/roads/road-route.ts';
import { MAX_ROUTES } from '../../dispatch/units/unit-routes.ts';
import { limitInput, numberInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { deviceId } from '../devices/devices.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import { formatRecommendation, recommendationSchema } from './recommendation-json.ts';

export interface DispatchRoutesDependencies {
  readonly dispatch: Dispatch;
}

export const MAX_CANDIDATES = 50;
export const LAT_TOO_BIG = 'at most 90; are lat and lng swapped?';
export const latitude = numberInput(z.number().min(-90).max(90, LAT_TOO_BIG), -6.99)
  .describe('Degrees north; south is below 0.')
  .meta({ example: -6.9932 });
export const longitude = numberInput(z.number().min(-180).max(180), 110.42)
  .describe('Degrees east; west is below 0.')
  .meta({ example: 110.4203 });
export const candidateLimit = limitInput(MAX_CANDIDATES, 5);
/** One object and no alternatives: what generators of clients make of those differs. */
const serviceChange = z
  .strictObject({
    inService: z.boolean(),
    reason: z.string().trim().min(1).max(500).optional().describe('Why not; needed with `inService: false`.'),
  })
  .refine(({ inService, reason }) => inService === (reason === undefined), {
    path: ['reason'],
    error: 'comes with inService: false, and with nothing else',
  })
  .meta({ id: 'ServiceChange' });
const vehicle = z
  .enum(['motorcycle', 'transport'])
  .describe('Vehicles of this sort only.')
  .meta({ example: 'motorcycle' });

export const ambulanceRoutes =
  ({ dispatch }: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);

    app.get(
      '/ambulances/nearest',
      {
        config: { fails: [422] },
        schema: {
          operationId: 'findNearestAmbulances',
          tags: ['ambulances'],
          summary: 'The fastest ambulances to a place that can be sent, each with its reason',
          querystring: z.strictObject({
            lat: latitude,
            lng: longitude,
            limit: candidateLimit,
            vehicle: vehicle.optional(),
          }),
          response: { 200: recommendationSchema },
        },
      },
      async ({ query: { lat, lng, limit, vehicle } }) =>
        formatRecommendation(
          await dispatch.recommend({ at: { lat, lng }, limit, ...(vehicle ? { vehicle } : {}) }),
        ),
    );

    addFindRoutes(app, dispatch);
    addListWithheld(app, dispatch);

    app.put(
      '/ambulances/:id/service',
      {
        config: { access: ['dispatcher'], fails: [409] },
        schema: {
          operationId: 'setUnitService',
          tags: ['ambulances'],
          summary: 'Takes a unit out of service, or puts it back',
          params: z.object({ id: deviceId }),
          body: serviceChange,
          response: {
            200: z.object({ unit: z.string(), outOfService: z.string().nullable(), unitVersion: z.int() }),
          },
        },
      },
      async ({ params: { id }, body, user }) => {
        await dispatch.setService(id, body.reason ?? null, user.name);
        const { outOfService, version } = dispatch.board.lockOf(id);
        return { unit: id, outOfService: outOfService ?? null, unitVersion: version };
      },
    );
  };

/** More than a city has out of service at once; the others stand there when these are back. */
export const MAX_WITHHELD = 500;

const withheldSchema = z
  .object({
    unit: z.string(),
    outOfService: z.string().nullable().describe('Why, as a person said it; null where it is in service.'),
    patientDoubt: z.string().nullable().describe('Why a patient may be aboard although it has no order.'),
  })
  .meta({ id: 'WithheldUnit' });

function addListWithheld(app: ZodApp, dispatch: Dispatch): void {
  app.get(
    '/ambulances/withheld',
    {
      schema: {
        operationId: 'listWithheldUnits',
        tags: ['ambulances'],
        summary:
          'Units that nobody is offered, whatever their crews say: out of service, or a patient may be aboard',
        response: { 200: z.object({ units: z.array(withheldSchema) }) },
      },
    },
    async () => ({
      units: dispatch.board.withheld(MAX_WITHHELD).map(({ unit, outOfService, patientDoubt }) => ({
        unit,
        outOfService: outOfService ?? null,
        patientDoubt: patientDoubt ?? null,
      })),
    }),
  );
}

const unitList = z
  .string()
  .max(MAX_ROUTES * 65)
  .transform((text) => text.split(','))
  .pipe(z.array(deviceId).min(1).max(MAX_ROUTES))
  .describe(`Ids of units, at most ${MAX_ROUTES}, with commas between them.`)
  .meta({ example: 'motor-01,motor-03' });

const routeSchema = z
  .object({
    unit: z.string(),
    by: z.enum(['road', 'straight']).describe('`straight` where no way by road is known.'),
    etaS: z.number().nullable().describe("Of the way by the city's own roads; null for a straight line."),
    line: z
      .array(z.tuple([z.number(), z.number()]))
      .describe(`Longitude and latitude of each bend, as GeoJSON has it; at most ${MAX_ROUTE_POINTS}.`),
  })
  .meta({ id: 'UnitRoute' });

function addFindRoutes(app: ZodApp, dispatch: Dispatch): void {
  app.get(
    '/ambulances/routes',
    {
      schema: {
        operationId: 'findAmbulanceRoutes',
        tags: ['ambulances'],
        summary: 'The ways that units would drive to a place, to be drawn',
        description: 'A unit without a place, or of another city, is left out.',
        querystring: z.strictObject({ lat: latitude, lng: longitude, units: unitList }),
        response: { 200: z.object({ routes: z.array(routeSchema) }) },
      },
    },
    async ({ query: { lat, lng, units } }) => ({
      routes: dispatch.routes({ lat, lng }, units).map(({ unit, by, seconds, line }) => ({
        ...{ unit, by },
        etaS: seconds === null ? null : Math.round(seconds),
        line: line.map(([east, north]): [number, number] => [roundDegrees(east), roundDegrees(north)]),
      })),
    }),
  );
}

/** To some 10 cm. */
function roundDegrees(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}
