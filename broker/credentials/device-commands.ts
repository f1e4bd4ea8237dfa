/**
 * The commands of `npm run devices`, apart from the process that runs them.
 *
 * Invariant: no command shows a secret that existed before it ran; there is none to show.
 */
import { parseArgs } from 'node:util';
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import type { Database } from '../../database/database.ts';
import { isId } from '../../devices/topics.ts';
import { OBSERVER_PREFIX } from '../access.ts';
import {
  type CredentialSummary,
  issueCredentials,
  listCredentials,
  revokeCredentials,
  rotateCredential,
} from './credentials.ts';
import { DeviceListError, findProblems, parseDeviceCsv, toDevice, writeDevices } from './device-list.ts';

export const HELP = `npm run devices -- <command>

  add <id> [--kind KIND] [--name NAME] [--lat LAT --lng LNG]
        Registers a device and issues its credential. For a device of the city's folder the id alone is
        enough; ambulances and hospitals must stand there. "add observer:NAME" issues one that may read
        everything of the city and publish nothing.
  list [<id>] [--json]
        Who has a credential, since when, until when. Secrets are not kept and cannot be listed.
  rotate <id> [--overlap-h HOURS]
        Issues a second credential; the first stays valid for HOURS more (24).
  revoke <id>
        Voids every credential of <id>, and its certificate; a running server cuts it off within 2 s.
  import <file.csv> [--out secrets.csv]
        Registers the devices of a CSV file with the columns id, kind, name, lat, lng and issues a credential
        to each that has none. Writes device,secret to --out (which must not exist) or to standard output.

A secret is shown once, when it is issued. A device connects with its id as MQTT user name and client id and
the secret as password. Environment: SIAGA_CITY, SIAGA_CITIES_DIR, SIAGA_DATA_DIR, DATABASE_URL, as for the server.`;

/** Words that make no command. */
export class CommandError extends Error {
  readonly code = 'COMMAND_INVALID';
}

export interface Environment {
  readonly database: Database;
  readonly city: City;
  /** Epoch ms. */
  readonly now: number;
  /** Standard output: what was asked for. */
  readonly print: (line: string) => void;
  /** Standard error: what to know about it. */
  readonly note: (line: string) => void;
  readonly readText: (file: string) => string;
  /** Creates a file for secrets, before any is issued; throws when it exists. Returns the way to fill it. */
  readonly createSecretFile: (file: string) => (text: string) => void;
}

const DEFAULT_OVERLAP_H = 24;
const MS_PER_H = 3_600_000;

const OPTIONS = {
  add: {
    kind: { type: 'string' },
    name: { type: 'string' },
    lat: { type: 'string' },
    lng: { type: 'string' },
  },
  list: { json: { type: 'boolean' } },
  rotate: { 'overlap-h': { type: 'string' } },
  revoke: {},
  import: { out: { type: 'string' } },
} as const;
type CommandName = keyof typeof OPTIONS;

export interface Command {
  readonly name: CommandName;
  readonly subject: string | undefined;
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** Throws CommandError with one sentence. */
export function parseCommand(words: readonly string[]): Command {
  const [name, ...rest] = words;
  if (name === undefined || !Object.hasOwn(OPTIONS, name)) {
    throw new CommandError(`${name}: no such command; there are ${Object.keys(OPTIONS).join(', ')}`);
  }
  const command = name as CommandName;
  try {
    const { values, positionals } = parseArgs({
      args: joinNegativeNumbers(rest),
      options: OPTIONS[command],
      allowPositionals: true,
      allowNegative: false,
    });
    if (positionals.length > 1) throw new CommandError(`${positionals[1]}: one at a time`);
    if (positionals.length === 0 && command !== 'list') {
      throw new CommandError(`${command}: needs ${command === 'import' ? 'a file' : 'an id'}`);
    }
    return { name: command, subject: positionals[0], options: values as Command['options'] };
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError((error as Error).message);
  }
}

/** `--lat -7` → `--lat=-7`: south of the equator a number looks like an option. */
function joinNegativeNumbers(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const isNumber = /^-\d/.test(word) && joined.at(-1)?.startsWith('--');
    if (isNumber) joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

export async function runCommand({ name, subject = '', options }: Command, env: Environment): Promise<void> {
  switch (name) {
    case 'add':
      return add(subject, options, env);
    case 'list':
      return list(subject === '' ? undefined : subject, options['json'] === true, env);
    case 'rotate':
      return rotate(subject, String(options['overlap-h'] ?? DEFAULT_OVERLAP_H), env);
    case 'revoke':
      return revoke(subject, env);
    case 'import':
      return importFile(subject, options['out'] as string | undefined, env);
  }
}

async function add(id: string, options: Command['options'], env: Environment): Promise<void> {
  const { database, city, now } = env;
  if (await hasValidCredential(id, env)) {
    throw new CommandError(`${id} has a credential already; use rotate, or revoke it first`);
  }
  const known = await isRegistered(id, env);
  if (id.startsWith(OBSERVER_PREFIX)) {
    if (!isId(id.slice(OBSERVER_PREFIX.length))) throw new CommandError(`${id}: ${OBSERVER_PREFIX}<name>`);
  } else if (!known || options['kind'] !== undefined) {
    const word = (name: string) => String(options[name] ?? '');
    if (options['kind'] === undefined) throw new CommandError(`${id} is not registered yet; say its --kind`);
    const device = toDevice({
      id,
      kind: word('kind'),
      name: word('name'),
      lat: word('lat'),
      lng: word('lng'),
    });
    const problems = [...findProblems(device, city)];
    if (problems.length > 0) throw new DeviceListError(problems);
    await writeDevices(database, city, [device], now);
  }
  const secret = (await issueCredentials(database, [id], now)).get(id) as string;
  env.note(`The secret of ${id}, shown this once:`);
  env.print(secret);
}

async function rotate(id: string, hours: string, env: Environment): Promise<void> {
  const overlapMs = Number(hours) * MS_PER_H;
  if (!(overlapMs >= 0)) throw new CommandError(`--overlap-h ${hours}: a number of hours from 0`);
  if (!(await hasValidCredential(id, env))) throw new CommandError(`${id} has no credential; use add`);
  const secret = await rotateCredential(env.database, id, { now: env.now, overlapMs });
  const until = new Date(env.now + overlapMs).toISOString();
  env.note(`The new secret of ${id}, shown this once; the former is valid until ${until}:`);
  env.print(secret);
}

async function revoke(id: string, env: Environment): Promise<void> {
  if (!(await isRegistered(id, env)) && (await listCredentials(env.database, id)).length === 0) {
    throw new CommandError(`${id} is not known`);
  }
  const revoked = await revokeCredentials(env.database, id, env.now);
  env.note(`${id}: ${revoked} credential(s) revoked. A running server cuts it off within 2 s.`);
}

async function list(id: string | undefined, asJson: boolean, env: Environment): Promise<void> {
  const credentials = await listCredentials(env.database, id);
  if (asJson) return env.print(JSON.stringify(credentials, null, 2));
  if (credentials.length === 0) return env.note('No credential has been issued.');
  env.print('device\tcredential\tissued\tstate');
  for (const each of credentials) {
    const issued = new Date(each.createdAt).toISOString();
    env.print([each.device, each.id, issued, describeState(each, env.now)].join('\t'));
  }
}

async function importFile(file: string, out: string | undefined, env: Environment): Promise<void> {
  const devices = parseDeviceCsv(env.readText(file), env.city);
  const valid = await namesWithValidCredential(env);
  const without = devices.filter(({ id }) => !valid.has(id)).map(({ id }) => id);
  const writeOut = out === undefined ? undefined : env.createSecretFile(out);
  await writeDevices(env.database, env.city, devices, env.now);
  const secrets = await issueCredentials(env.database, without, env.now);
  const lines = ['device,secret', ...[...secrets].map(([device, secret]) => `${device},${secret}`)];
  if (writeOut) writeOut(`${lines.join('\n')}\n`);
  else for (const line of lines) env.print(line);
  env.note(
    `${devices.length} device(s) registered, ${secrets.size} credential(s) issued${out ? ` to ${out}` : ''}.`,
  );
}

function describeState({ expiresAt, revokedAt }: CredentialSummary, now: number): string {
  if (revokedAt !== null) return `revoked ${new Date(revokedAt).toISOString()}`;
  if (expiresAt === null) return 'valid';
  return `${expiresAt > now ? 'valid until' : 'expired'} ${new Date(expiresAt).toISOString()}`;
}

async function namesWithValidCredential({ database, now }: Environment): Promise<Set<string>> {
  const all = await listCredentials(database);
  const valid = all.filter(
    ({ expiresAt, revokedAt }) => revokedAt === null && (expiresAt === null || expiresAt > now),
  );
  return new Set(valid.map(({ device }) => device));
}

async function hasValidCredential(id: string, env: Environment): Promise<boolean> {
  return (await namesWithValidCredential(env)).has(id);
}

async function isRegistered(id: string, { database, city }: Environment): Promise<boolean> {
  if (publishersOf(city).some((device) => device.id === id)) return true;
  const row = await database.selectFrom('devices').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}
