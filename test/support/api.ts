/**
 * The API over the real parts (pipeline, fleet, registry, live feed, state database) with a clock that the
 * test moves, and a journal in memory unless the test brings one.
 */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { type ApiDependencies, buildApp } from '../../api/app.ts';
import { type CONNECTION_BOUNDS, type Connections, createConnections } from '../../api/server/connections.ts';
import { LOAD_BOUNDS } from '../../api/server/load-bounds.ts';
import { ensureFirstAdminToken } from '../../api/tokens/token-store.ts';
import type { Database } from '../../database/database.ts';
import { createFleet } from '../../fleet/fleet.ts';
import { createLiveConsumer } from '../../fleet/live-consumer.ts';
import { createLiveFeed, type LiveFeed } from '../../fleet/live-feed.ts';
import { createPresenceConsumer } from '../../fleet/presence-consumer.ts';
import { openRegistry } from '../../fleet/registry.ts';
import type { Journal } from '../../journal/journal.ts';
import { openMemoryDatabase } from './memory-database.ts';
import {
  createMemoryHistory,
  createMemoryJournal,
  type MemoryHistory,
  type MemoryJournal,
} from './memory-journal.ts';
import { smallCity } from './small-city.ts';
import { createTestPipeline } from './test-pipeline.ts';

export const START_MS = Date.UTC(2026, 0, 15, 2, 30);

export interface TestApi extends AsyncDisposable {
  readonly app: FastifyInstance;
  /** `ms` is time that goes by, `setByMs` what the wall clock was set by besides. */
  readonly clock: { ms: number; setByMs: number };
  readonly connections: Connections;
  readonly journal: Journal;
  readonly history: MemoryHistory;
  readonly feed: LiveFeed;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly problems: string[];
  /** Lines that were logged. */
  readonly logged: string[];
  readonly adminToken: string;
  readonly registry: ApiDependencies['registry'];
  /** One publish of a device, up to the live feed. */
  publish(topic: string, payload: unknown): Promise<void>;
  get(url: string, token?: string): Promise<LightMyRequestResponse>;
  call(
    method: 'POST' | 'PUT' | 'DELETE' | 'PATCH',
    url: string,
    token?: string,
    body?: object,
  ): Promise<LightMyRequestResponse>;
  /** Makes a token of a role and returns its secret. */
  tokenFor(role: string): Promise<string>;
}

/** A machine that runs other tests too may take its time between two calls. */
const PATIENT = { headersMs: 600_000, requestMs: 600_000, keepAliveMs: 600_000, silenceMs: 600_000 };

export type TestApiOptions = Partial<ApiDependencies> & {
  /** Of the connections. */
  readonly bounds?: Partial<typeof CONNECTION_BOUNDS>;
};

export async function openTestApi(
  { bounds, ...overrides }: TestApiOptions = {},
  memory: MemoryJournal = createMemoryJournal(),
  journal: Journal = memory,
): Promise<TestApi> {
  const clock = { ms: START_MS, setByMs: 0 };
  const now = () => clock.ms + clock.setByMs;
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  const database = await openMemoryDatabase();
  const registry = await openRegistry(smallCity, database);
  const fleet = createFleet(registry);
  const metrics = new Metrics();
  const history = createMemoryHistory(memory);
  const feed = createLiveFeed(100, 'run-1');
  const pipeline = createTestPipeline({ city: smallCity, registry, fleet, journal, metrics, now });
  const presence = createPresenceConsumer({ journal, fleet, feed });
  let consumedMessages = 0;
  const live = createLiveConsumer({
    journal,
    fleet,
    feed,
    onPresent: () => undefined,
    onOther: () => undefined,
  });
  const adminToken = (await ensureFirstAdminToken(database, now)) as string;
  const problems: string[] = [];
  const connections = createConnections({
    metrics,
    now,
    trustProxy: overrides.config?.TRUST_PROXY,
    bounds: { ...PATIENT, ...bounds },
  });
  const app = await buildApp({
    config: {
      API_AUTH: true,
      HTTP_HOST: '127.0.0.1',
      STREAM_MAX_CLIENTS: 5,
      STREAM_MAX_CLIENTS_PER_ADDRESS: 3,
    },
    connections,
    // How late the event loop is says nothing of Siaga on a machine that runs other tests too.
    loadBounds: { ...LOAD_BOUNDS, maxLoopDelayMs: Number.POSITIVE_INFINITY },
    city: smallCity,
    registry,
    fleet,
    journal,
    history,
    feed,
    pipeline,
    database,
    metrics,
    readiness: () => problems,
    log,
    now,
    monotonicNow: () => clock.ms,
    routes: [],
    ...overrides,
  });
  const inject: TestApi['call'] = (method, url, token, body) =>
    app.inject({
      method,
      url,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body }),
    });
  let consumed = 0;
  return {
    app,
    clock,
    connections,
    journal,
    history,
    feed,
    database,
    metrics,
    problems,
    logged,
    adminToken,
    registry,
    async publish(topic, payload) {
      const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
      await pipeline.accept({ topic, payload: bytes, receivedAt: clock.ms, clientId: 'test' });
      await presence.consume(await journal.messages.readAfter(consumedMessages, 1_000));
      consumedMessages = journal.messages.lastId;
      await live.consume(await journal.readAfter(consumed, 1_000));
      consumed = journal.lastId;
    },
    get: (url, token) => inject('GET' as 'POST', url, token),
    call: inject,
    async tokenFor(role) {
      const made = await inject('POST', '/v1/tokens', adminToken, { name: `the ${role}`, role });
      return made.json<{ token: string }>().token;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await database.destroy();
      await journal[Symbol.asyncDispose]();
    },
  };
}
