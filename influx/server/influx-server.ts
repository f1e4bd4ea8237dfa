/**
 * One InfluxDB server: which version it is, and its HTTP calls.
 *
 * Everything that goes to InfluxDB goes through here. Three generations are told apart by their version; they are
 * asked alike, in InfluxQL, which is also the way Grafana reads. Invariants: `prepare` leaves a bucket that can be
 * written, or throws one sentence that says what the operator must do; the token appears in no sentence.
 */
import type { Agent } from 'node:http';
import { isLoopback } from '../../config/config.ts';
import { readBounded } from './bounded-answer.ts';
import { explainReadBack, notesOn } from './explain-server.ts';
import { type InfluxQlSeries, parseInfluxQlAnswer } from './influxql.ts';
import {
  detectVersion,
  type Generation,
  type InfluxTarget,
  type PreparedBucket,
  prepareBucket,
} from './prepare-server.ts';
import { authorizationOf, readToken } from './read-token.ts';
import { sendLines, type WriteAddress } from './send-lines.ts';
import type { Call } from './server-call.ts';

export interface InfluxServer {
  /** `InfluxDB 1.6.7`; `InfluxDB` before the server has answered once. */
  readonly name: string;
  readonly generation: Generation | undefined;
  /** How long the bucket keeps what is written, ms; 0 for ever; undefined where nobody says. */
  readonly retentionMs: number | undefined;
  /** What the operator should know of this server and bucket, in sentences. */
  readonly notes: readonly string[];
  /** Detects the version alone, and changes nothing. Throws a sentence. */
  detect(): Promise<Generation>;
  /** Detects the version and creates the bucket where it is missing. Throws a sentence. */
  prepare(): Promise<PreparedBucket>;
  /** It has answered, so that lines can be written. */
  readonly isPrepared: boolean;
  /** Sends lines. Rejects with the client's HttpError or the network's error. */
  write(lines: string): Promise<void>;
  /** Runs one InfluxQL statement, times in ms, the way that Grafana asks. Throws InfluxQueryError. */
  query(statement: string): Promise<readonly InfluxQlSeries[]>;
  /** One sentence on why what was written is not found by `query`; `words` are what that said. */
  explainNotFound(words: string): Promise<string>;
}

/** A query or a batch that takes longer than this has failed. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Larger bodies are compressed on the way to another machine; on loopback that only costs both sides CPU. */
const GZIP_THRESHOLD_BYTES = 8 * 1024;

export function createInfluxServer(target: InfluxTarget, agent: Agent, signal: AbortSignal): InfluxServer {
  const base = target.url.replace(/\/+$/, '');
  let token = target.token;
  let detected: { generation: Generation; version: string } | undefined;
  let prepared: PreparedBucket | undefined;
  let writer: WriteAddress | undefined;

  const call: Call = async (path, init = {}, timeoutMs = REQUEST_TIMEOUT_MS) => {
    const answer = await fetch(`${base}${path}`, {
      ...init,
      // A question that is sent on may arrive as another one, and without its token.
      redirect: 'manual',
      headers: { ...authorizationOf(token), ...init.headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const { status, headers, body } = answer;
    if (status >= 300 && status < 400) {
      await body?.cancel();
      const target = headers.get('location') ?? 'nowhere';
      throw new Error(`INFLUX_URL leads to ${target} (${status}): set it to where InfluxDB itself answers`);
    }
    return new Response(body && (await readBounded(body)), { status, headers });
  };
  const query = async (statement: string, database: { db?: string }) => {
    const form = { ...database, epoch: 'ms', q: statement };
    const response = await call('/query', { method: 'POST', body: new URLSearchParams(form) });
    return parseInfluxQlAnswer(response.status, await response.text());
  };
  const detect = async () => {
    token = readToken(target);
    detected = await detectVersion(call);
    return detected.generation;
  };
  return {
    get name() {
      return detected ? `InfluxDB ${detected.version}` : 'InfluxDB';
    },
    get generation() {
      return detected?.generation;
    },
    get retentionMs() {
      return prepared?.retentionMs;
    },
    get notes() {
      return detected && prepared ? notesOn(target, detected.generation, prepared) : [];
    },
    detect,
    get isPrepared() {
      return writer !== undefined;
    },
    async prepare() {
      const before = { generation: detected?.generation, token };
      const generation = await detect();
      if (!writer || generation !== before.generation || token !== before.token) {
        writer = addressWrites({ ...target, url: base, token }, generation, agent);
      }
      prepared = await prepareBucket(target, generation, {
        call,
        ask: (statement) => query(statement, {}),
      });
      return prepared;
    },
    async write(lines) {
      if (!writer) throw new Error('InfluxDB has not answered yet');
      await sendLines(writer, lines);
    },
    query: (statement) => query(statement, { db: target.bucket }),
    async explainNotFound(words) {
      const what = `what Siaga writes to ${target.bucket} is not found by /query?db=${target.bucket}, as Grafana asks`;
      return `${what} (${words}): ${await explainReadBack(target, prepared, detected?.version ?? '', call)}`;
    },
  };
}

/** The path where each generation takes lines; that of 3 stores the good ones of a batch and names the others. */
const WRITE_PATHS: Readonly<Record<Generation, (bucket: string) => string | undefined>> = {
  1: (bucket) => `/write?db=${encodeURIComponent(bucket)}&precision=ms`,
  2: () => undefined,
  3: (bucket) =>
    `/api/v3/write_lp?db=${encodeURIComponent(bucket)}&precision=millisecond&accept_partial=true`,
};

function addressWrites(target: InfluxTarget, generation: Generation, agent: Agent): WriteAddress {
  const { url, org, bucket, token } = target;
  return {
    ...{ url, org, bucket, agent },
    path: WRITE_PATHS[generation](bucket),
    headers: authorizationOf(token),
    gzipAboveBytes: isLoopback(new URL(url).hostname) ? Number.MAX_SAFE_INTEGER : GZIP_THRESHOLD_BYTES,
    timeoutMs: REQUEST_TIMEOUT_MS,
  };
}
