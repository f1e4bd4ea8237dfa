/**
 * One InfluxDB server: which version it is, its HTTP calls, and the bucket that we need on it.
 *
 * The writer and the reader stand on it. Three generations speak differently where databases are made and
 * alike where points are written and InfluxQL is asked. Invariant: `prepare` leaves a bucket that can be
 * written and queried, or throws one sentence that says what the operator must do.
 */
import type { Agent } from 'node:http';
import { InfluxDB, type WriteApi } from '@influxdata/influxdb-client';
import { isLoopback } from '../config/config.ts';
import { type InfluxQlSeries, parseInfluxQlAnswer, quoteIdentifier } from './influxql.ts';

export interface InfluxTarget {
  readonly url: string;
  readonly token: string | undefined;
  readonly org: string;
  readonly bucket: string;
  /** Of a bucket that we create; 0 keeps for ever. */
  readonly retentionDays: number;
}

export type Generation = 1 | 2 | 3;

export interface InfluxServer {
  /** `InfluxDB 1.6.7`; `InfluxDB` before the server has answered once. */
  readonly name: string;
  readonly generation: Generation | undefined;
  /** Detects the version and creates the bucket where it is missing. Throws a sentence. */
  prepare(): Promise<void>;
  /** Sends lines. Rejects with the client's HttpError or the network's error. */
  write(lines: string): Promise<void>;
  /** Runs one InfluxQL statement, times in ms. No bucket yet: no series. */
  query(statement: string): Promise<readonly InfluxQlSeries[]>;
}

/** A query or a batch that takes longer than this has failed. */
const REQUEST_TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 5_000;
/** Larger bodies are compressed on the way to another machine; on loopback that only costs both sides CPU. */
const GZIP_THRESHOLD_BYTES = 8 * 1024;

export function createInfluxServer(target: InfluxTarget, agent: Agent, signal: AbortSignal): InfluxServer {
  const base = target.url.replace(/\/+$/, '');
  const authorization: Record<string, string> = target.token
    ? { authorization: `Token ${target.token}` }
    : {};
  const client = new InfluxDB({
    url: base,
    ...(target.token ? { token: target.token } : {}),
    timeout: REQUEST_TIMEOUT_MS,
    transportOptions: { agent },
  });
  let detected: { generation: Generation; version: string } | undefined;
  let writer: WriteApi | undefined;

  const call = (path: string, init: RequestInit = {}, timeoutMs = REQUEST_TIMEOUT_MS) =>
    fetch(`${base}${path}`, {
      ...init,
      headers: { ...authorization, ...init.headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  const writerFor = (generation: Generation): WriteApi => {
    const gzipThreshold = isLoopback(new URL(base).hostname) ? Number.MAX_SAFE_INTEGER : GZIP_THRESHOLD_BYTES;
    const api = client.getWriteApi(target.org, target.bucket, 'ms', {
      // One record is a whole encoded batch, and flush() is called behind it: the client neither gathers,
      // nor times, nor retries. Its retry buffer lives in memory and drops; the journal does not.
      batchSize: 2,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold,
      writeFailed: (error) => Promise.reject(error),
    });
    if (generation === 1) api.path = `/write?db=${encodeURIComponent(target.bucket)}&precision=ms`;
    return api;
  };
  const query = async (statement: string, withDatabase = true): Promise<readonly InfluxQlSeries[]> => {
    const database: Record<string, string> = withDatabase ? { db: target.bucket } : {};
    const response = await call('/query', {
      method: 'POST',
      body: new URLSearchParams({ ...database, epoch: 'ms', q: statement }),
    });
    return parseInfluxQlAnswer(response.status, await response.text());
  };

  return {
    get name() {
      return detected ? `InfluxDB ${detected.version}` : 'InfluxDB';
    },
    get generation() {
      return detected?.generation;
    },
    async prepare() {
      const found = await detectVersion(call);
      if (found.generation !== detected?.generation) writer = writerFor(found.generation);
      detected = found;
      if (found.generation === 1) await ensureDatabase(target, (statement) => query(statement, false));
      if (found.generation === 2) await ensureBucket(target, call);
      // A database of 3.x comes into being with the first line written to it.
    },
    async write(lines) {
      if (!writer) throw new Error('prepare() comes before write()');
      writer.writeRecord(lines);
      await writer.flush();
    },
    query,
  };
}

type Call = (path: string, init?: RequestInit, timeoutMs?: number) => Promise<Response>;

/** All generations answer /ping with their version; 2.x only from 2.? on, and then /health has it. */
async function detectVersion(call: Call): Promise<{ generation: Generation; version: string }> {
  const ping = await call('/ping', {}, PING_TIMEOUT_MS);
  const body = await ping.text();
  let version = ping.headers.get('x-influxdb-version') ?? stringIn(body, 'version');
  if (!version) {
    const health = await call('/health', {}, PING_TIMEOUT_MS);
    version = stringIn(await health.text(), 'version');
  }
  const major = /^v?(\d+)\./.exec(version ?? '')?.[1];
  if (!version || (major !== '1' && major !== '2' && major !== '3')) {
    throw new Error(
      `the server does not say that it is InfluxDB 1.x, 2.x or 3.x (${ping.status} ${version ?? ''})`,
    );
  }
  return { generation: Number(major) as Generation, version: version.replace(/^v/, '') };
}

/** 1.x: creates the database with its retention where it is missing; an existing one is left as it is. */
async function ensureDatabase(
  { bucket, retentionDays }: InfluxTarget,
  ask: (statement: string) => Promise<readonly InfluxQlSeries[]>,
): Promise<void> {
  const [databases] = await ask('SHOW DATABASES');
  if (databases?.values.some(([name]) => name === bucket)) return;
  const retention = retentionDays > 0 ? ` WITH DURATION ${retentionDays}d` : '';
  await ask(`CREATE DATABASE ${quoteIdentifier(bucket)}${retention}`);
}

/** 2.x: finds the bucket, else creates it with its retention, where the token may. */
async function ensureBucket({ org, bucket, retentionDays }: InfluxTarget, call: Call): Promise<void> {
  const query = new URLSearchParams({ org, name: bucket });
  const found = await call(`/api/v2/buckets?${query}`);
  const foundText = await found.text();
  if (found.status === 401) throw new Error('INFLUX_TOKEN is not accepted (401)');
  if (found.ok && listIn(foundText, 'buckets').length > 0) return;
  if (!found.ok && found.status !== 404)
    throw new Error(`buckets cannot be listed: ${found.status} ${foundText}`);
  const orgs = await call(`/api/v2/orgs?${new URLSearchParams({ org })}`);
  const orgID = stringIn(JSON.stringify(listIn(await orgs.text(), 'orgs')[0] ?? {}), 'id');
  if (!orgID)
    throw new Error(`the organisation ${org} (INFLUX_ORG) is not there, or the token may not see it`);
  const created = await call('/api/v2/buckets', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      orgID,
      name: bucket,
      retentionRules: retentionDays > 0 ? [{ type: 'expire', everySeconds: retentionDays * 86_400 }] : [],
    }),
  });
  if (created.ok || created.status === 422) return;
  throw new Error(
    `the bucket ${bucket} is not there and the token may not create it (${created.status}): ` +
      `create it, e.g. influx bucket create --org ${org} --name ${bucket} --retention ${retentionDays}d`,
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Not JSON: a proxy's page, or the empty body of 1.x.
    return {};
  }
}

function stringIn(text: string, key: string): string | undefined {
  const value = parseObject(text)[key];
  return typeof value === 'string' ? value : undefined;
}

function listIn(text: string, key: string): readonly unknown[] {
  const value = parseObject(text)[key];
  return Array.isArray(value) ? value : [];
}
