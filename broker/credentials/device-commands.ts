/**
 * The commands of `npm run devices`, apart from the process that runs them.
 *
 * Invariant: no command shows a secret that existed before it ran; there is none to show.
 */
import { parseArgs } from 'node:util';
import { publishersOf } from '../../cities/publishers.ts';
import { GATEWAY_PREFIX, isId } from '../../devices/topics.ts';
import { OBSERVER_PREFIX } from '../access.ts';
import { CommandError, type Environment } from './command-environment.ts';
import {
  type CredentialSummary,
  issueCredentials,
  listCredentials,
  revokeCredentials,
  rotateCredential,
} from './credentials.ts';
import { DeviceListError, findProblems, parseDeviceCsv, toDevice, writeDevices } from './device-list.ts';
import type { SiteWords } from './device-site.ts';
import {
  addGateway,
  type CommandOptions,
  claim,
  listWaiting,
  tryFormat,
  writeSpokenFormat,
} from './format-commands.ts';

export const HELP = `npm run devices -- <command>

  add <id> [--kind KIND] [--name NAME] [--lat LAT --lng LNG] [--format FORMAT] [--alias ALIAS]…
        Registers a device and issues its credential. For a device of the city's folder the id alone is
        enough. --format is what it speaks (default: our own), --alias a name it goes by in that: a DevEUI, a
        tracker's id, a MAC; it may repeat. An ambulance may have --vehicle motorcycle|transport, --base ID and
        --call-sign WORD; a hospital --class A|B|C|D and --beds EMERGENCY,INTENSIVE,WARD.
        "add observer:NAME" issues one that may read everything of the city and publish nothing,
        "add gateway:NAME --format FORMAT" one that sends for the devices assigned to it.
  set <id> [--format FORMAT] [--alias ALIAS]… [--gateway NAME] [--columns COLUMNS] [--mapping FILE]
        Changes what a device speaks. COLUMNS of the format "value": levelM:cm,batteryV. FILE of the format
        "mapped": a JSONata expression that gives quantities.
  waiting
        Names in messages of gateways that are no device's, each with its last message.
  claim <alias> <id>
        Gives such a name to a device; what waited under it is replayed.
  try-format <format> <file> [--topic TOPIC] [--kind KIND] [--columns COLUMNS] [--mapping FILE]
        Shows what would be read of a message.
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

const DEFAULT_OVERLAP_H = 24;
const MS_PER_H = 3_600_000;

const SPOKEN = {
  format: { type: 'string' },
  alias: { type: 'string', multiple: true },
  gateway: { type: 'string' },
  columns: { type: 'string' },
  mapping: { type: 'string' },
} as const;
const OPTIONS = {
  add: {
    kind: { type: 'string' },
    name: { type: 'string' },
    lat: { type: 'string' },
    lng: { type: 'string' },
    vehicle: { type: 'string' },
    base: { type: 'string' },
    'call-sign': { type: 'string' },
    class: { type: 'string' },
    beds: { type: 'string' },
    ...SPOKEN,
  },
  set: SPOKEN,
  waiting: {},
  claim: {},
  'try-format': {
    topic: { type: 'string' },
    kind: { type: 'string' },
    columns: { type: 'string' },
    mapping: { type: 'string' },
  },
  list: { json: { type: 'boolean' } },
  rotate: { 'overlap-h': { type: 'string' } },
  revoke: {},
  import: { out: { type: 'string' } },
} as const;
type CommandName = keyof typeof OPTIONS;

/** Words behind a command that are no options; one where nothing else is said. */
const SUBJECTS: Partial<Record<CommandName, readonly string[]>> = {
  list: [],
  waiting: [],
  import: ['a file'],
  claim: ['an alias', 'an id'],
  'try-format': ['a format', 'a file'],
};

export interface Command {
  readonly name: CommandName;
  readonly subject: string | undefined;
  readonly second: string | undefined;
  readonly options: CommandOptions;
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
    const needed = SUBJECTS[command] ?? ['an id'];
    const most = Math.max(1, needed.length);
    if (positionals.length > most) throw new CommandError(`${positionals[most]}: one at a time`);
    if (positionals.length < needed.length) {
      throw new CommandError(`${command}: needs ${needed.join(' and ')}`);
    }
    const [subject, second] = positionals;
    return { name: command, subject, second, options: values as CommandOptions };
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

export async function runCommand(command: Command, env: Environment): Promise<void> {
  const { name, subject = '', second = '', options } = command;
  switch (name) {
    case 'set':
      return set(subject, options, env);
    case 'waiting':
      return listWaiting(env);
    case 'claim':
      return claim(subject, second, await isRegistered(second, env), env);
    case 'try-format':
      return tryFormat(subject, second, options, env);
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

async function add(id: string, options: CommandOptions, env: Environment): Promise<void> {
  const { database, city, now } = env;
  if (await hasValidCredential(id, env)) {
    throw new CommandError(`${id} has a credential already; use rotate, or revoke it first`);
  }
  const known = await isRegistered(id, env);
  if (id.startsWith(GATEWAY_PREFIX)) await addGateway(id, options, env);
  else if (id.startsWith(OBSERVER_PREFIX)) {
    if (!isId(id.slice(OBSERVER_PREFIX.length))) throw new CommandError(`${id}: ${OBSERVER_PREFIX}<name>`);
  } else if (!known || options['kind'] !== undefined) {
    const word = (name: string) => String(options[name] ?? '');
    if (options['kind'] === undefined) throw new CommandError(`${id} is not registered yet; say its --kind`);
    const device = toDevice(
      { id, kind: word('kind'), name: word('name'), lat: word('lat'), lng: word('lng') },
      siteWords(options),
      city,
    );
    const problems = [...findProblems(device, city)];
    if (problems.length > 0) throw new DeviceListError(problems);
    await writeDevices(database, city, [device], now);
  }
  if (isId(id)) await writeSpokenFormat(id, options, env);
  const secret = (await issueCredentials(database, [id], now)).get(id) as string;
  env.note(`The secret of ${id}, shown this once:`);
  env.print(secret);
}

function siteWords(options: CommandOptions): Partial<SiteWords> {
  const given = {
    ...{ vehicle: options['vehicle'], base: options['base'], callSign: options['call-sign'] },
    ...{ class: options['class'], beds: options['beds'] },
  };
  return Object.fromEntries(Object.entries(given).filter(([, word]) => word !== undefined));
}

async function set(id: string, options: CommandOptions, env: Environment): Promise<void> {
  if (id.startsWith(GATEWAY_PREFIX)) return addGateway(id, options, env);
  if (!(await isRegistered(id, env))) throw new CommandError(`${id} is not registered; use add`);
  await writeSpokenFormat(id, options, env);
  env.note(`${id} is changed. A running server notices within 2 s.`);
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
