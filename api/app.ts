/**
 * The API: what is registered, in order. open-http-api.ts listens.
 *
 *   request → bounds → who are you (access) → validation → one file a resource → answer or problem
 *
 * Invariants: every route is closed unless it says otherwise, every failure is a problem (RFC 9457), and
 * nothing that a caller wrote in a header or a query is logged.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import compress, { type FastifyCompressOptions } from '@fastify/compress';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  LogController,
} from 'fastify';
import { type FastifyPluginAsyncZod, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { CityFrame } from '../cities/city.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { DeviceConnection } from '../fleet/device-connection.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LiveFeed } from '../fleet/live-feed.ts';
import type { Registry } from '../fleet/registry.ts';
import type { History } from '../history/history.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import type { Journal } from '../journal/journal.ts';
import { isStaff, registerAccess, type User } from './access/access.ts';
import { createCallerShares } from './access/caller-shares.ts';
import { registerPublicReads } from './access/public-reads.ts';
import { registerReadAudit } from './access/read-audit.ts';
import { readRoutes } from './access/reads.ts';
import { accountRoutes } from './accounts/account-routes.ts';
import { registerCursors } from './border/cursor.ts';
import { Problem } from './border/problem.ts';
import { deviceRoutes } from './devices/devices.ts';
import { readingRoutes } from './devices/readings.ts';
import { rejectionRoutes } from './devices/rejections.ts';
import { createMeteredHub, type StreamConfig, streamRoutes } from './live/stream.ts';
import type { StreamHub } from './live/stream-hub.ts';
import { registerOpenApi } from './openapi/openapi.ts';
import type { Connections } from './server/connections.ts';
import { handleError, registerNotFound } from './server/failures.ts';
import { type HealthConfig, healthRoutes } from './server/health.ts';
import { type LoadBounds, registerCallBounds, registerPressure } from './server/load-bounds.ts';
import { registerRequestBorder } from './server/request-border.ts';
import { registerRequestMetrics } from './server/request-metrics.ts';
import { type Credentials, openCredentials } from './tokens/credentials.ts';
import { tokenRoutes } from './tokens/tokens.ts';

/** Routes of a resource, with zod schemas or without. */
export type ApiRoutes = FastifyPluginAsyncZod | FastifyPluginAsync;

export interface ApiDependencies {
  readonly config: Pick<Config, 'API_AUTH'> &
    Partial<Pick<Config, 'PUBLIC_URL'>> &
    HealthConfig &
    StreamConfig;
  readonly loadBounds: LoadBounds;
  /** What the listener's connections are kept in. */
  readonly connections: Connections;
  readonly city: CityFrame;
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
  /** What does not work and keeps nobody from what is promised. */
  readonly degraded?: () => readonly string[];
  readonly log: Logger;
  readonly now: () => number;
  /** How a device is connected; where nobody says it, none is. */
  readonly connectionOf?: (device: string) => DeviceConnection | undefined;
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
export const MAX_BODY_BYTES = 256 * 1024;
/** From a request to its answer; a route that works longer says so itself. */
export const HANDLER_TIMEOUT_MS = 30_000;
/** How often answers that nobody reads are looked for. */
const SWEEP_EVERY_MS = 2_000;
/** Streams and callers at once; one more is closed unread. 2,000 sockets are some 50 MB. */
export const API_MAX_CONNECTIONS = 2_000;
/** The longest id is 64; an alert's id is made of two. */
export const MAX_PARAM_LENGTH = 200;

/** For answers in JSON and text; pages say what they need besides. TLS and what it promises are the proxy's. */
const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
  // For browsers that nobody has any more.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
} as const satisfies FastifyHelmetOptions;
/** Bodies of requests are taken as they are: a small one could unfold into a large one. */
const COMPRESSION = {
  encodings: ['gzip'],
  globalDecompression: false,
} as const satisfies FastifyCompressOptions;

/** Everything registered and ready; call `listen` or `inject`. `close` ends the open streams first. */
export async function buildApp(dependencies: ApiDependencies): Promise<FastifyInstance> {
  const { config, connections, loadBounds, metrics, log, monotonicNow } = dependencies;
  const app = createServer(log, config.TRUST_PROXY, connections);
  app.server.maxConnections = dependencies.maxConnections ?? API_MAX_CONNECTIONS;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  registerRequestMetrics(app, metrics);
  refuseWhenClosing(app);
  await app.register(helmet, HEADERS);
  await app.register(compress, COMPRESSION);
  // By no spelling of its path is an answer kept that does not say so itself.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  registerRequestBorder(app);
  registerCursors(app);
  const wrongTokens = await registerCallBounds(app, loadBounds, metrics, monotonicNow);
  const hub = createMeteredHub(dependencies);
  const credentials = openCredentials({ ...dependencies, hub, wrongTokens });
  const shares = createCallerShares({ metrics, nowMs: monotonicNow, wait: delay });
  registerNotFound(app);
  registerAccess(app, credentials.authenticator, shares, config.PUBLIC_URL);
  await registerPressure(app, loadBounds, metrics);
  registerPublicReads(app);
  registerReadAudit(app, dependencies);
  keepConnections(app, connections);
  await registerOpenApi(app, { version: readVersion(), publicUrl: config.PUBLIC_URL });
  await app.register(healthRoutes(dependencies));
  await app.register(ownRoutes(dependencies, hub, credentials), { prefix: '/v1' });
  for (const routes of dependencies.routes)
    await app.register(routes as FastifyPluginAsync, { prefix: '/v1' });
  for (const page of dependencies.pages ?? []) await app.register(page as FastifyPluginAsync);
  await app.ready();
  return app;
}

function createServer(
  log: Logger,
  proxies: readonly string[] | undefined,
  connections: Connections,
): FastifyInstance {
  return Fastify({
    serverFactory: connections.createServer,
    loggerInstance: log as FastifyBaseLogger,
    // Requests are in the metrics; their headers and queries are nobody's business.
    logController: new LogController({ disableRequestLogging: true }),
    // The address of a caller bounds wrong tokens and streams: only these proxies may say another.
    trustProxy: proxies ? [...proxies] : false,
    bodyLimit: MAX_BODY_BYTES,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Ours is a problem; see refuseWhenClosing.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      handleError(error, request, reply);
    },
    clientErrorHandler: (error, socket) => connections.refuse(socket, error),
  });
}

/** A live stream has no end of its own, a connection of staff gives way to nobody, and one that is refused rests. */
function keepConnections(app: FastifyInstance, connections: Connections): void {
  app.addHook('onRequest', async ({ raw, routeOptions, user }) => {
    const connection = connections.find(raw.socket);
    if (!connection) return;
    if (routeOptions.config.longLived) connection.isLongLived = true;
    if (isStaff(user)) connection.isOfStaff = true;
  });
  app.addHook('onSend', async ({ raw, routeOptions, user }, { statusCode }) => {
    if (statusCode !== 429 && statusCode !== 503) return;
    // Who watches the house, and who works in it, may ask again at once. Who was refused as a stranger has no user.
    const isKnown = (user as User | undefined) !== undefined && isStaff(user);
    if (routeOptions.config.alwaysAnswered || isKnown) return;
    connections.find(raw.socket)?.restAfterAnswer();
  });
  const timer = setInterval(connections.sweep, SWEEP_EVERY_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
}

function ownRoutes(
  dependencies: ApiDependencies,
  hub: StreamHub,
  credentials: Credentials,
): FastifyPluginAsync {
  const { onTokenMade: onMade, onTokenRevoked: onRevoked } = credentials;
  return async (app) => {
    await app.register(deviceRoutes(dependencies));
    await app.register(readingRoutes(dependencies));
    await app.register(rejectionRoutes(dependencies));
    await app.register(readRoutes(dependencies));
    await app.register(streamRoutes({ ...dependencies, ...credentials, hub }));
    await app.register(tokenRoutes({ ...dependencies, onMade, onRevoked }));
    await app.register(accountRoutes({ ...dependencies, ...credentials }));
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
