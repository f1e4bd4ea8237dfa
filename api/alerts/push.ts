/**
 * `/v1/push`: a citizen's browser follows a gauge, pauses, and ends it. Nobody signs in.
 *
 * The endpoint is the browser's own secret address at its push service: whoever has it may see and end what it is used
 * for. Invariants: it stands in bodies only, never in an address; a refusal is counted by its reason.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Counter, type Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import { rankOf, severityOf } from '../../alerts/alert.ts';
import { MAX_OF_A_BROWSER, MAX_SUBSCRIPTIONS, PushBook } from '../../alerts/notices/push/push-book.ts';
import { isPushEndpoint, MAX_ENDPOINT_CHARACTERS } from '../../alerts/notices/push/push-hosts.ts';
import { ensurePushKeys } from '../../alerts/notices/push/push-keys.ts';
import type { Database } from '../../database/database.ts';
import { riverGauge } from '../../devices/kinds/river-gauge.ts';
import { SEVERITIES } from '../../devices/site.ts';
import type { Registry } from '../../fleet/registry.ts';
import { Problem } from '../border/problem.ts';
import type { ZodApp } from '../border/zod-app.ts';

export interface PushDependencies {
  readonly database: Database;
  readonly registry: Pick<Registry, 'find'>;
  readonly metrics: Metrics;
  readonly extraHosts: readonly string[];
}

/** Of one address: a person taps a few times, also a person who changes their mind. */
export const CALLS_PER_MIN = 30;
const config = {
  access: 'public',
  fails: [404, 409],
  rateLimit: { max: CALLS_PER_MIN, timeWindow: 60_000 },
} as const;

const endpoint = z.string().min(1).max(MAX_ENDPOINT_CHARACTERS).describe('As the browser gives it.');
const gauge = z.string().min(1).max(64);
const severity = z.enum(SEVERITIES);
const answer = z
  .object({
    following: z.array(z.object({ gauge: z.string(), leastSeverity: severity, paused: z.boolean() })),
  })
  .meta({ id: 'PushFollowing' });

export const pushRoutes =
  (dependencies: PushDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const book = new PushBook(dependencies.database);
    addGetKey(app, dependencies);
    addFollow(app, dependencies, book);
    addChanges(app, book);
  };

function addGetKey(app: ZodApp, { database }: PushDependencies): void {
  app.get(
    '/push/key',
    {
      config: { access: 'public' },
      schema: {
        ...{ operationId: 'getPushKey', tags: ['alerts'] },
        summary: 'The public key by which a browser subscribes to messages of this server',
        response: { 200: z.object({ publicKey: z.string() }) },
      },
    },
    async () => ({ publicKey: (await ensurePushKeys(database)).publicKey }),
  );
}

function addFollow(app: ZodApp, { registry, metrics, extraHosts }: PushDependencies, book: PushBook): void {
  const refused = new Counter({
    name: 'siaga_push_refused_total',
    help: 'Wishes to be pushed that were refused, by reason.',
    labelNames: ['reason'] as const,
    registers: [metrics],
  });
  const refuse = (status: 400 | 404 | 409, reason: string, detail: string) => {
    refused.inc({ reason });
    return new Problem(status, reason, detail);
  };
  app.post(
    '/push/follow',
    {
      config,
      schema: {
        ...{ operationId: 'followGauge', tags: ['alerts'] },
        summary: 'Messages to this browser when a gauge reaches a level, and when it is over',
        body: z.strictObject({
          endpoint,
          keys: z.strictObject({
            p256dh: z.string().regex(/^[\w-]{87}=?$/),
            auth: z.string().regex(/^[\w-]{22}(==)?$/),
          }),
          gauge,
          leastSeverity: severity,
          language: z.enum(['id', 'en', 'jv', 'zh']),
        }),
        response: { 200: answer },
      },
    },
    async ({ body: { leastSeverity, ...body } }) => {
      if (!isPushEndpoint(body.endpoint, extraHosts))
        throw refuse(400, 'unknown-push-service', 'The endpoint is of no push service that is known here.');
      if (registry.find(body.gauge)?.kind !== riverGauge.name)
        throw refuse(404, 'unknown-device', `There is no gauge ${body.gauge}.`);
      const outcome = await book.follow({ ...body, leastRank: rankOf(leastSeverity) });
      if (outcome === 'full')
        throw refuse(409, 'push-full', `${MAX_SUBSCRIPTIONS} are followed already; nobody new is taken.`);
      if (outcome === 'many')
        throw refuse(409, 'push-many', `A browser follows at most ${MAX_OF_A_BROWSER} gauges.`);
      return format(book, body.endpoint);
    },
  );
}

function addChanges(app: ZodApp, book: PushBook): void {
  const add = <Body extends z.ZodType<{ endpoint: string }>>(
    path: string,
    operationId: string,
    summary: string,
    body: Body,
    change: (body: z.infer<Body>) => Promise<void>,
  ) =>
    app.post(
      path,
      { config, schema: { operationId, tags: ['alerts'], summary, body, response: { 200: answer } } },
      async (request) => {
        const said = request.body as z.infer<Body>;
        await change(said);
        return format(book, said.endpoint);
      },
    );
  add(
    '/push/list',
    'listFollowed',
    'What this browser follows',
    z.strictObject({ endpoint }),
    async () => {},
  );
  add(
    ...(['/push/pause', 'pauseFollowing', 'No messages to this browser until it wakes them'] as const),
    z.strictObject({ endpoint, paused: z.boolean() }),
    (said) => book.pause(said.endpoint, said.paused),
  );
  add(
    ...(['/push/end', 'endFollowing', 'Ends a gauge, or all where none is named; nothing is kept'] as const),
    z.strictObject({ endpoint, gauge: gauge.optional() }),
    (said) => book.end(said.endpoint, said.gauge),
  );
}

async function format(book: PushBook, of: string): Promise<z.infer<typeof answer>> {
  const followed = await book.listOf(of);
  return {
    following: followed.map(({ gauge: id, leastRank, isPaused }) => ({
      ...{ gauge: id, leastSeverity: severityOf(leastRank), paused: isPaused },
    })),
  };
}
