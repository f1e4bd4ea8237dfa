/**
 * The doctor: what of this machine would stop Siaga or harm it, one line each with what to do.
 *
 * Looks and changes nothing, beside a running Siaga or before the first start. Invariants: every check runs, whatever
 * the others found; none takes longer than its limit; no secret is in a line.
 */
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { type Config, ConfigError, isLoopback, parseConfig, splitUserInfo } from '../config/config.ts';
import { findRemedy } from '../database/explain-postgres.ts';
import { readDescriptorLimit, shareDescriptors } from '../opening/share-descriptors.ts';

export interface Finding {
  readonly state: 'ok' | 'look' | 'bad';
  readonly what: string;
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
}

type Check = (config: Config) => Promise<Finding[]> | Finding[];

const LIMIT_MS = 5_000;
const DAY_MS = 86_400_000;
/** A certificate is renewed before; Let's Encrypt does it at this age. */
const CERTIFICATE_DAYS = 30;
const GIB = 1024 ** 3;

/** The checks in the order of their lines. */
const CHECKS: readonly (readonly [what: string, check: Check])[] = [
  ['data folder', checkFolder],
  ['disk', checkDisk],
  ['open files', checkDescriptors],
  ['clock', checkClock],
  ['ports', checkPorts],
  ['entrance', checkEntrance],
  ['certificate', checkCertificate],
  ['InfluxDB', checkInflux],
  ['PostgreSQL', checkPostgres],
];

export async function examine(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = parseConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = 'correct it; docs/configuration.md has every variable';
    return error.problems.map((says) => ({ state: 'bad', what: 'environment', says, remedy }));
  }
  const findings: Finding[] = [
    { state: 'ok', what: 'environment', says: `complete; the city is ${config.SIAGA_CITY}` },
  ];
  for (const [what, check] of CHECKS) {
    try {
      findings.push(...(await check(config)));
    } catch (error) {
      findings.push({ state: 'look', what, says: `could not be looked at: ${(error as Error).message}` });
    }
  }
  return findings;
}

function checkFolder({ SIAGA_DATA_DIR: folder }: Config): Finding[] {
  const what = 'data folder';
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) return [{ state: 'ok', what, says: `${folder} is not there yet; the first start makes it` }];
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const remedy = `chown it to the user that runs Siaga, or set SIAGA_DATA_DIR`;
    return [{ state: 'bad', what, says: `${folder} may not be written by this user`, remedy }];
  }
  const mode = found.mode & 0o777;
  if (mode & 0o077) {
    const remedy = 'the next start closes it; chmod 700 does it now';
    return [
      { state: 'look', what, says: `${folder} is open to other accounts (${mode.toString(8)})`, remedy },
    ];
  }
  return [{ state: 'ok', what, says: `${folder}, for its own user only` }];
}

function checkDisk({ SIAGA_DATA_DIR: folder, JOURNAL_MAX_BYTES: wanted }: Config): Finding[] {
  const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : '.');
  const journal = statSync(join(folder, 'journal.db'), { throwIfNoEntry: false })?.size ?? 0;
  const free = bavail * bsize;
  const says = `${formatGib(free)} free; the journal has ${formatGib(journal)} of at most ${formatGib(wanted)}`;
  // The history built from it takes about as much again.
  const missing = 2 * Math.max(0, wanted - journal) - free;
  if (missing <= 0) return [{ state: 'ok', what: 'disk', says }];
  const remedy = `make room for ${formatGib(missing)} more, or lower JOURNAL_MAX_BYTES`;
  return [{ state: free < GIB ? 'bad' : 'look', what: 'disk', says, remedy }];
}

function checkDescriptors(config: Config): Finding[] {
  const limit = readDescriptorLimit();
  const { shortage, mqttConnections, apiConnections } = shareDescriptors(config, limit);
  if (!shortage) return [{ state: 'ok', what: 'open files', says: `${limit} may be open` }];
  const says = `${limit} may be open, ${shortage.needed} are wanted: ${mqttConnections} devices and ${apiConnections} people at once`;
  const remedy = 'raise it (systemd: LimitNOFILE=65536; a shell: ulimit -n 65536)';
  return [{ state: 'look', what: 'open files', says, remedy }];
}

function checkClock(): Finding[] {
  const { stdout, error } = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  const time = new Date().toISOString();
  if (error || stdout.trim() === '') {
    const remedy = `compare it with another clock: it says ${time}`;
    return [{ state: 'look', what: 'clock', says: 'nothing here says whether NTP holds it', remedy }];
  }
  if (stdout.trim() === 'yes') return [{ state: 'ok', what: 'clock', says: `held by NTP, ${time}` }];
  const remedy = 'timedatectl set-ntp true; alarms and orders go by this clock';
  return [{ state: 'bad', what: 'clock', says: `not held by NTP, ${time}`, remedy }];
}

async function checkPorts(config: Config): Promise<Finding[]> {
  const wanted = [
    ['HTTP_PORT', config.HTTP_HOST, config.HTTP_PORT],
    ['MQTT_PORT', config.MQTT_HOST, config.MQTT_PORT],
    ['MQTTS_PORT', config.MQTT_HOST, config.MQTTS_PORT],
    ['MQTT_WS_PORT', config.MQTT_HOST, config.MQTT_WS_PORT],
  ] as const;
  const runs = await answers(`http://${hostOf(config.HTTP_HOST)}:${config.HTTP_PORT}/healthz`);
  const findings: Finding[] = [];
  for (const [name, host, port] of wanted) {
    if (port === undefined) continue;
    const problem = await tryPort(host, port);
    const where = `${name} ${host}:${port}`;
    if (!problem) findings.push({ state: 'ok', what: 'ports', says: `${where} is free` });
    else if (runs)
      findings.push({ state: 'ok', what: 'ports', says: `${where} is taken; a Siaga runs here` });
    else {
      const remedy = `ss -ltnp 'sport = :${port}' shows who has it; or set ${name}`;
      findings.push({ state: 'bad', what: 'ports', says: `${where}: ${problem}`, remedy });
    }
  }
  return findings;
}

/** Why a port cannot be listened on; undefined where it can. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  return promise;
}

function checkEntrance({ MQTT_HOST, MQTTS_PORT, HTTP_HOST, TRUST_PROXY }: Config): Finding[] {
  const findings: Finding[] = [];
  if (!isLoopback(MQTT_HOST) && MQTTS_PORT === undefined) {
    const says = `MQTT on ${MQTT_HOST} without TLS: secrets of devices go in clear`;
    findings.push({
      state: 'look',
      what: 'entrance',
      says,
      remedy: 'set MQTTS_PORT, or put a TLS proxy in front',
    });
  }
  if (!isLoopback(HTTP_HOST) && !TRUST_PROXY) {
    const says = `the API on ${HTTP_HOST} without a proxy: tokens go in clear`;
    findings.push({
      state: 'look',
      what: 'entrance',
      says,
      remedy: 'put a TLS proxy in front and set TRUST_PROXY',
    });
  }
  return findings;
}

function checkCertificate({ TLS_CERT_FILE: file }: Config): Finding[] {
  if (!file) return [];
  const { validToMs, subject } = readCertificate(file);
  const days = Math.floor((validToMs - Date.now()) / DAY_MS);
  const says = `${subject}, valid until ${new Date(validToMs).toISOString().slice(0, 10)} (${days} days)`;
  if (days > CERTIFICATE_DAYS) return [{ state: 'ok', what: 'certificate', says }];
  const remedy = 'renew it and restart Siaga, which reads it at its start';
  return [{ state: days < 0 ? 'bad' : 'look', what: 'certificate', says, remedy }];
}

function readCertificate(file: string): { validToMs: number; subject: string } {
  const certificate = new X509Certificate(readFileSync(file));
  return {
    validToMs: Date.parse(certificate.validTo),
    subject: certificate.subjectAltName ?? certificate.subject.replaceAll('\n', ', '),
  };
}

async function checkInflux({ INFLUX_URL }: Config): Promise<Finding[]> {
  if (!INFLUX_URL) return [];
  try {
    const { url, headers } = splitUserInfo(INFLUX_URL);
    const answer = await fetch(new URL('ping', url.endsWith('/') ? url : `${url}/`), {
      headers,
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    await answer.body?.cancel();
    const version = answer.headers.get('x-influxdb-version') ?? 'without a version';
    const says = `answers ${answer.status}, ${version}`;
    return [{ state: answer.ok || answer.status === 401 ? 'ok' : 'look', what: 'InfluxDB', says }];
  } catch (error) {
    const says = `does not answer (${((error as Error).cause as Error)?.message ?? (error as Error).message})`;
    const remedy = 'start it, or correct INFLUX_URL; people are answered without it';
    return [{ state: 'look', what: 'InfluxDB', says, remedy }];
  }
}

async function checkPostgres({ DATABASE_URL }: Config): Promise<Finding[]> {
  if (!DATABASE_URL) return [];
  const client = new pg.Client({ connectionString: DATABASE_URL, connectionTimeoutMillis: LIMIT_MS });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; encoding: string }>(
      "select current_setting('server_version') version, current_setting('server_encoding') encoding",
    );
    const { version, encoding } = rows[0] ?? { version: '?', encoding: '?' };
    const says = `answers, version ${version}, ${encoding}`;
    if (encoding === 'UTF8') return [{ state: 'ok', what: 'PostgreSQL', says }];
    const remedy = 'create the database anew with encoding UTF8';
    return [{ state: 'bad', what: 'PostgreSQL', says, remedy }];
  } catch (error) {
    const { says, remedy } = findRemedy(error) ?? {};
    const words = (error as Error).message;
    return [
      {
        ...{ state: 'bad', what: 'PostgreSQL' },
        says: says === undefined ? words : `${says} (${words})`,
        remedy: `${remedy ?? 'start it, or correct the address'} (DATABASE_URL); Siaga does not start without it`,
      },
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** An address to call: nobody can call the one that means all. */
function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function formatGib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
