/**
 * `GET /v1/hospitals` and `PUT /v1/hospitals/{id}/beds`: beds with their age, queue and source.
 *
 * Invariant: a report replaces the one before it whole, and what a hospital did not say is null and not 0.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { deviceId } from '../devices/devices.ts';
import { candidateLimit, type DispatchRoutesDependencies, latitude, longitude } from './ambulances.ts';
import { registerDispatchProblems } from './dispatch-problem.ts';
import {
  bedReportSchema,
  destinationSchema,
  formatDestination,
  formatHospital,
  hospitalSchema,
} from './recommendation-json.ts';

export const hospitalRoutes =
  ({ dispatch }: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    registerDispatchProblems(app);

    app.get(
      '/hospitals',
      {
        schema: {
          operationId: 'listHospitals',
          tags: ['hospitals'],
          summary: 'Hospitals with free beds as last reported, and how old that is',
          response: { 200: z.object({ hospitals: z.array(hospitalSchema) }) },
        },
      },
      async () => ({ hospitals: dispatch.hospitals.all().map(formatHospital) }),
    );

    app.get(
      '/hospitals/recommended',
      {
        schema: {
          operationId: 'recommendHospitals',
          tags: ['hospitals'],
          summary: 'Where to take a patient from a place: by travel time and beds, with the reason',
          querystring: z.strictObject({ lat: latitude, lng: longitude, limit: candidateLimit }),
          response: { 200: z.object({ destinations: z.array(destinationSchema) }) },
        },
      },
      async ({ query: { lat, lng, limit } }) => ({
        destinations: dispatch.hospitals.destinations({ lat, lng }, limit).map(formatDestination),
      }),
    );

    app.put(
      '/hospitals/:id/beds',
      {
        config: { access: ['dispatcher', 'desk'] },
        schema: {
          operationId: 'reportBeds',
          tags: ['hospitals'],
          summary: 'Reports the free beds of a hospital',
          params: z.object({ id: deviceId }),
          body: bedReportSchema
            .partial()
            .strict()
            .extend({
              source: z
                .string()
                .trim()
                .min(1)
                .max(100)
                .default('api')
                .describe('Who says so: api, telephone …'),
            }),
          response: { 200: hospitalSchema },
        },
      },
      async ({ params: { id }, body, user }) => {
        const { emergency = null, intensive = null, ward = null, queue = null, source } = body;
        const beds = { emergency, intensive, ward, queue };
        return formatHospital(await dispatch.hospitals.report(id, beds, source, user.name));
      },
    );
  };
