/**
 * `GET /v1/map/calls` and `/v1/map/coverage`: what lies over the desk's map, by H3 cells with their outlines.
 *
 * For who may dispatch: where people called from, and what the city is left with. Invariant: made in turns that leave
 * the event loop to others, at most 1,000 cells, and kept for a short time (dispatch/recommendation/call-heat.ts,
 * dispatch/recommendation/coverage-map.ts).
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LIMIT_S } from '../../dispatch/recommendation/coverage-now.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { deviceId } from '../devices/devices.ts';
import type { DispatchRoutesDependencies } from './ambulances.ts';

const ring = z
  .array(z.tuple([z.number(), z.number()]))
  .describe('Longitude and latitude of each corner, the first again at the end.');
const share = z.number().describe('Of its roads, 0 to 1.');
const config = { access: ['dispatcher'] as const };

export const mapLayerRoutes =
  ({ dispatch }: DispatchRoutesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/map/calls',
      {
        config,
        schema: {
          operationId: 'getCallHeat',
          tags: ['map'],
          summary: 'Where real calls of the last 30 days came from, by cell',
          response: {
            200: z.object({
              from: timeOutput,
              to: timeOutput,
              calls: z.int(),
              truncated: z.boolean().describe('Whether there were more, older ones.'),
              cells: z.array(z.object({ ring, calls: z.int() }).meta({ id: 'HeatCell' })),
            }),
          },
        },
      },
      async () => {
        const { fromMs, toMs, calls, isCut, cells } = await dispatch.callHeat();
        return {
          ...{ from: formatTime(fromMs), to: formatTime(toMs), calls, truncated: isCut },
          cells: cells.map((each) => ({ ...each, ring: copyRing(each.ring) })),
        };
      },
    );
    app.get(
      '/map/coverage',
      {
        config,
        schema: {
          operationId: 'getCoverageMap',
          tags: ['map'],
          summary: 'Which cells a free unit reaches in time, now and once one is sent',
          querystring: z.strictObject({
            without: deviceId.describe('The unit that would be sent.').optional(),
          }),
          response: {
            200: z.object({
              asOf: timeOutput,
              targetS: z.int(),
              now: share
                .nullable()
                .describe('Of all roads; null without roads, or with more than 500 free units.'),
              after: share.nullable().describe('Once the unit is sent; null where none was named.'),
              cells: z.array(z.object({ ring, now: share, after: share }).meta({ id: 'CoverageCell' })),
            }),
          },
        },
      },
      async ({ query: { without } }) => {
        const { asOfMs, now, after, cells } = await dispatch.coverageMap(without);
        return {
          ...{ asOf: formatTime(asOfMs), targetS: LIMIT_S, now, after },
          cells: cells.map((each) => ({ ...each, ring: copyRing(each.ring) })),
        };
      },
    );
  };

function copyRing(corners: readonly (readonly [number, number])[]): [number, number][] {
  return corners.map(([lng, lat]) => [lng, lat]);
}
