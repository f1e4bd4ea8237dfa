/**
 * openSiaga: opens the parts in the order of the flow and closes them in reverse.
 *
 *   state database → registry → journal → fleet → history → alerts → dispatch → pipeline → broker → API
 *
 * Every dependency is handed over here and nowhere else. Invariant: the present is restored from the journal
 * before the broker takes the first device, and the broker is closed before what its messages need.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Registry as Metrics } from 'prom-client';
import { alertRoutes } from './api/alerts.ts';
import { buildApp } from './api/app.ts';
import { backtestRoutes } from './api/backtests.ts';
import { capFeedRoutes } from './api/cap-feed.ts';
import { cityRoutes } from './api/city.ts';
import { dispatchRoutes } from './api/dispatch-routes.ts';
import { situationRoomPages } from './api/pages.ts';
import { silenceRoutes } from './api/silences.ts';
import { ensureFirstAdminToken } from './api/token-store.ts';
import { type Broker, openBroker } from './broker/broker.ts';
import { openCredentialCheck } from './broker/credentials/credential-check.ts';
import { loadCity } from './cities/city.ts';
import type { Config } from './config.ts';
import { lockDataFolder } from './database/data-folder-lock.ts';
import { openDatabase } from './database/database.ts';
import { formatDeviceTopic } from './devices/topics.ts';
import { openDispatch } from './dispatch/dispatch.ts';
import { CONSUMER as ALERTS_CONSUMER } from './ingest/alerts/alert-store.ts';
import { openAlerts } from './ingest/alerts/alerts.ts';
import { createFleet } from './ingest/fleet/fleet.ts';
import { registerFleetMetrics } from './ingest/fleet/fleet-metrics.ts';
import { openRegistry } from './ingest/fleet/registry.ts';
import { INFLUX_CONSUMER } from './ingest/history/influx/influx-consumer.ts';
import { openHistory } from './ingest/history/open-history.ts';
import { openJournal } from './ingest/journal/open-journal.ts';
import { type JournalConsumer, keepDraining } from './ingest/keep-draining.ts';
import { createLiveConsumer, restorePresent } from './ingest/live-consumer.ts';
import { createLiveFeed } from './ingest/live-feed.ts';
import { createPipeline } from './ingest/pipeline.ts';
import { createQuality } from './ingest/quality.ts';
import { rewindCursors } from './ingest/rewind-cursors.ts';
import { type PeriodicJob, startPeriodicJobs } from './periodic-jobs.ts';

export interface Siaga extends AsyncDisposable {
  /** Where it listens, ports as the system gave them. */
  readonly addresses: { readonly http: string; readonly mqtt: readonly string[] };
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
}

/** How long open requests may take to end when Siaga stops. */
const HTTP_CLOSE_MS = 1_000;
const DAY_MS = 86_400_000;

/**
 * Opens all of it. What fails to open closes what was open, and throws. `onFatal` is told when a part has died
 * that only a restart brings back.
 */
export async function openSiaga(
  config: Config,
  log: Logger,
  onFatal?: (error: Error) => void,
): Promise<Siaga> {
  await using opened = new AsyncDisposableStack();
  const now = Date.now;
  const { random } = Math;
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics, prefix: 'siaga_' });
  const problems = new Map<string, string>();
  const stopping = new AbortController();

  opened.use(lockDataFolder(config.SIAGA_DATA_DIR));
  const city = loadCity(config.SIAGA_CITY);
  const database = await openDatabase(config);
  opened.defer(() => database.destroy());
  const registry = await openRegistry(city, database);
  const fleet = createFleet(registry);
  registerFleetMetrics(fleet, metrics, now);
  const feed = createLiveFeed(config.STREAM_KEPT_EVENTS, now().toString(36));

  const journal = opened.use(
    await openJournal({
      file: `${config.SIAGA_DATA_DIR}/journal.db`,
      maxBatch: config.JOURNAL_MAX_BATCH,
      maxWaitingBytes: config.JOURNAL_MAX_WAITING_BYTES,
      maxRejections: config.REJECTIONS_MAX,
      retentionMs: config.JOURNAL_RETENTION_DAYS * DAY_MS,
      maxBytes: config.JOURNAL_MAX_BYTES,
      log: log.child({ part: 'journal' }),
      metrics,
      now,
      onRepeat: (device) => fleet.countRepeat(device),
      ...(onFatal ? { onDeath: onFatal } : {}),
    }),
  );
  await rewindCursors({ journal, database, consumers: [ALERTS_CONSUMER, INFLUX_CONSUMER], log, now });
  const quality = createQuality();

  // What goes out over MQTT waits in an outbox until the broker is open; see alerts and dispatch.
  let broker: Broker | undefined;
  const publish: Broker['publish'] = async (topic, payload, options) => {
    if (!broker) throw new Error('the broker is not open yet');
    await broker.publish(topic, payload, options);
  };

  const { history, ...following } = await openHistory({
    config,
    journal,
    database,
    registry,
    fleet,
    log: log.child({ part: 'history' }),
    metrics,
    now,
    signal: stopping.signal,
    ...(onFatal ? { onDeath: onFatal } : {}),
  });
  opened.use(history);
  const alerts = opened.use(
    await openAlerts({
      config,
      city,
      registry,
      fleet,
      database,
      publish,
      feed,
      journal,
      log: log.child({ part: 'alerts' }),
      metrics,
      now,
      random,
      // Nothing gets onto the disk, or nothing from it to the alarms.
      isDeaf: () => journal.problem !== undefined || problems.has(ALERTS_CONSUMER),
    }),
  );

  await restorePresent({ journal, fleet, quality });
  const dispatch = opened.use(
    await openDispatch({
      config,
      city,
      database,
      fleet,
      alerts,
      sendCommand: (device, payload) => {
        const topic = formatDeviceTopic({ city: city.id, kind: 'ambulance', device, channel: 'command' });
        return publish(topic, payload, { qos: 1, retain: false });
      },
      publishEvent: (type, body) => feed.publish(type, body),
      now,
      log: log.child({ part: 'dispatch' }),
      metrics,
    }),
  );
  const live = createLiveConsumer({
    journal,
    fleet,
    feed,
    onPresent: (reading) => dispatch.observe(reading),
    onFailed: (reading) => dispatch.observeWord(reading),
  });
  const durable = [alerts.consumer, ...(following.consumer ? [following.consumer] : [])];
  opened.use(startDraining([live, ...durable]));

  const pipeline = createPipeline({
    config,
    city,
    registry,
    fleet,
    quality,
    journal,
    metrics,
    onPresence(device, presence, atMs) {
      fleet.observePresence(device, presence, atMs);
      const kind = registry.find(device)?.kind;
      feed.publish('presence', { device, kind, presence, at: new Date(atMs).toISOString() });
    },
    onAck: (device, body, atMs) => dispatch.onAck(device, body, atMs),
  });

  const authenticator = config.MQTT_AUTH
    ? opened.use(
        await openCredentialCheck({ database, registry, log: log.child({ part: 'credentials' }), now }),
      )
    : undefined;
  const openedBroker = await openBroker({
    config,
    city: city.id,
    pipeline,
    waitingBytes: () => journal.waitingBytes,
    authenticator,
    log: log.child({ part: 'broker' }),
    metrics,
    now,
  });
  broker = openedBroker;
  opened.use(openedBroker);

  opened.use(startPeriodicJobs(periodicJobs(), log, metrics));

  const firstAdminToken = config.API_AUTH ? await ensureFirstAdminToken(database, now) : undefined;
  const app = await buildApp({
    config,
    city,
    registry,
    fleet,
    journal,
    history,
    feed,
    pipeline,
    database,
    metrics,
    readiness,
    log: log.child({ part: 'api' }),
    now,
    routes: [
      cityRoutes(city),
      alertRoutes(alerts),
      silenceRoutes({ alerts, now }),
      backtestRoutes({ registry, history }),
      capFeedRoutes({ alerts, city, publicUrl: config.PUBLIC_URL, now }),
      ...dispatchRoutes({ dispatch, now, timeZone: city.timeZone }),
    ],
    pages: [situationRoomPages()],
  });
  opened.defer(async () => {
    const closed = app.close();
    await Promise.race([closed, delay(HTTP_CLOSE_MS, undefined, { ref: false })]);
    app.server.closeAllConnections();
    await closed;
  });
  await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });

  const parts = opened.move();
  return {
    addresses: {
      http: formatAddress('http', app.server.address() as AddressInfo),
      mqtt: openedBroker.addresses.map(({ listener, host, port }) => `${listener}://${host}:${port}`),
    },
    firstAdminToken,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };

  function readiness(): readonly string[] {
    const own = [journal.problem, history.problem, alerts.problem].filter((each) => each !== undefined);
    return [...own, ...[...problems].map(([consumer, problem]) => `${consumer}: ${problem}`)];
  }

  /** One loop a consumer; closing stops them after the batch in hand. */
  function startDraining(all: readonly JournalConsumer[]): AsyncDisposable {
    const backlog = new Gauge({
      name: 'siaga_backlog_entries',
      help: 'Entries of the journal that a consumer has yet to work on.',
      labelNames: ['consumer'],
      registers: [metrics],
    });
    const loops = all.map((consumer) =>
      keepDraining({
        journal,
        consumer,
        signal: stopping.signal,
        log,
        random,
        backlog,
        onOutcome: (problem) =>
          problem === undefined ? problems.delete(consumer.name) : problems.set(consumer.name, problem),
      }),
    );
    return {
      async [Symbol.asyncDispose]() {
        stopping.abort();
        await Promise.all(loops);
      },
    };
  }

  function periodicJobs(): PeriodicJob[] {
    return [
      { name: 'alerts', schedule: '* * * * * *', run: () => alerts.tick(now()) },
      { name: 'dispatch', schedule: '* * * * * *', run: () => dispatch.tick() },
      { name: 'registry', schedule: '*/2 * * * * *', run: () => registry.reload() },
      {
        name: 'retention',
        schedule: '30 * * * * *',
        run: async () => {
          const removed = await journal.trim(await lowestCursor(), now());
          if (removed > 0) log.info({ removed }, 'readings beyond retention removed');
        },
      },
      ...following.jobs,
    ];
  }

  /** Nothing that a consumer has yet to read is trimmed; one that never saved a cursor has all of it to read. */
  async function lowestCursor(): Promise<number> {
    const rows = await database.selectFrom('cursors').select(['consumer', 'position']).execute();
    const saved = new Map(rows.map((row) => [row.consumer, Number(row.position)]));
    const cursors = durable.map((consumer) => saved.get(consumer.name) ?? 0);
    return Math.min(journal.lastId, following.settledThroughId?.() ?? journal.lastId, ...cursors);
  }
}

function formatAddress(protocol: string, { address, family, port }: AddressInfo): string {
  return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
