/**
 * What comes before the first line: which InfluxDB it is, and the bucket that we need on it.
 *
 * The three generations make databases differently. Invariants: an existing bucket is left as it is, its retention
 * too; where a token neither sees nor makes the bucket that is a doubt and no failure, since tokens of one bucket
 * see little and write well: the answer to a write decides. What is thrown is one sentence for the operator, with
 * the server's own words.
 */
import { type InfluxQlSeries, InfluxQueryError, quoteIdentifier } from './influxql.ts';
import type { InfluxToken } from './read-token.ts';
import { type Call, listIn, stringIn, wordsOf } from './server-call.ts';

export interface InfluxTarget extends InfluxToken {
  readonly url: string;
  /** Of 2.x: a name, or an id of 16 hexadecimal digits. */
  readonly org: string;
  readonly bucket: string;
  /** Of a bucket that we create; 0 keeps for ever. */
  readonly retentionDays: number;
}

export type Generation = 1 | 2 | 3;

export interface PreparedBucket {
  /** How long it keeps what is written, ms; 0 for ever; undefined where nobody says. */
  readonly retentionMs: number | undefined;
  /** Why a write may fail, with the server's words. */
  readonly doubt?: string;
  /** Of a bucket of 2.x that was found. */
  readonly ids?: { readonly bucket: string; readonly org: string };
}

export interface ServerCalls {
  readonly call: Call;
  /** One InfluxQL statement without a database. */
  readonly ask: (statement: string) => Promise<readonly InfluxQlSeries[]>;
}

const PING_TIMEOUT_MS = 5_000;
const DAY_S = 86_400;

/** All generations answer /ping with their version; 2.x only from 2.? on, and then /health has it. */
export async function detectVersion(call: Call): Promise<{ generation: Generation; version: string }> {
  const ping = await call('/ping', {}, PING_TIMEOUT_MS);
  let version = ping.headers.get('x-influxdb-version') ?? stringIn(await ping.text(), 'version');
  if (!version && ping.ok) {
    const health = await call('/health', {}, PING_TIMEOUT_MS);
    version = stringIn(await health.text(), 'version');
  }
  // 3 Core says nothing, not even its version, to who shows no token.
  if (!version && (ping.status === 401 || ping.status === 403)) {
    throw new Error(`INFLUX_TOKEN is missing or not accepted (/ping answers ${ping.status})`);
  }
  const major = /^v?(\d+)\./.exec(version ?? '')?.[1];
  if (!version || (major !== '1' && major !== '2' && major !== '3')) {
    throw new Error(
      `the server does not say that it is InfluxDB 1.x, 2.x or 3.x (/ping: ${ping.status} ${version ?? ''})`,
    );
  }
  return { generation: Number(major) as Generation, version: version.replace(/^v/, '') };
}

export function prepareBucket(
  target: InfluxTarget,
  generation: Generation,
  calls: ServerCalls,
): Promise<PreparedBucket> {
  if (generation === 1) return prepareDatabase(target, calls.ask);
  return generation === 2 ? prepareBucketOf2(target, calls.call) : prepareDatabaseOf3(target, calls.call);
}

async function prepareDatabase(
  { bucket, retentionDays }: InfluxTarget,
  ask: ServerCalls['ask'],
): Promise<PreparedBucket> {
  const name = quoteIdentifier(bucket);
  try {
    const [databases] = await ask('SHOW DATABASES');
    if (!databases?.values.some(([each]) => each === bucket)) {
      await ask(`CREATE DATABASE ${name}${retentionDays > 0 ? ` WITH DURATION ${retentionDays}d` : ''}`);
    }
    const [policies] = await ask(`SHOW RETENTION POLICIES ON ${name}`);
    const column = (each: string) => policies?.columns.indexOf(each) ?? -1;
    const policy = policies?.values.find((row) => row[column('default')] === true);
    return { retentionMs: parseDuration(policy?.[column('duration')]) };
  } catch (error) {
    if (!(error instanceof InfluxQueryError)) throw error;
    if (error.status === 401) {
      throw new Error(`INFLUX_TOKEN (user:password) is missing or not accepted: ${error.message}`);
    }
    if (error.status >= 500) throw error;
    return {
      retentionMs: undefined,
      doubt: `the database ${bucket} is not seen and cannot be made: ${error.message}`,
    };
  }
}

/** `168h0m0s`, and `0s` for ever. */
function parseDuration(text: unknown): number | undefined {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(\d+)s$/.exec(String(text)) ?? [];
  if (seconds === undefined) return undefined;
  return (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds)) * 1000;
}

async function prepareBucketOf2(target: InfluxTarget, call: Call): Promise<PreparedBucket> {
  const { org, bucket, retentionDays } = target;
  const ofOrg: Record<string, string> = isId(org) ? { orgID: org } : { org };
  const found = await call(`/api/v2/buckets?${new URLSearchParams({ ...ofOrg, name: bucket })}`);
  const text = await found.text();
  if (found.status === 401) {
    throw new Error(`INFLUX_TOKEN is missing or not accepted (${found.status} ${wordsOf(text)})`);
  }
  if (found.status >= 500) throw new Error(`buckets cannot be listed: ${found.status} ${wordsOf(text)}`);
  const [first] = listIn(text, 'buckets');
  if (first) {
    const ids = { bucket: String(first['id']), org: String(first['orgID']) };
    return { retentionMs: retentionOf(first), ids };
  }
  const command = `influx bucket create --org ${org} --name ${bucket} --retention ${retentionDays}d`;
  const orgId = isId(org) ? org : await findOrganisation(org, call);
  if (orgId === undefined) {
    const doubt = `INFLUX_TOKEN sees neither the bucket ${bucket} nor the organisation ${org}`;
    return { retentionMs: undefined, doubt: `${doubt}; where the bucket is not there: ${command}` };
  }
  const created = await call('/api/v2/buckets', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      orgID: orgId,
      name: bucket,
      retentionRules: retentionDays > 0 ? [{ type: 'expire', everySeconds: retentionDays * DAY_S }] : [],
    }),
  });
  const answer = await created.text();
  if (created.ok) return { retentionMs: retentionDays * DAY_S * 1000 };
  const words = `${created.status} ${wordsOf(answer)}`;
  return {
    retentionMs: undefined,
    doubt: `the bucket ${bucket} is not seen and cannot be made (${words}); where it is not there: ${command}`,
  };
}

/** Tokens of single buckets see no organisation. */
async function findOrganisation(org: string, call: Call): Promise<string | undefined> {
  const answer = await call(`/api/v2/orgs?${new URLSearchParams({ org })}`);
  const [first] = listIn(await answer.text(), 'orgs');
  const id = first?.['id'];
  return typeof id === 'string' ? id : undefined;
}

function retentionOf(bucket: Readonly<Record<string, unknown>>): number | undefined {
  const rules = bucket['retentionRules'];
  if (!Array.isArray(rules)) return undefined;
  const seconds = (rules as { everySeconds?: unknown }[])[0]?.everySeconds ?? 0;
  return typeof seconds === 'number' ? seconds * 1000 : undefined;
}

/** A line written to 3 Core makes a database too, but one that keeps for ever. */
async function prepareDatabaseOf3(
  { bucket, retentionDays }: InfluxTarget,
  call: Call,
): Promise<PreparedBucket> {
  if (!/^[A-Za-z0-9][\w-]*$/.test(bucket)) {
    throw new Error(
      `INFLUX_BUCKET: a database of 3 Core has letters, digits, - and _ only, and not "${bucket}"`,
    );
  }
  const answer = await call('/api/v3/configure/database', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      db: bucket,
      ...(retentionDays > 0 ? { retention_period: `${retentionDays}d` } : {}),
    }),
  });
  const text = await answer.text();
  if (answer.ok) return { retentionMs: retentionDays * DAY_S * 1000 };
  if (answer.status === 401 || answer.status === 403) {
    throw new Error(`INFLUX_TOKEN is missing or not accepted (${answer.status} ${wordsOf(text)})`);
  }
  if (answer.status === 409) return { retentionMs: undefined };
  return {
    retentionMs: undefined,
    doubt: `the database ${bucket} cannot be made: ${answer.status} ${wordsOf(text)}`,
  };
}

function isId(org: string): boolean {
  return /^[0-9a-f]{16}$/.test(org);
}
