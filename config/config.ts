/**
 * The configuration: the environment, read once by the table in environment.ts and frozen.
 *
 * Cross-checks come after the single ones. Invariant: `parseConfig` reports every problem at once, names the
 * variable in each, and never prints the value of a secret.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeUnknownCity, findCityFolder, listCityPlaces } from './city-folder.ts';
import { type Environment, environmentSchema } from './environment.ts';

export type Config = Readonly<Environment>;

/** A wrong environment; `problems` holds every one of them, `VARIABLE: sentence`. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `${problems.length} problem(s) in the environment:\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** Prefixes that are ours: a variable with one of them that we do not know is a typing error. */
const OWN_PREFIXES =
  /^(SIAGA|MQTT|MQTTS|JOURNAL|INFLUX|API|STREAM|HTTP|TRUST|ROUTING|TELEGRAM|WEBHOOK|CAP|REJECTIONS|CALLERS|READS|ALERTS|AUDIT)_/;
/** Set by others for other ends, though they look like ours. */
const FOREIGN = new Set(['HTTP_PROXY', 'SIAGA_TEST_DATA_DIR']);
const FILE_SECRETS = ['WEBHOOK_SECRET', 'TELEGRAM_TOKEN'] as const;

/** Parses the environment. Throws ConfigError with every problem. An empty variable counts as absent. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const problems: string[] = [];
  for (const name of Object.keys(given)) {
    if (OWN_PREFIXES.test(name) && !FOREIGN.has(name) && !(name in environmentSchema.shape)) {
      const near = Object.keys(environmentSchema.shape).find((known) => editDistance(known, name) <= 2);
      problems.push(`${name}: no such variable${near ? `; did you mean ${near}?` : ''}`);
    }
  }
  const result = environmentSchema.safeParse(given);
  if (!result.success) {
    problems.push(...result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
    throw new ConfigError(problems);
  }
  const config = result.data;
  problems.push(...crossCheck(config), ...checkInfluxToken(config), ...readSecrets(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `fetch` refuses a URL with a user or password, and shows all of it: they go as HTTP Basic [RFC 7617]. */
export function splitUserInfo(text: string): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const url = new URL(text);
  const userInfo = [url.username, url.password].map(decodeURIComponent).join(':');
  if (userInfo === ':') return { url: text, headers: {} };
  url.username = '';
  url.password = '';
  return { url: url.href, headers: { authorization: `Basic ${Buffer.from(userInfo).toString('base64')}` } };
}

function* crossCheck(config: Environment): Generator<string> {
  yield* checkCity(config);
  if (!config.TLS_CERT_FILE !== !config.TLS_KEY_FILE)
    yield 'TLS_CERT_FILE and TLS_KEY_FILE: set both or none';
  if (config.JOURNAL_URL && !config.DATABASE_URL) {
    yield 'JOURNAL_URL: needs DATABASE_URL, in which one server owns the city';
  }
  if (config.JOURNAL_SYNC === 'two' && !config.JOURNAL_URL) yield 'JOURNAL_SYNC: two needs JOURNAL_URL';
  yield* checkNode(config, config.SIAGA_NODE_HOST);
  if (config.MQTTS_PORT !== undefined && !config.TLS_CERT_FILE) {
    yield 'MQTTS_PORT: needs TLS_CERT_FILE and TLS_KEY_FILE';
  }
  for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE'] as const) {
    const file = config[name];
    if (file) {
      try {
        readFileSync(file);
      } catch (error) {
        yield `${name}: ${(error as Error).message}`;
      }
    }
  }
  if (config.MQTT_PROXY_PROTOCOL && !config.MQTT_PROXY_FROM) {
    yield 'MQTT_PROXY_PROTOCOL: needs MQTT_PROXY_FROM, or anybody could say to come from anywhere';
  }
  if (!config.MQTT_PROXY_PROTOCOL && config.MQTT_PROXY_FROM) {
    yield 'MQTT_PROXY_FROM: does nothing until MQTT_PROXY_PROTOCOL=true';
  }
  if (!config.MQTT_AUTH && !isLoopback(config.MQTT_HOST)) {
    yield `MQTT_AUTH: may be false only on loopback, and MQTT_HOST is ${config.MQTT_HOST}`;
  }
  if (!config.API_AUTH && !isLoopback(config.HTTP_HOST)) {
    yield `API_AUTH: may be false only on loopback, and HTTP_HOST is ${config.HTTP_HOST}`;
  }
  if (config.WEBHOOK_URL && !config.WEBHOOK_SECRET && !config.WEBHOOK_SECRET_FILE) {
    yield 'WEBHOOK_URL: needs WEBHOOK_SECRET (or _FILE), or receivers cannot tell who calls';
  }
  if (config.SMTP_URL && !(config.MAIL_FROM && config.MAIL_TO)) yield 'SMTP_URL: needs MAIL_FROM and MAIL_TO';
  if ((config.TELEGRAM_TOKEN || config.TELEGRAM_TOKEN_FILE) && !config.TELEGRAM_CHAT_ID) {
    yield 'TELEGRAM_TOKEN: needs TELEGRAM_CHAT_ID';
  }
}

/** What comes over another node has the bounds of this one, and not its loopback. */
function* checkNode(config: Environment, host: string | undefined): Generator<string> {
  const announced = config.SIAGA_NODE_ANNOUNCED_HOST;
  if (host === undefined) {
    for (const name of ['SIAGA_NODE_ANNOUNCED_HOST', 'SIAGA_NODE_ANNOUNCED_PORT'] as const) {
      if (config[name] !== undefined) yield `${name}: does nothing until SIAGA_NODE_HOST is set`;
    }
    return;
  }
  if (!config.DATABASE_URL) yield 'SIAGA_NODE_HOST: needs DATABASE_URL, in which the nodes find each other';
  if (isWildcard(announced ?? host)) {
    const why =
      announced === undefined ? `SIAGA_NODE_HOST is ${host}, which is no address to go to` : announced;
    yield `SIAGA_NODE_ANNOUNCED_HOST: must be the address by which the other nodes reach this one (${why})`;
  }
  for (const name of ['MQTT_AUTH', 'API_AUTH'] as const) {
    if (!config[name] && !isLoopback(host))
      yield `${name}: may be false only on loopback, and SIAGA_NODE_HOST is ${host}`;
  }
}

/** In each of the forms that the system takes: `0`, `0.0.0.0`, `::`, `::ffff:0.0.0.0`. */
function isWildcard(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return /^0+(?:\.0+){0,3}$/.test(bare) || /^[0:]*:[0:]*$/.test(bare);
}

/** A folder that is set and is not there is a volume that was not mounted, and no reason to take another's city. */
function* checkCity(config: Environment): Generator<string> {
  try {
    const places = listCityPlaces(config);
    if (config.SIAGA_CITIES_DIR && !places[0]?.cities) {
      yield `SIAGA_CITIES_DIR: there is no folder ${places[0]?.folder}`;
    }
    if (!findCityFolder(config.SIAGA_CITY, places)) yield `SIAGA_CITY: ${describeUnknownCity(places)}`;
  } catch (error) {
    yield `SIAGA_CITY: ${(error as Error).message}`;
  }
}

/** A secret may come from a file (as container engines mount them); the file's first line is the secret. */
function* readSecrets(config: Environment): Generator<string> {
  for (const name of FILE_SECRETS) {
    const file = config[`${name}_FILE`];
    if (!file) continue;
    if (config[name]) {
      yield `${name} and ${name}_FILE: set one of them`;
      continue;
    }
    try {
      config[name] = readSecretFile(file);
    } catch (error) {
      yield `${name}_FILE: ${(error as Error).message}`;
    }
  }
}

/** The file of InfluxDB's token may come later than we do (influx/server/read-token.ts); its folder may not. */
function* checkInfluxToken({ INFLUX_TOKEN: token, INFLUX_TOKEN_FILE: file }: Environment): Generator<string> {
  if (token !== undefined && !isHeaderValue(token)) yield `INFLUX_TOKEN: ${NO_HEADER_VALUE}`;
  if (file === undefined) return;
  if (token !== undefined) yield 'INFLUX_TOKEN and INFLUX_TOKEN_FILE: set one of them';
  if (!existsSync(dirname(file))) yield `INFLUX_TOKEN_FILE: there is no folder ${dirname(file)}`;
}

/** The first line of a file, which is the secret. Throws as `readFileSync` does. */
export function readSecretFile(file: string): string {
  return (readFileSync(file, 'utf8').split('\n')[0] as string).trim();
}

export const NO_HEADER_VALUE = 'is empty, or has a blank or a character that no HTTP header carries';

/** The errors of Node's HTTP would show a secret that no header can carry. */
export function isHeaderValue(secret: string): boolean {
  return /^[\x21-\x7e]+$/.test(secret);
}

/** Levenshtein distance, for "did you mean". */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
