/**
 * The API: what is registered, in order. open-http-api.ts listens.
 *
 *   request → bounds → who are you (access) → validation → one file a resource → answer or problem
 *
 * Invariants: every route is closed unless it says otherwise, every failure is a problem (RFC 9457), and
 * nothing that a caller wrote in a header or a query is logged.
 */
import { readFileSync } from 'node:fs';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  LogController,
} from 'fastify';
import { type FastifyPluginAsyncZod, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { City } from '../cities/city.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/database.ts';
import type { Fleet } from '../ingest/fleet/fleet.ts';
import type { Registry } from '../ingest/fleet/registry.ts';
import type { History } from '../ingest/history/history.ts';
import type { Journal } from '../ingest/journal/journal.ts';
import type { LiveFeed } from '../ingest/live-feed.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { registerAccess } from './access.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { deviceRoutes } from './devices.ts';
import { handleError, refuseConnection, registerNotFound } from './failures.ts';
import { type HealthConfig, healthRoutes } from './health.ts';
import { registerOpenApi } from './openapi.ts';
import { Problem } from './problem.ts';
import { readingRoutes } from './readings.ts';
import { rejectionRoutes } from './rejections.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import { createMeteredHub, type StreamConfig, streamRoutes } from './stream.ts';
import { tokenRoutes } from './tokens.ts';

/** Routes of a resource, with zod schemas or without. */
export type ApiRoutes = FastifyPluginAsyncZod | FastifyPluginAsync;

export interface ApiDependencies {
  readonly config: Pick<Config, 'API_AUTH'> & HealthConfig & StreamConfig;
  readonly city: City;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly journal: Pick<Journal, 'rejections' | 'markReplayed'>;
  readonly history: History;
  readonly feed: LiveFeed;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly database: Database;
  readonly metrics: Metrics;
  /** Problems in words; none when ready. */
  readonly readiness: () => readonly string[];
  readonly log: Logger;
  readonly now: () => number;
  /** ms, never set: what waits and bounds go by. */
  readonly monotonicNow: () => number;
  /** More resources, under /v1: alerts, dispatch. */
  readonly routes: readonly ApiRoutes[];
  /** Below API_MAX_CONNECTIONS where the system gives too few descriptors. */
  readonly maxConnections?: number;
  /** What stands at the root beside the API: the situation room's page. It must declare its access. */
  readonly pages?: readonly ApiRoutes[];
}

/** The largest body is an incident with notes: some KiB. A route that takes more says so itself. */
const MAX_BODY_BYTES = 256 * 1024;
/** From the first byte of a request to its last. */
const REQUEST_TIMEOUT_MS = 30_000;
/** From a request to its answer; a route that works longer says so itself. */
const HANDLER_TIMEOUT_MS = 30_000;
/** Without a byte either way; the stream's heartbeat is every 15 s. */
const IDLE_CONNECTION_MS = 120_000;
const KEEP_ALIVE_MS = 65_000;
/** Streams and callers at once; one more is closed unread. 2,000 sockets are some 50 MB. */
export const API_MAX_CONNECTIONS = 2_000;
/** The longest id is 64; an alert's id is made of two. */
const MAX_PARAM_LENGTH = 200;

/** Everything registered and ready; call `listen` or `inject`. `close` ends the open streams first. */
export async function buildApp(dependencies: ApiDependencies): Promise<FastifyInstance> {
  const { config, database, metrics, log, now, monotonicNow } = dependencies;
  const app = createServer(log, config.TRUST_PROXY);
  app.server.maxConnections = dependencies.maxConnections ?? API_MAX_CONNECTIONS;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  registerNotFound(app);
  registerRequestMetrics(app, metrics);
  refuseWhenClosing(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store');
  });
  const authenticator = config.API_AUTH
    ? createAuthenticator({ database, metrics, log, now, monotonicNow })
    : undefined;
  registerAccess(app, authenticator);
  await registerOpenApi(app, readVersion());
  await app.register(healthRoutes(dependencies));
  await app.register(ownRoutes(dependencies, authenticator), { prefix: '/v1' });
  for (const routes of dependencies.routes)
    await app.register(routes as FastifyPluginAsync, { prefix: '/v1' });
  for (const page of dependencies.pages ?? []) await app.register(page as FastifyPluginAsync);
  await app.ready();
  return app;
}

function createServer(log: Logger, proxies: readonly string[] | undefined): FastifyInstance {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    // Requests are in the metrics; their headers and queries are nobody's business.
    logController: new LogController({ disableRequestLogging: true }),
    // The address of a caller bounds wrong tokens and streams: only these proxies may say another.
    trustProxy: proxies ? [...proxies] : false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    connectionTimeout: IDLE_CONNECTION_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Ours is a problem; see refuseWhenClosing.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      handleError(error, request, reply);
    },
    clientErrorHandler: refuseConnection,
  });
  return app;
}

function ownRoutes(
  dependencies: ApiDependencies,
  authenticator: Authenticator | undefined,
): FastifyPluginAsync {
  return async (app) => {
    const hub = createMeteredHub(dependencies);
    await app.register(deviceRoutes(dependencies));
    await app.register(readingRoutes(dependencies));
    await app.register(rejectionRoutes(dependencies));
    await app.register(streamRoutes({ ...dependencies, hub }));
    const onRevoked = (tokenId: number) => {
      authenticator?.forget();
      hub.endTokens((open) => open === tokenId);
    };
    await app.register(tokenRoutes({ ...dependencies, onRevoked }));
  };
}

/** What still arrives on open connections while the process closes. */
function refuseWhenClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', async () => {
    if (isClosing) throw new Problem(503, 'closing', 'Siaga is closing; ask again.', { retryAfterS: 5 });
  });
}

function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
