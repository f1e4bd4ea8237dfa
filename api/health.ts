/**
 * `/healthz`, `/readyz`, `/metrics`: for those who watch Siaga itself.
 *
 * Invariant: `/healthz` says that the event loop turns and asks nothing of the parts; `/readyz` says whether
 * they work, with every reason in words.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { Problem } from './problem.ts';

export interface HealthDependencies {
  readonly metrics: Metrics;
  /** Problems in words; none when ready. */
  readonly readiness: () => readonly string[];
}

export const healthRoutes =
  ({ metrics, readiness }: HealthDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const config = { access: 'public' } as const;

    app.get(
      '/healthz',
      {
        config,
        schema: {
          tags: ['health'],
          summary: 'Alive',
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        config,
        schema: {
          tags: ['health'],
          summary: 'Ready; 503 with every reason when not',
          response: { 200: z.object({ status: z.literal('ready') }) },
        },
      },
      async () => {
        const problems = readiness();
        if (problems.length > 0) throw new Problem(503, 'not-ready', problems.join('; '), { problems });
        return { status: 'ready' as const };
      },
    );

    app.get(
      '/metrics',
      {
        config,
        schema: {
          tags: ['health'],
          summary: 'Prometheus metrics',
          response: {
            200: {
              description: 'Text in the exposition format.',
              content: { 'text/plain': { schema: z.string() } },
            },
          },
        },
      },
      async (_request, reply) => {
        // Sent as bytes: text would be taken for a value to serialize.
        return reply.type(metrics.contentType).send(Buffer.from(await metrics.metrics()) as never);
      },
    );
  };
