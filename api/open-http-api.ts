/**
 * openHttpApi: every resource of the house behind one HTTP listener, the situation room's page among them.
 *
 * Opened last: whoever gets an answer gets it from parts that work. Invariant: closing ends the open streams
 * first, gives requests under way a second, and then closes what is still open.
 */
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Alerts } from '../alerts/alerts.ts';
import type { Config } from '../config/config.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import type { Drills } from '../drill/drills.ts';
import type { LiveRegistry } from '../fleet/registry.ts';
import { mapFileOf } from '../maps/map-file.ts';
import { alertRoutes } from './alerts/alerts.ts';
import { createBacktestRuns } from './alerts/backtest-runs.ts';
import { backtestRoutes } from './alerts/backtests.ts';
import { capFeedRoutes } from './alerts/cap-feed.ts';
import { drillRoutes } from './alerts/drills.ts';
import { pushRoutes } from './alerts/push.ts';
import { silenceRoutes } from './alerts/silences.ts';
import { type ApiDependencies, type ApiRoutes, buildApp } from './app.ts';
import { changeTrialRoutes } from './city/change-trials.ts';
import { changesRoutes } from './city/changes.ts';
import { cityRoutes } from './city/city.ts';
import { cityEntryRoutes } from './city/city-entries.ts';
import { entryListRoutes } from './city/entry-lists.ts';
import { mapRoutes } from './city/map.ts';
import { type DeviceConfigDependencies, deviceConfigRoutes } from './devices/device-config.ts';
import { type FormatsDependencies, formatRoutes } from './devices/formats.ts';
import { dispatchRoutes } from './dispatch/dispatch-routes.ts';
import { privacyRoutes } from './dispatch/privacy.ts';
import { type IngestDependencies, ingestRoutes } from './ingest/ingest.ts';
import { influxIngestRoutes } from './ingest/ingest-influx.ts';
import { osmandIngestRoutes } from './ingest/ingest-osmand.ts';
import { createIngestTurns, type IngestTurns } from './ingest/ingest-turns.ts';
import { storyRoutes } from './live/story.ts';
import { CONNECTION_BOUNDS, createConnections } from './server/connections.ts';
import { LOAD_BOUNDS } from './server/load-bounds.ts';
import { ensureFirstAdminToken } from './tokens/token-store.ts';

export interface HttpApiDependencies
  extends Omit<ApiDependencies, 'config' | 'connections' | 'loadBounds' | 'registry' | 'routes'>,
    Omit<FormatsDependencies, 'registry' | 'now'>,
    Pick<DeviceConfigDependencies, 'configs'>,
    Pick<IngestDependencies, 'deviceAuthenticator'> {
  readonly config: Config;
  readonly registry: LiveRegistry;
  readonly alerts: Alerts;
  readonly dispatch: Dispatch;
  readonly drills: Drills;
}

export type ResourceDependencies = Omit<HttpApiDependencies, 'config'> & {
  readonly turns: IngestTurns;
  readonly config: Pick<
    Config,
    'MAP_FILE' | 'MQTT_MAX_PACKET_BYTES' | 'PUBLIC_URL' | 'PUSH_HOSTS' | 'SIAGA_DATA_DIR'
  >;
};

export interface HttpApi extends AsyncDisposable {
  /** As a URL, the port as the system gave it. */
  readonly address: string;
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
  /** A connection that came some other way, as over another node; its `remoteAddress` is the caller's. */
  carry(socket: Socket): void;
}

/** What a chunk of one byte takes on the wire, and two to spare. */
const FRAMED_BYTES = 8;
/** How long open requests may take to end. */
const CLOSE_MS = 1_000;

export async function openHttpApi(dependencies: HttpApiDependencies): Promise<HttpApi> {
  const { config, database, metrics, now } = dependencies;
  const turns = createIngestTurns(dependencies);
  const firstAdminToken = config.API_AUTH ? await ensureFirstAdminToken(database, now) : undefined;
  const app = await buildApp({
    ...dependencies,
    loadBounds: { ...LOAD_BOUNDS, maxCallsPerMin: config.HTTP_MAX_CALLS_PER_ADDRESS_PER_MIN },
    connections: createConnections({
      bounds: {
        maxConnections: config.HTTP_MAX_CONNECTIONS,
        maxConnectionsPerAddress: config.HTTP_MAX_CONNECTIONS_PER_ADDRESS,
        maxRequestBytes: Math.max(
          CONNECTION_BOUNDS.maxRequestBytes,
          config.MQTT_MAX_PACKET_BYTES * FRAMED_BYTES,
        ),
      },
      trustProxy: config.TRUST_PROXY,
      metrics,
      now,
    }),
    routes: resourceRoutes({ ...dependencies, turns }),
    pages: [
      ...(dependencies.pages ?? []),
      influxIngestRoutes({ ...dependencies, turns, maxBodyBytes: config.MQTT_MAX_PACKET_BYTES }),
    ],
  });
  const close = async () => {
    const closed = app.close();
    await Promise.race([closed, delay(CLOSE_MS, undefined, { ref: false })]);
    app.server.closeAllConnections();
    await closed;
  };
  try {
    await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  } catch (error) {
    await close();
    throw error;
  }
  const address = formatAddress(app.server.address() as AddressInfo);
  const carry = (socket: Socket) => {
    app.server.emit('connection', socket);
  };
  return { address, firstAdminToken, carry, [Symbol.asyncDispose]: close };
}

/** Every resource below /v1 that stands in rooms of its own; the API's own are in app.ts. */
function resourceRoutes(dependencies: ResourceDependencies): ApiRoutes[] {
  const { alerts, city, config, database, dispatch, drills, history, metrics, now, registry } = dependencies;
  const runs = createBacktestRuns(metrics);
  return [
    cityRoutes(() => registry.cityNow),
    mapRoutes({
      tileFile: config.MAP_FILE,
      mapFile: mapFileOf(config.SIAGA_DATA_DIR, city.id),
      log: dependencies.log,
    }),
    storyRoutes({ cityNow: () => registry.cityNow, history, alerts, incidents: dispatch.incidents, now }),
    cityEntryRoutes({ registry, now }),
    changesRoutes({ registry, database, now }),
    entryListRoutes(registry),
    formatRoutes(dependencies),
    deviceConfigRoutes(dependencies),
    ingestRoutes({ ...dependencies, maxBodyBytes: config.MQTT_MAX_PACKET_BYTES }),
    osmandIngestRoutes({ ...dependencies, maxBodyBytes: config.MQTT_MAX_PACKET_BYTES }),
    alertRoutes(alerts),
    silenceRoutes({ alerts, now }),
    drillRoutes({ drills, alerts }),
    backtestRoutes({ registry, history, runs }),
    changeTrialRoutes({ registry, history, runs, now }),
    capFeedRoutes({ alerts, city, publicUrl: config.PUBLIC_URL, now }),
    ...dispatchRoutes({ dispatch, now, timeZone: city.timeZone }),
    privacyRoutes({ dispatch, database, now }),
    pushRoutes({ database, registry, metrics, extraHosts: config.PUSH_HOSTS ?? [] }),
  ];
}

function formatAddress({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
