/**
 * openSiaga: opens the parts in the order of the flow and closes them in reverse.
 *
 *   state database → registry → journal → fleet → history → copy in InfluxDB → alerts → dispatch → pipeline →
 *   broker → API
 *
 * Every dependency is handed over here (to the API's resources in open-http-api.ts) and nowhere else. Invariant:
 * the present is restored from the journal before the broker takes the first device, and the broker is closed
 * before what its messages need.
 */
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { openAlerts } from './alerts/open-alerts.ts';
import { CONSUMER as ALERTS_CONSUMER } from './alerts/record/alert-store.ts';
import { openHttpApi } from './api/open-http-api.ts';
import { situationRoomPages } from './api/pages.ts';
import { publicPages } from './api/public-pages.ts';
import { createStateRetention } from './api/state-retention.ts';
import { type Broker, openBroker } from './broker/broker.ts';
import { openCredentialCheck } from './broker/credentials/credential-check.ts';
import { claimAlias, findTaken } from './broker/credentials/device-formats.ts';
import { loadCity } from './cities/city.ts';
import { createClockMonitor } from './clock/clock-monitor.ts';
import { type PeriodicJob, startPeriodicJobs } from './clock/periodic-jobs.ts';
import { findCityFolder, listCityPlaces } from './config/city-folder.ts';
import type { Config } from './config/config.ts';
import { lockDataFolder } from './database/data-folder-lock.ts';
import { tightenDataFolder } from './database/data-folder-modes.ts';
import { openDatabase } from './database/database.ts';
import { matchesTopic } from './devices/formats/format.ts';
import { createFormats } from './devices/formats/index.ts';
import { createMapped } from './devices/formats/mapped.ts';
import { formatDeviceTopic } from './devices/topics.ts';
import { openDispatch } from './dispatch/dispatch.ts';
import { createFleet } from './fleet/fleet.ts';
import { registerFleetMetrics } from './fleet/fleet-metrics.ts';
import { createIdentities } from './fleet/identities.ts';
import { createLiveConsumer, restorePresent } from './fleet/live-consumer.ts';
import { createLiveFeed } from './fleet/live-feed.ts';
import { openRegistry } from './fleet/registry.ts';
import { openWaitingAliases } from './fleet/waiting-aliases.ts';
import { openHistory } from './history/open-history.ts';
import { alertStaff } from './influx/copy-alert.ts';
import { INFLUX_CONSUMER } from './influx/copy-cursor.ts';
import { openInfluxCopy } from './influx/open-influx-copy.ts';
import { createInbox } from './ingest/inbox.ts';
import { createPipeline } from './ingest/pipeline.ts';
import { createQuality } from './ingest/quality.ts';
import { replayClaimed } from './ingest/replay-claimed.ts';
import { Draining } from './journal/draining.ts';
import { keepWithinRetention } from './journal/retention.ts';
import { rewindCursors } from './journal/rewind-cursors.ts';
import { openJournal } from './journal/sqlite/open-journal.ts';
import { readDescriptorLimit, shareDescriptors } from './share-descriptors.ts';
import { openSources } from './sources/sources.ts';

export interface Siaga extends AsyncDisposable {
  /** Where it listens, ports as the system gave them. */
  readonly addresses: { readonly http: string; readonly mqtt: readonly string[] };
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
}

const DAY_MS = 86_400_000;
const DESCRIPTORS_SHORT =
  'this process may open fewer files than its bounds need, so it takes fewer connections: raise ulimit -n';

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
  const monotonicNow = () => performance.now();
  const { random } = Math;
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics, prefix: 'siaga_' });
  // Gauges with the name of a counter; what they say stands in those without `_total`, by kind.
  for (const what of ['handles', 'requests', 'resources']) {
    metrics.removeSingleMetric(`siaga_nodejs_active_${what}_total`);
  }

  const clock = createClockMonitor({ now, monotonicNow, log, metrics });

  opened.use(lockDataFolder(config.SIAGA_DATA_DIR));
  closeDataFolder(config.SIAGA_DATA_DIR, log);
  const city = loadCity(config.SIAGA_CITY, config);
  // One's own may stand before the shipped one of the same name.
  log.info({ city: city.id, folder: findCityFolder(city.id, listCityPlaces(config)) }, 'the city is loaded');
  // Its files take a while, beside what is opened meanwhile.
  const page = situationRoomPages();
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
      onRepeat: (device) => fleet.countRepeat(device, now()),
      ...(onFatal ? { onDeath: onFatal } : {}),
    }),
  );
  await rewindCursors({ journal, database, consumers: [ALERTS_CONSUMER, INFLUX_CONSUMER], log, now });
  const quality = createQuality();
  const draining = new Draining({ journal, log, metrics, random });

  // What goes out over MQTT waits in an outbox until the broker is open; see alerts and dispatch.
  let broker: Broker | undefined;
  const publish: Broker['publish'] = async (topic, payload, options) => {
    if (!broker) throw new Error('the broker is not open yet');
    await broker.publish(topic, payload, options);
  };

  const openedHistory = await openHistory({
    config,
    journal,
    log: log.child({ part: 'history' }),
    metrics,
    now,
    retentionNow: clock.retentionNow,
    ...(onFatal ? { onDeath: onFatal } : {}),
  });
  const history = opened.use(openedHistory.history);
  const copy = config.INFLUX_URL
    ? opened.use(
        openInfluxCopy({
          config,
          journal,
          database,
          registry,
          countDays: openedHistory.countDays,
          log: log.child({ part: 'influx' }),
          metrics,
          now,
          random,
        }),
      )
    : undefined;
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
      monotonicNow,
      random,
      // Nothing gets onto the disk, or nothing from it to the alarms.
      isDeaf: () => journal.problem !== undefined || draining.problems.has(ALERTS_CONSUMER),
    }),
  );

  await restorePresent({ journal, fleet, quality });
  const heardAt = [...fleet.known()].map(({ lastHeardAt }) => lastHeardAt);
  if (heardAt.length > 0) clock.compareWithDisk(Math.max(...heardAt));
  fleet.clockSet(now());
  clock.onStep(({ foundAt }) => {
    fleet.clockSet(foundAt);
    void alerts.clockSet(foundAt);
  });
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
  opened.use(draining.start([live, alerts.consumer]));
  if (copy) {
    draining.showBacklog(INFLUX_CONSUMER, () => copy.waitingEntries);
    copy.start();
  }

  const mapped = opened.use(createMapped());
  const formats = createFormats(mapped);
  const waiting = await openWaitingAliases(database);
  opened.defer(() => waiting.save());
  const inbox = createInbox(now);
  const identities = createIdentities(registry);
  const pipeline = createPipeline({
    formats,
    waiting,
    inbox,
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
  const share = shareDescriptors(config, readDescriptorLimit());
  if (share.shortage) log.warn(share, DESCRIPTORS_SHORT);
  const openedBroker = await openBroker({
    config: { ...config, MQTT_MAX_CONNECTIONS: share.mqttConnections },
    city: city.id,
    pipeline,
    waitingBytes: () => journal.waitingBytes,
    authenticator,
    database,
    deviceLinks: dispatch.links,
    log: log.child({ part: 'broker' }),
    metrics,
    now,
    monotonicNow,
    isStatusOfFormat: (topic) =>
      [...formats.values()].some(
        ({ hasStatus, topics }) => hasStatus && topics.some((filter) => matchesTopic(filter, topic)),
      ),
    onWillDropped(identity, topic) {
      const message = { topic, payload: Buffer.alloc(0), receivedAt: now(), clientId: identity };
      inbox.note(identity, message, 'its will is not kept: leave it on your own status topic');
    },
  });
  broker = openedBroker;
  opened.use(openedBroker);

  const sources = opened.use(
    openSources({
      file: config.SOURCES_FILE,
      city: city.id,
      pipeline,
      log: log.child({ part: 'sources' }),
      metrics,
      now,
    }),
  );
  opened.use(startPeriodicJobs({ jobs: periodicJobs(), log, metrics, lookAtClock: clock.look }));

  const api = opened.use(
    await openHttpApi({
      config,
      city,
      registry,
      fleet,
      journal,
      history,
      alerts,
      dispatch,
      feed,
      pipeline,
      formats,
      inbox,
      waiting,
      deviceAuthenticator: authenticator,
      claim: claimAndReplay,
      database,
      metrics,
      pages: [
        page,
        publicPages({ city, registry, fleet, alerts, history, publicUrl: config.PUBLIC_URL, now }),
      ],
      maxConnections: share.apiConnections,
      readiness,
      degraded,
      log: log.child({ part: 'api' }),
      now,
      monotonicNow,
    }),
  );

  const parts = opened.move();
  return {
    addresses: {
      http: api.address,
      mqtt: openedBroker.addresses.map(({ listener, host, port }) => `${listener}://${host}:${port}`),
    },
    firstAdminToken: api.firstAdminToken,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };

  function readiness(): readonly string[] {
    const own = [journal.problem, history.problem, alerts.problem].filter((each) => each !== undefined);
    return [
      ...own,
      ...sources.problems,
      ...[...draining.problems].map(([consumer, problem]) => `${consumer}: ${problem}`),
    ];
  }

  async function claimAndReplay(alias: string, device: string) {
    const taken = await findTaken(database, device, [alias]);
    if (taken) return `${taken.alias} is an alias of ${taken.device}.`;
    await waiting.save();
    const gateway = await claimAlias(database, alias, device, now());
    await registry.reload();
    const replayed = await replayClaimed({ identities, waiting, journal, pipeline, log, now });
    return { replayed, ...(gateway === undefined ? {} : { gateway }) };
  }

  async function followRegistry(): Promise<void> {
    await registry.reload();
    await waiting.save();
    await replayClaimed({ identities, waiting, journal, pipeline, log, now });
  }

  /** Nobody but Grafana and engineers waits for the copy. */
  function degraded(): readonly string[] {
    return (copy?.problems ?? []).map((problem) => `the copy in InfluxDB: ${problem}`);
  }

  function periodicJobs(): PeriodicJob[] {
    const { settledThroughId } = openedHistory;
    const retention = {
      journal,
      database,
      consumers: [alerts.consumer],
      settledThroughId,
      log,
      now: clock.retentionNow,
    };
    const keepState = createStateRetention({ config, database, metrics, log, now: clock.retentionNow });
    return [
      { name: 'alerts', everyMs: 1_000, run: () => alerts.tick(now()) },
      { name: 'alerts-sweep', everyMs: 1_000, run: () => alerts.sweep(now()) },
      { name: 'dispatch', everyMs: 1_000, run: () => dispatch.tick() },
      { name: 'registry', everyMs: 2_000, run: () => followRegistry() },
      {
        name: 'retention-bytes',
        everyMs: 1_000,
        run: () => (journal.isOverBound ? keepWithinRetention(retention) : undefined),
      },
      { name: 'retention', everyMs: 60_000, run: () => keepWithinRetention(retention) },
      { name: 'state-retention', everyMs: 3_600_000, run: async () => void (await keepState()) },
      { name: 'history-retention', everyMs: 3_600_000, run: () => openedHistory.trim() },
      ...(copy
        ? [
            { name: 'influx-liveness', everyMs: 60_000, run: () => copy.sampleLiveness(fleet) },
            { name: 'influx-mark', everyMs: 60_000, run: () => copy.checkMark() },
            { name: 'influx-compare', schedule: '40 2 * * *', run: () => copy.compare() },
            { name: 'influx-replay', everyMs: 3_600_000, run: () => copy.replay() },
            { name: 'influx-alert', everyMs: 60_000, run: () => alertStaff(copy, alerts, now()) },
            { name: 'influx-self', everyMs: 10_000, run: () => copy.sampleSelf() },
          ]
        : []),
    ];
  }
}

/** Said once, by the start that closes it. */
function closeDataFolder(folder: string, log: Logger): void {
  const { closed, stillOpen } = tightenDataFolder(folder);
  if (closed.length > 0)
    log.warn({ closed }, 'other accounts of this machine could read these; not any more');
  if (stillOpen.length > 0) {
    log.warn(
      { stillOpen },
      'other accounts of this machine can use these, which belong to another one: chmod go=',
    );
  }
}
