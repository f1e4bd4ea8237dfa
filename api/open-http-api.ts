/**
 * openHttpApi: every resource of the house behind one HTTP listener, the situation room's page among them.
 *
 * Opened last: whoever gets an answer gets it from parts that work. Invariant: closing ends the open streams
 * first, gives requests under way a second, and then closes what is still open.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Alerts } from '../alerts/alerts.ts';
import type { Config } from '../config/config.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import type { LiveRegistry } from '../fleet/registry.ts';
import { alertRoutes } from './alerts.ts';
import { type ApiDependencies, type ApiRoutes, buildApp } from './app.ts';
import { backtestRoutes } from './backtests.ts';
import { capFeedRoutes } from './cap-feed.ts';
import { changesRoutes } from './changes.ts';
import { cityRoutes } from './city.ts';
import { cityEntryRoutes } from './city-entries.ts';
import { createConnections } from './connections.ts';
import { dispatchRoutes } from './dispatch-routes.ts';
import { type FormatsDependencies, formatRoutes } from './formats.ts';
import { type IngestDependencies, ingestRoutes } from './ingest.ts';
import { influxIngestRoutes } from './ingest-influx.ts';
import { LOAD_BOUNDS } from './load-bounds.ts';
import { privacyRoutes } from './privacy.ts';
import { pushRoutes } from './push.ts';
import { silenceRoutes } from './silences.ts';
import { ensureFirstAdminToken } from './token-store.ts';

export interface HttpApiDependencies
  extends Omit<ApiDependencies, 'config' | 'connections' | 'loadBounds' | 'registry' | 'routes'>,
    Omit<FormatsDependencies, 'registry' | 'now'>,
    Pick<IngestDependencies, 'deviceAuthenticator'> {
  readonly config: Config;
  readonly registry: LiveRegistry;
  readonly alerts: Alerts;
  readonly dispatch: Dispatch;
}

export type ResourceDependencies = Omit<HttpApiDependencies, 'config'> & {
  readonly config: Pick<Config, 'MQTT_MAX_PACKET_BYTES' | 'PUBLIC_URL' | 'PUSH_HOSTS'>;
};

export interface HttpApi extends AsyncDisposable {
  /** As a URL, the port as the system gave it. */
  readonly address: string;
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
}

/** How long open requests may take to end. */
const CLOSE_MS = 1_000;

export async function openHttpApi(dependencies: HttpApiDependencies): Promise<HttpApi> {
  const { config, database, metrics, now } = dependencies;
  const firstAdminToken = config.API_AUTH ? await ensureFirstAdminToken(database, now) : undefined;
  const app = await buildApp({
    ...dependencies,
    loadBounds: { ...LOAD_BOUNDS, maxCallsPerMin: config.HTTP_MAX_CALLS_PER_ADDRESS_PER_MIN },
    connections: createConnections({
      bounds: {
        maxConnections: config.HTTP_MAX_CONNECTIONS,
        maxConnectionsPerAddress: config.HTTP_MAX_CONNECTIONS_PER_ADDRESS,
      },
      trustProxy: config.TRUST_PROXY,
      metrics,
      now,
    }),
    routes: resourceRoutes(dependencies),
    pages: [
      ...(dependencies.pages ?? []),
      influxIngestRoutes({ ...dependencies, maxBodyBytes: config.MQTT_MAX_PACKET_BYTES }),
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
  return { address, firstAdminToken, [Symbol.asyncDispose]: close };
}

/** Every resource below /v1 that stands in rooms of its own; the API's own are in app.ts. */
export function resourceRoutes(dependencies: ResourceDependencies): ApiRoutes[] {
  const { alerts, city, config, database, dispatch, history, metrics, now, registry } = dependencies;
  return [
    cityRoutes(() => registry.cityNow),
    cityEntryRoutes({ registry, now }),
    changesRoutes({ registry, database, now }),
    formatRoutes(dependencies),
    ingestRoutes({ ...dependencies, maxBodyBytes: config.MQTT_MAX_PACKET_BYTES }),
    alertRoutes(alerts),
    silenceRoutes({ alerts, now }),
    backtestRoutes({ registry, history }),
    capFeedRoutes({ alerts, city, publicUrl: config.PUBLIC_URL, now }),
    ...dispatchRoutes({ dispatch, now, timeZone: city.timeZone }),
    privacyRoutes({ dispatch, database, now }),
    pushRoutes({ database, registry, metrics, extraHosts: config.PUSH_HOSTS ?? [] }),
  ];
}

function formatAddress({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
