/**
 * openGround: what every part stands on. The clocks, the data folder, the city, the state database, the registry of
 * devices, the present and its live feed.
 *
 * The first stage of openSiaga. Invariant: the data folder is this process's own, and closed to other accounts,
 * before anything in it is opened.
 */
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client';
import { findAlertProblems } from '../alerts/open-alerts.ts';
import { type CityFrame, loadCity } from '../cities/city.ts';
import { type ClockMonitor, type Clocks, createClockMonitor } from '../clock/clock-monitor.ts';
import { findCityFolder, listCityPlaces } from '../config/city-folder.ts';
import type { Config } from '../config/config.ts';
import { lockDataFolder } from '../database/data-folder-lock.ts';
import { tightenDataFolder } from '../database/data-folder-modes.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { registerFleetMetrics } from '../fleet/fleet-metrics.ts';
import { createLiveFeed, type LiveFeed } from '../fleet/live-feed.ts';
import { type LiveRegistry, openRegistry } from '../fleet/registry.ts';
import { type OpenedOwnership, openOwnership } from './open-ownership.ts';

/** The process: what it is told, and what it goes by. */
export interface Ground extends Clocks {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Told when a part has died that only a restart brings back. */
  readonly onFatal: ((error: Error) => void) | undefined;
  readonly clock: ClockMonitor;
  readonly city: CityFrame;
  readonly database: Database;
  /** Where several servers stand on one PostgreSQL; absent where the state is in SQLite. */
  readonly owned: OpenedOwnership | undefined;
  readonly registry: LiveRegistry;
  readonly fleet: Fleet;
  readonly feed: LiveFeed;
}

export interface GroundOptions extends Pick<Ground, 'config' | 'log' | 'onFatal'> {
  /** Aborted where the process is to end: a standby then stops waiting. */
  readonly ended: AbortSignal;
}

export async function openGround(
  opened: AsyncDisposableStack,
  { config, log, onFatal, ended }: GroundOptions,
): Promise<Ground> {
  const now = Date.now;
  const monotonicNow = () => performance.now();
  const { random } = Math;
  const metrics = openMetrics();
  const clock = createClockMonitor({ now, monotonicNow, log, metrics });

  opened.use(lockDataFolder(config.SIAGA_DATA_DIR));
  closeDataFolder(config.SIAGA_DATA_DIR, log);
  const city = loadCity(config.SIAGA_CITY, config);
  // One's own may stand before the shipped one of the same name.
  log.info({ city: city.id, folder: findCityFolder(city.id, listCityPlaces(config)) }, 'the city is loaded');
  const { DATABASE_URL: url } = config;
  const onLost = (error: Error) => onFatal?.(error);
  const owned =
    url === undefined
      ? undefined
      : await openOwnership(opened, { config, url, log, metrics, now, monotonicNow, onLost, ended });
  const database = await openDatabase(config, undefined, undefined, owned?.fence);
  opened.defer(() => database.destroy());
  const registry = await openRegistry(city, database, findAlertProblems(config));
  for (const note of registry.state.notes)
    log.warn({ note }, 'the folder and what was changed while it ran differ');
  const fleet = createFleet(registry);
  registerFleetMetrics(fleet, metrics, now);
  const feed = createLiveFeed(config.STREAM_KEPT_EVENTS, now().toString(36));
  registry.follow(({ devices }) => {
    log.info({ devices: devices.size }, 'the city was changed');
    feed.publish('city', { at: new Date(now()).toISOString() });
  });
  return {
    ...{ config, log, metrics, now, monotonicNow, random, onFatal },
    ...{ clock, city, database, owned, registry, fleet, feed },
  };
}

function openMetrics(): Metrics {
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics, prefix: 'siaga_' });
  // Gauges with the name of a counter; what they say stands in those without `_total`, by kind.
  for (const what of ['handles', 'requests', 'resources']) {
    metrics.removeSingleMetric(`siaga_nodejs_active_${what}_total`);
  }
  return metrics;
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
