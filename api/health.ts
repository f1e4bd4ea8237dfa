/**
 * `/healthz`, `/readyz`, `/metrics`: for those who watch Siaga itself.
 *
 * Figures and reasons tell of units, incidents and addresses inside the house: where others than this machine
 * can call, they are for those who run it. Invariant: `/healthz` says that the event loop turns and asks nothing
 * of the parts; `/readyz` says to everybody whether they work, and why not, in words, to those who may know.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { type Config, isLoopback } from '../config.ts';
import { isStaff, requireRole } from './access.ts';
import { Problem } from './problem.ts';

export type HealthConfig = Partial<Pick<Config, 'HTTP_HOST' | 'TRUST_PROXY'>>;

export interface HealthDependencies {
  readonly config: HealthConfig;
  readonly metrics: Metrics;
  /** Problems in words; none when ready. */
  readonly readiness: () => readonly string[];
}

/** Set by proxies, also by one that nobody has named in TRUST_PROXY. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

export const healthRoutes =
  ({ config: { HTTP_HOST, TRUST_PROXY }, metrics, readiness }: HealthDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const config = { access: 'public', alwaysAnswered: true } as const;
    // A proxy on this machine calls over loopback too, for people who are elsewhere.
    const isOnlyThisMachine = HTTP_HOST !== undefined && isLoopback(HTTP_HOST) && TRUST_PROXY === undefined;
    const isAskedHere = (headers: IncomingHttpHeaders) =>
      isOnlyThisMachine && !PROXY_HEADERS.some((name) => headers[name] !== undefined);

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
          summary: 'Ready; 503 when not, for staff with every reason',
          response: { 200: z.object({ status: z.literal('ready') }) },
        },
      },
      async ({ user, headers }) => {
        const problems = readiness();
        if (problems.length === 0) return { status: 'ready' as const };
        if (isAskedHere(headers) || isStaff(user)) {
          throw new Problem(503, 'not-ready', problems.join('; '), { problems });
        }
        throw new Problem(
          503,
          'not-ready',
          'Some part does not work; with a token of staff this says which.',
        );
      },
    );

    app.get(
      '/metrics',
      {
        config: isOnlyThisMachine ? config : { ...config, access: ['engineer'] },
        schema: {
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
      async ({ user, headers }, reply) => {
        if (!isAskedHere(headers)) requireRole(user, ['engineer']);
        // Sent as bytes: text would be taken for a value to serialize.
        return reply.type(metrics.contentType).send(Buffer.from(await metrics.metrics()) as never);
      },
    );
  };
