/**
 * openInfluxCopy: a complete copy of the journal in InfluxDB, for Grafana and engineers, and of the logs of
 * alerts and incidents beside it.
 *
 * Another follower of the journal, which nothing else waits for: people are answered from history. InfluxDB may
 * be away, wiped or slow; the copy is then *degraded* and catches up. Invariant: opening neither fails nor waits
 * for a server that is away.
 */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import type { Journal } from '../journal/journal.ts';
import { type CompareOptions, earliestDay } from './copy/compare-copy.ts';
import { CopyHealth } from './copy/copy-health.ts';
import { JournalCopy } from './copy/copy-journal.ts';
import {
  type CopyOrdersOptions,
  keepWorkingOrders,
  type OrderAction,
  placeOrder,
  recentDays,
} from './copy/copy-orders.ts';
import type { DeliveryTools } from './copy/deliver-lines.ts';
import { createInfluxMetrics } from './copy/influx-metrics.ts';
import { createReadingFormat } from './copy/reading-lines.ts';
import { createSetAside } from './copy/set-aside.ts';
import { createSiteTags } from './copy/site-tags.ts';
import { formatLiveness } from './event-lines.ts';
import { alertEvents, incidentEvents } from './event-sources.ts';
import { createGrainLines } from './hourly/grain-lines.ts';
import { HourlyCopy } from './hourly/hourly-copy.ts';
import { hourlySources, LIVENESS } from './hourly/hourly-form.ts';
import { keepFollowingEvents } from './keep-following-events.ts';
import { createSampleWriter } from './sample-writer.ts';
import { createSelfSampler } from './self-lines.ts';
import { createInfluxServer } from './server/influx-server.ts';

export interface InfluxCopy extends AsyncDisposable {
  /** The server and its version, `InfluxDB 1.6.7`; `InfluxDB` before it has answered once. */
  readonly name: string;
  /** Why the copy is degraded, in sentences; none when all is well. */
  readonly problems: readonly string[];
  /** Since when, epoch ms. */
  readonly degradedSinceMs: number | undefined;
  /** Entries of the journal that are not in InfluxDB. */
  readonly waitingEntries: number;
  /** Begins to follow the journal and the logs of the state database, until it is closed. */
  start(): void;
  /** Copies what the journal holds; for who does not `start`. */
  catchUp(): Promise<void>;
  /** Writes the hours that are due, for Grafana's long ranges; for who does not `start`. */
  writeHours(): Promise<void>;
  /** Has the copy compared with history, and what is missing mended. Call once a night. */
  compare(): Promise<void>;
  /** Has what was set aside tried again. Call once an hour. */
  replay(): Promise<void>;
  /** Looks whether InfluxDB still has what it acknowledged. Call once a minute. */
  checkMark(): Promise<void>;
  /** Writes the liveness of every device. Call once a minute; never throws, best effort. */
  sampleLiveness(fleet: Fleet): Promise<void>;
  /** Writes Siaga's own figures. Call every 10 s; never throws, best effort. */
  sampleSelf(): Promise<void>;
}

export interface InfluxCopyOptions {
  readonly config: Pick<
    Config,
    | 'INFLUX_URL'
    | 'INFLUX_TOKEN'
    | 'INFLUX_TOKEN_FILE'
    | 'INFLUX_ORG'
    | 'INFLUX_BUCKET'
    | 'INFLUX_RETENTION_DAYS'
    | 'SIAGA_CITY'
    | 'SIAGA_DATA_DIR'
  >;
  readonly journal: Journal;
  readonly database: Database;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly now: () => number;
  readonly random: () => number;
  /** Gives each device its tags: river, place and uplink, vehicle. Without it there are only city and device. */
  readonly registry?: Pick<Registry, 'find'>;
  /** Points in history by day: what the copy is compared with. */
  readonly countDays?: CompareOptions['countDays'];
  readonly lingerMs?: number;
  readonly hoursPollMs?: number;
}

/** Connections to InfluxDB: the journal, samples, two logs. */
const MAX_SOCKETS = 8;
/** What is on its way when we close may still arrive; a server that hangs is left. */
const CLOSE_MS = 2_000;
/** At the head the copy is some 0.3 s behind. */
const CATCH_UP_MS = 60_000;

export function openInfluxCopy(options: InfluxCopyOptions): InfluxCopy {
  const { config, log, now, registry, database } = options;
  const city = config.SIAGA_CITY;
  const closing = new AbortController();
  const { signal } = closing;
  const parts = createParts(options, signal);
  const { server, agent, metrics, health, delivery, journal, place, hourly } = parts;
  const samples = createSampleWriter({ server, metrics, log, now, onFailure: delivery.onFailure });
  const grain = createGrainLines(city);
  const selfSampler = createSelfSampler(options.metrics, city);
  const sources = [alertEvents(database), incidentEvents(database)];
  let following: Promise<unknown> | undefined;
  return {
    get name() {
      return server.name;
    },
    get problems() {
      return health.problems;
    },
    get degradedSinceMs() {
      return health.sinceMs;
    },
    get waitingEntries() {
      return journal.waitingEntries;
    },
    start() {
      const isPrepared = () => server.isPrepared;
      const events = sources.map((source) =>
        keepFollowingEvents({ source, city, delivery, database, metrics, health, isPrepared, signal }),
      );
      const orders = keepWorkingOrders(ordersOf(options, parts, signal));
      following = Promise.all([journal.keepCopying(), orders, hourly.keepWriting(), ...events]);
    },
    catchUp: () => journal.catchUp(),
    async writeHours() {
      while (await hourly.step());
    },
    compare() {
      hourly.lookAgain();
      return place('verify');
    },
    async replay() {
      if ((await delivery.setAside.read()).length > 0) await place('replay');
    },
    checkMark: () => journal.checkMark(),
    async sampleLiveness(fleet) {
      const atMs = now();
      const lines = formatLiveness(city, fleet, registry, atMs);
      samples.write([...lines, ...grain.linesAt(atMs, hourly.isComplete, server.generation)]);
      await samples.flush();
      if (lines.length > 0) hourly.mark(LIVENESS, atMs);
    },
    async sampleSelf() {
      const { lines, left } = await selfSampler.sample(now());
      metrics.events.inc({ outcome: 'dropped' }, left);
      samples.write(lines);
      await samples.flush();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.race([following, delay(CLOSE_MS, undefined, { ref: false })]);
      // Ends the requests of a server that hangs; what they carried is in the journal.
      agent.destroy();
      await following;
    },
  };
}

type Parts = ReturnType<typeof createParts>;

/** The server, and what stands on it. */
function createParts(options: InfluxCopyOptions, signal: AbortSignal) {
  const { config, log, now, registry, database } = options;
  const url = config.INFLUX_URL;
  if (!url) throw new Error('INFLUX_URL is not set');
  const agent = new (url.startsWith('https:') ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
  });
  const target = {
    url,
    token: config.INFLUX_TOKEN,
    tokenFile: config.INFLUX_TOKEN_FILE,
    org: config.INFLUX_ORG,
    bucket: config.INFLUX_BUCKET,
    retentionDays: config.INFLUX_RETENTION_DAYS,
  };
  const server = createInfluxServer(target, agent, signal);
  const metrics = createInfluxMetrics(options.metrics);
  const health = new CopyHealth(log, now, options.metrics);
  const delivery: DeliveryTools = {
    write: (lines) => server.write(lines),
    setAside: createSetAside(`${config.SIAGA_DATA_DIR}/influx-set-aside.jsonl`),
    now,
    retentionMs: () => server.retentionMs,
    lookAgain: () => journal.lookAgain(),
    onFailure: ({ code, remedy }) => {
      metrics.failures.inc({ code });
      if (remedy === 'prepare') journal.lookAgain();
    },
  };
  const place = async (action: OrderAction): Promise<void> => {
    await placeOrder(database, { action, ...recentDays(now()), now: now() });
  };
  const onReleased = () => {
    Promise.all([place('replay'), place('verify')]).catch((error: unknown) => {
      log.error({ err: error }, 'no order to compare the copy with history');
    });
  };
  const format = createReadingFormat(deviceKinds, createSiteTags(registry));
  const city = config.SIAGA_CITY;
  const journal = new JournalCopy({
    ...options,
    ...{ city, signal, server, metrics, health, delivery, format, onReleased },
    onWritten({ kind, measuredAt }) {
      const measurement = deviceKinds.get(kind)?.measurement;
      if (measurement !== undefined) hourly.mark(measurement, measuredAt);
    },
  });
  const hourly = new HourlyCopy({
    ...options,
    ...{ city, sources: hourlySources(deviceKinds), server, delivery, metrics, health, now, signal },
    isIdle: () => journal.isAtHead,
    earliestMs: () => earliestDay(server, now()),
  });
  metrics.showRewrite(() => journal.rewriteEntriesLeft);
  metrics.showHours(() => hourly.waiting);
  return { server, agent, metrics, health, delivery, journal, place, hourly };
}

function ordersOf(
  { config, database, now, countDays, journal: source }: InfluxCopyOptions,
  { server, delivery, health, journal }: Parts,
  signal: AbortSignal,
): CopyOrdersOptions {
  return {
    ...{ database, delivery, health, now, signal },
    compare: {
      ...{ city: config.SIAGA_CITY, kinds: deviceKinds, server },
      countDays: countDays ?? (async () => []),
      caughtUp: () => caughtUp(source, journal, signal),
    },
    rewrite: (range) => journal.rewrite(range),
    earliestMs: () => earliestDay(server, now()),
  };
}

/** Resolves when what the journal holds now is in InfluxDB. Rejects where that takes too long. */
async function caughtUp(journal: Journal, copy: JournalCopy, signal: AbortSignal): Promise<void> {
  const goal = journal.lastId;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CATCH_UP_MS)]);
  while (copy.confirmedId < goal) {
    if (deadline.aborted) throw new Error(`the copy is ${goal - copy.confirmedId} readings behind`);
    await delay(100, undefined, { signal }).catch(() => undefined);
  }
}
