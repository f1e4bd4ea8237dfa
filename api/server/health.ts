/**
 * `/healthz`, `/readyz`, `/metrics`: for those who watch Siaga itself.
 *
 * Figures and reasons tell of units, incidents and addresses inside the house: where others than this machine
 * can call, they are for those who run it. Invariant: `/healthz` says that the event loop turns and asks nothing
 * of the parts; `/readyz` says to everybody whether they work, and why not, in words, to those who may know. What
 * only engineers wait for is *degraded*, and ready all the same.
 */
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { type Config, isLoopback } from '../../config/config.ts';

import { isStaff, requireRole } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import type { ZodApp } from '../border/zod-app.ts';

/** What a proxy adds to what it passes on. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const;

const config = { access: 'public', alwaysAnswered: true } as const;

export type HealthConfig = Partial<Pick<Config, 'HTTP_HOST' | 'TRUST_PROXY'>>;

export interface HealthDependencies {
  readonly config: HealthConfig;
  readonly metrics: Metrics;
  /** Problems in words; none when ready. */
  readonly readiness: () => readonly string[];
  /** What does not work and keeps nobody from anything that Siaga promises, in words; none when all is well. */
  readonly degraded?: () => readonly string[];
}

export const healthRoutes =
  (dependencies: HealthDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const { metrics, readiness, degraded = () => [] } = dependencies;
    const { HTTP_HOST, TRUST_PROXY } = dependencies.config;
    // A proxy on this machine calls over loopback too, for people who are elsewhere.
    const isOnlyThisMachine = HTTP_HOST !== undefined && isLoopback(HTTP_HOST) && TRUST_PROXY === undefined;
    // One that nobody named gives itself away by what it adds.
    const isAskedHere = ({ headers }: FastifyRequest) =>
      isOnlyThisMachine && !PROXY_HEADERS.some((name) => headers[name] !== undefined);

    app.get(
      '/healthz',
      {
        config,
        schema: {
          operationId: 'getLiveness',
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
          operationId: 'getReadiness',
          tags: ['health'],
          summary: 'Ready; 503 when not, for staff with every reason',
          response: {
            200: z.object({
              status: z.enum(['ready', 'degraded']),
              problems: z
                .array(z.string())
                .describe('For staff: what does not work, though people are served.')
                .optional(),
            }),
          },
        },
      },
      async (request) => {
        const mayKnow = isAskedHere(request) || isStaff(request.user);
        const problems = readiness();
        if (problems.length === 0) {
          const lesser = degraded();
          if (lesser.length === 0) return { status: 'ready' as const };
          return { status: 'degraded' as const, ...(mayKnow ? { problems: [...lesser] } : {}) };
        }
        if (mayKnow) {
          throw new Problem(503, 'not-ready', problems.join('; '), { problems });
        }
        throw new Problem(
          503,
          'not-ready',
          'Some part does not work; with a token of staff this says which.',
        );
      },
    );

    addGetMetrics(app, metrics, { isAskedHere, isOnlyThisMachine });
  };

interface Asked {
  readonly isAskedHere: (request: FastifyRequest) => boolean;
  readonly isOnlyThisMachine: boolean;
}

function addGetMetrics(app: ZodApp, metrics: Metrics, { isAskedHere, isOnlyThisMachine }: Asked): void {
  app.get(
    '/metrics',
    {
      // On loopback the handler asks where the request comes from.
      config: isOnlyThisMachine ? config : { ...config, access: ['engineer'] },
      schema: {
        operationId: 'getMetrics',
        tags: ['health'],
        summary: 'Prometheus metrics; without a token on loopback only',
        response: {
          200: {
            description: 'Text in the exposition format.',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => {
      if (!isAskedHere(request)) requireRole(request.user, ['engineer']);
      // Sent as bytes: text would be taken for a value to serialize.
      return reply.type(metrics.contentType).send(Buffer.from(await metrics.metrics()) as never);
    },
  );
}
