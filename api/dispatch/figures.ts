/**
 * `GET /v1/figures/response` and `/v1/figures/coverage`: how fast, how busy, how much of the city is covered.
 *
 * Read by the room and by Grafana. Invariant: a time that nobody recorded is counted as missing and never
 * guessed; simulated incidents are shown only when asked for.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Problem } from '../border/problem.ts';
import { booleanInput } from '../border/text-input.ts';
import { formatTime, timeInput, timeOutput, timeZoneInput } from '../border/time.ts';
import type { DispatchRoutesDependencies } from './ambulances.ts';

const stepSchema = z
  .object({
    count: z.int(),
    missing: z.int().describe('Where one of the two times was never recorded.'),
    p50S: z.number().nullable(),
    p90S: z.number().nullable(),
    maxS: z.number().nullable(),
  })
  .meta({ id: 'StepFigures' });
const responseSchema = stepSchema
  .extend({ withinTarget: z.number().nullable() })
  .meta({ id: 'ResponseTimes' });
const figuresSchema = z
  .object({
    from: timeOutput,
    to: timeOutput,
    targetS: z.int(),
    incidents: z.int(),
    response: responseSchema.describe('From the call to the first unit on scene.'),
    steps: z.record(z.string(), stepSchema),
    byDay: z.array(responseSchema.extend({ day: z.string() })),
    byKecamatan: z.array(responseSchema.extend({ kecamatan: z.string().nullable() })),
    utilisation: z.array(
      z.object({ unit: z.string(), assignments: z.int(), busyS: z.number(), share: z.number() }),
    ),
    truncated: z.boolean(),
  })
  .meta({ id: 'ResponseFigures' });

const DAY_MS = 86_400_000;
export const MAX_SPAN_MS = 400 * DAY_MS;

export interface FiguresDependencies extends DispatchRoutesDependencies {
  readonly now: () => number;
  readonly timeZone: string;
}

export const figureRoutes =
  ({ dispatch, now, timeZone: cityZone }: FiguresDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/figures/response',
      {
        schema: {
          operationId: 'getResponseFigures',
          tags: ['figures'],
          summary: 'Response times by step, day and kecamatan against the target; utilisation of units',
          querystring: z.strictObject({
            from: timeInput.describe('Thirty days before `to` where absent.').optional(),
            to: timeInput.describe('Now where absent.').optional(),
            timeZone: timeZoneInput.optional(),
            simulated: booleanInput(false)
              .describe('Of a rehearsal too; not where absent.')
              .meta({ example: false }),
          }),
          response: { 200: figuresSchema },
        },
      },
      async ({ query }) => {
        const toMs = query.to ?? now();
        const fromMs = query.from ?? toMs - 30 * DAY_MS;
        if (fromMs >= toMs || toMs - fromMs > MAX_SPAN_MS) {
          throw new Problem(400, 'wrong-range', '`from` must lie before `to`, by no more than 400 days.');
        }
        const { simulated, timeZone = cityZone } = query;
        const figures = await dispatch.figures({ fromMs, toMs, timeZone, simulated });
        return {
          from: formatTime(fromMs),
          to: formatTime(toMs),
          ...figures,
          byDay: [...figures.byDay],
          byKecamatan: [...figures.byKecamatan],
          utilisation: [...figures.utilisation],
        };
      },
    );

    app.get(
      '/figures/coverage',
      {
        schema: {
          operationId: 'getCoverage',
          tags: ['figures'],
          summary: 'Share of the road network within 15 minutes of an available unit, now and without each',
          response: {
            200: z.object({
              asOf: timeOutput,
              limitS: z.int(),
              now: z.number().nullable().describe('0–1; null where the city has no roads.'),
              without: z.record(z.string(), z.number()),
            }),
          },
        },
      },
      async () => {
        const coverage = dispatch.coverage();
        return {
          asOf: formatTime(now()),
          limitS: 900,
          now: coverage?.now ?? null,
          without: Object.fromEntries(coverage?.without ?? []),
        };
      },
    );
  };
