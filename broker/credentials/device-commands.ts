/**
 * The commands of `npm run devices`, apart from the process that runs them; parse-command.ts makes them of words.
 *
 * Invariant: no command shows a secret that existed before it ran; there is none to show.
 */
import { readRemoved } from '../../cities/city-state.ts';
import { publishersOf } from '../../cities/publishers.ts';
import { GATEWAY_PREFIX, isId } from '../../devices/topics.ts';
import { OBSERVER_PREFIX } from '../clients/access.ts';
import { CommandError, type Environment } from './command-environment.ts';
import { config } from './config-command.ts';
import {
  type CredentialSummary,
  issueCredentials,
  listCredentials,
  revokeCredentials,
  rotateCredential,
} from './credentials.ts';
import { parseDeviceCsv } from './device-file.ts';
import { DeviceListError, findProblems, toDevice, writeDevices } from './device-list.ts';
import type { SiteWords } from './device-site.ts';
import {
  addGateway,
  type CommandOptions,
  claim,
  listWaiting,
  tryFormat,
  writeSpokenFormat,
} from './format-commands.ts';
import type { Command } from './parse-command.ts';

const DEFAULT_OVERLAP_H = 24;
const MS_PER_H = 3_600_000;

export async function runCommand(command: Command, env: Environment): Promise<void> {
  const { name, subject = '', second = '', options } = command;
  switch (name) {
    case 'set':
      return set(subject, options, env);
    case 'waiting':
      return listWaiting(env);
    case 'claim':
      return claim(subject, second, await isRegistered(second, env), env);
    case 'config':
      return config(subject, command.words, env);
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
  const { database, city, now, actor } = env;
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
    await writeDevices(database, city, [device], now, actor);
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
  const listed = parseDeviceCsv(env.readText(file), env);
  const devices = listed.map(({ device }) => device);
  const valid = await namesWithValidCredential(env);
  const without = devices.filter(({ id }) => !valid.has(id)).map(({ id }) => id);
  const writeOut = out === undefined ? undefined : env.createSecretFile(out);
  await writeDevices(env.database, env.city, devices, env.now, env.actor);
  await env.database.transaction().execute(async (database) => {
    for (const { device, spoken } of listed) await writeSpokenFormat(device.id, spoken, { ...env, database });
  });
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
  return row !== undefined && !(await readRemoved(database, city.id)).has(id);
}
