/**
 * History in InfluxDB: opens the server, and gives the reader, the consumer that fills it, and the ways for
 * what else Grafana shows. The logs of alerts and incidents are copied from the state database until closed.
 *
 * Stands behind the journal, which is the truth: InfluxDB may be down, wiped or slow, and catches up.
 * Invariant: opening never fails, and waits for a server that is away 5 s at most; `problem` says that it is.
 */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Logger } from 'pino';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { SiteFields } from '../devices/device-kind.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import type { History } from '../history/history.ts';
import type { Tags } from '../history/line-protocol.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import { formatLiveness } from './event-lines.ts';
import { alertEvents, incidentEvents } from './event-sources.ts';
import { InfluxConsumer } from './influx-consumer.ts';
import { createInfluxMetrics } from './influx-metrics.ts';
import { createInfluxReader } from './influx-reader.ts';
import { createInfluxServer } from './influx-server.ts';
import { keepFollowingEvents } from './keep-following-events.ts';
import { createLineEncoder } from './line-encoder.ts';
import { createSampleWriter } from './sample-writer.ts';
import { createSelfSampler } from './self-lines.ts';
import { createSetAside } from './set-aside.ts';

export interface InfluxHistory extends History {
  /** For keepDraining; its cursor is `influx`. */
  readonly consumer: JournalConsumer;
  /** Looks whether InfluxDB still has what it acknowledged. Call once a minute; throws when it does not answer. */
  checkMark(): Promise<void>;
  /** Writes the liveness of every device. Call once a minute; never throws, best effort. */
  sampleLiveness(fleet: Fleet): Promise<void>;
  /** Writes Siaga's own figures. Call every 10 s; never throws, best effort. */
  sampleSelf(): Promise<void>;
}

export interface InfluxHistoryOptions {
  readonly config: Pick<
    Config,
    | 'INFLUX_URL'
    | 'INFLUX_TOKEN'
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
  readonly signal: AbortSignal;
  /** Gives each device its tags: river, place and uplink, vehicle. Without it there are only city and device. */
  readonly registry?: Pick<Registry, 'find'>;
  readonly lingerMs?: number;
}

/** Connections to InfluxDB: batches in flight, samples, events. */
const MAX_SOCKETS = 8;

export async function openInfluxHistory(options: InfluxHistoryOptions): Promise<InfluxHistory> {
  const { config, log, now, registry } = options;
  const city = config.SIAGA_CITY;
  const url = config.INFLUX_URL;
  if (!url) throw new Error('INFLUX_URL is not set');
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const agent = new (url.startsWith('https:') ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
  });
  const target = {
    url,
    token: config.INFLUX_TOKEN,
    org: config.INFLUX_ORG,
    bucket: config.INFLUX_BUCKET,
    retentionDays: config.INFLUX_RETENTION_DAYS,
  };
  const server = createInfluxServer(target, agent, signal);
  const metrics = createInfluxMetrics(options.metrics);
  const encoder = createLineEncoder(deviceKinds, (device) => siteTags(registry, device));
  const consumer = new InfluxConsumer({
    ...options,
    city,
    signal,
    server,
    metrics,
    delivery: {
      encoder,
      write: (lines) => server.write(lines),
      setAside: createSetAside(`${config.SIAGA_DATA_DIR}/influx-set-aside.jsonl`),
      now,
      onFailure: ({ code }) => metrics.failures.inc({ code }),
    },
  });
  const samples = createSampleWriter({ server, metrics, log, now });
  const selfSampler = createSelfSampler(options.metrics, city);
  try {
    await server.prepare();
    log.info({ url, bucket: target.bucket }, `history in ${server.name}`);
  } catch (error) {
    log.warn({ err: error, url }, 'InfluxDB is not ready; readings wait in the journal');
  }
  const sources = [alertEvents(options.database), incidentEvents(options.database)];
  const following = Promise.all(
    sources.map((source) => keepFollowingEvents({ ...options, source, city, signal, server, metrics })),
  );
  return {
    get name() {
      return server.name;
    },
    ...createInfluxReader(server, city, deviceKinds),
    get problem() {
      return consumer.problem;
    },
    consumer,
    checkMark: () => consumer.checkMark(),
    async sampleLiveness(fleet) {
      samples.write(formatLiveness(city, fleet, registry, now()));
      await samples.flush();
    },
    async sampleSelf() {
      const { lines, left } = await selfSampler.sample(now());
      metrics.events.inc({ outcome: 'dropped' }, left);
      samples.write(lines);
      await samples.flush();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await following;
      agent.destroy();
    },
  };
}

/** Of low cardinality, and one a device: they add no series. */
function siteTags(registry: Pick<Registry, 'find'> | undefined, device: string): Tags {
  const found = registry?.find(device);
  const site = found?.site as SiteFields | undefined;
  const tags: Record<string, string> = {};
  for (const field of deviceKinds.get(found?.kind ?? '')?.tags ?? []) {
    const value = site?.[field];
    if (typeof value === 'string') tags[field] = value;
  }
  return tags;
}
