/**
 * openSiaga: opens the parts in the order of the flow and closes them in reverse.
 *
 *   state database → registry → journal → fleet → history → alerts → dispatch → pipeline → broker → API
 *
 * Every dependency is handed over here (to the API's resources in open-http-api.ts) and nowhere else. Invariant:
 * the present is restored from the journal before the broker takes the first device, and the broker is closed
 * before what its messages need.
 */
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { situationRoomPages } from './api/pages.ts';
import { type Broker, openBroker } from './broker/broker.ts';
import { openCredentialCheck } from './broker/credentials/credential-check.ts';
import { claimAlias, findTaken } from './broker/credentials/device-formats.ts';
import { loadCity } from './cities/city.ts';
import type { Config } from './config.ts';
import { lockDataFolder } from './database/data-folder-lock.ts';
import { openDatabase } from './database/database.ts';
import { matchesTopic } from './devices/formats/format.ts';
import { createFormats } from './devices/formats/index.ts';
import { createMapped } from './devices/formats/mapped.ts';
import { formatDeviceTopic } from './devices/topics.ts';
import { openDispatch } from './dispatch/dispatch.ts';
import { CONSUMER as ALERTS_CONSUMER } from './ingest/alerts/alert-store.ts';
import { openAlerts } from './ingest/alerts/alerts.ts';
import { Draining } from './ingest/draining.ts';
import { createFleet } from './ingest/fleet/fleet.ts';
import { registerFleetMetrics } from './ingest/fleet/fleet-metrics.ts';
import { createIdentities } from './ingest/fleet/identities.ts';
import { openRegistry } from './ingest/fleet/registry.ts';
import { openWaitingAliases } from './ingest/fleet/waiting-aliases.ts';
import { INFLUX_CONSUMER } from './ingest/history/influx/influx-consumer.ts';
import { openHistory } from './ingest/history/open-history.ts';
import { createInbox } from './ingest/inbox.ts';
import { openJournal } from './ingest/journal/open-journal.ts';
import { createLiveConsumer, restorePresent } from './ingest/live-consumer.ts';
import { createLiveFeed } from './ingest/live-feed.ts';
import { createPipeline } from './ingest/pipeline.ts';
import { createQuality } from './ingest/quality.ts';
import { replayClaimed } from './ingest/replay-claimed.ts';
import { keepWithinRetention } from './ingest/retention.ts';
import { rewindCursors } from './ingest/rewind-cursors.ts';
import { openHttpApi } from './open-http-api.ts';
import { type PeriodicJob, startPeriodicJobs } from './periodic-jobs.ts';
import { openSources } from './sources/sources.ts';

export interface Siaga extends AsyncDisposable {
  /** Where it listens, ports as the system gave them. */
  readonly addresses: { readonly http: string; readonly mqtt: readonly string[] };
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
}

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

  opened.use(lockDataFolder(config.SIAGA_DATA_DIR));
  const city = loadCity(config.SIAGA_CITY);
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

  const { history, ...following } = await openHistory({
    config,
    journal,
    database,
    registry,
    fleet,
    log: log.child({ part: 'history' }),
    metrics,
    now,
    signal: draining.signal,
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
      isDeaf: () => journal.problem !== undefined || draining.problems.has(ALERTS_CONSUMER),
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
  opened.use(draining.start([live, ...durable]));

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
  const openedBroker = await openBroker({
    config,
    city: city.id,
    pipeline,
    waitingBytes: () => journal.waitingBytes,
    authenticator,
    log: log.child({ part: 'broker' }),
    metrics,
    now,
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
  opened.use(startPeriodicJobs(periodicJobs(), log, metrics));

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
      pages: [page],
      readiness,
      log: log.child({ part: 'api' }),
      now,
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

  function periodicJobs(): PeriodicJob[] {
    const { settledThroughId } = following;
    const retention = { journal, database, consumers: durable, settledThroughId, log, now };
    return [
      { name: 'alerts', schedule: '* * * * * *', run: () => alerts.tick(now()) },
      { name: 'alerts-sweep', schedule: '* * * * * *', run: () => alerts.sweep(now()) },
      { name: 'dispatch', schedule: '* * * * * *', run: () => dispatch.tick() },
      { name: 'registry', schedule: '*/2 * * * * *', run: () => followRegistry() },
      { name: 'retention', schedule: '30 * * * * *', run: () => keepWithinRetention(retention) },
      ...following.jobs,
    ];
  }
}
