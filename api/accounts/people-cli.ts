/**
 * `npm run people`: people invited, listed and removed from the machine itself, for when no administrator can.
 *
 * Writes the same state database as a running Siaga, which takes notice within ten seconds, and whose live
 * streams end with the next heartbeat. Invariant: who can read and
 * write the data folder is an administrator already, so nothing is asked; the audit says `command line`.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadCity } from '../../cities/city.ts';
import { allowClosedPipe } from '../../config/closed-pipe.ts';
import { type Config, ConfigError, parseConfig } from '../../config/config.ts';
import { DataFolderError } from '../../database/data-folder-access.ts';
import { PRIVATE_UMASK } from '../../database/data-folder-modes.ts';
import { type Database, openDatabase } from '../../database/database.ts';
import { openRegistry } from '../../fleet/registry.ts';
import { STAFF_ROLES } from '../access/access.ts';
import { Problem, usageProblem } from '../border/problem.ts';
import { formatTime } from '../border/time.ts';
import { formatLink, printLink } from './link-picture.ts';
import {
  DEFAULT_LINK_HOURS,
  type Doing,
  type Invited,
  invitePerson,
  listPeople,
  MAX_LINK_HOURS,
  makeLink,
  removePerson,
} from './people-store.ts';
import { readOpenSessions } from './session-store.ts';

const USAGE = `Usage:
  npm run people -- list
  npm run people -- invite NAME --role ROLE [--hours HOURS]
      roles: ${STAFF_ROLES.join(', ')}
      prints a link and its QR code; the link signs one browser in, once,
      within HOURS: ${DEFAULT_LINK_HOURS} where absent, at most ${MAX_LINK_HOURS}
  npm run people -- link NAME [--hours HOURS]
      a new link for somebody who is known; the one that was open is withdrawn
  npm run people -- remove NAME
The environment says which database: SIAGA_DATA_DIR or DATABASE_URL; and PUBLIC_URL, with which the link begins.
`;

export interface PeopleCommand {
  readonly words: readonly string[];
  readonly role: string | undefined;
  readonly hours: string | undefined;
  /** What a link begins with. */
  readonly base: string;
}

/** Runs one command. Returns what to print; throws Problem for what the caller can mend. */
export async function runPeopleCommand(
  database: Database,
  { words, role, hours = String(DEFAULT_LINK_HOURS), base }: PeopleCommand,
  nowMs: number,
  readDeviceIds: () => Promise<readonly string[]>,
): Promise<string> {
  const [command, name = ''] = words;
  const doing: Doing = { actor: 'command line', nowMs };
  const linkHours = /^\d{1,3}$/.test(hours) ? Number(hours) : 0;
  if (linkHours < 1 || linkHours > MAX_LINK_HOURS) {
    throw usageProblem(`--hours ${hours}: a whole number from 1 to ${MAX_LINK_HOURS}`, USAGE);
  }
  switch (command) {
    case 'list':
      return describePeople(database, nowMs);
    case 'invite': {
      const wantedRole = STAFF_ROLES.find((each) => each === role);
      if (!name) throw usageProblem('invite: whom? NAME is missing', USAGE);
      if (!wantedRole)
        throw usageProblem(`--role ${role ?? 'is missing'}: one of ${STAFF_ROLES.join(', ')}`, USAGE);
      const wanted = { name, role: wantedRole, linkHours, deviceIds: await readDeviceIds() };
      return describeLink(await invitePerson(database, wanted, doing), base);
    }
    case 'link':
      return describeLink(
        await makeLink(database, await findId(database, name, nowMs), linkHours, doing),
        base,
      );
    case 'remove': {
      const removed = await removePerson(database, await findId(database, name, nowMs), doing);
      return `Removed ${removed.name}; a running Siaga ends the sessions within half a minute.\n`;
    }
    default:
      throw usageProblem(`${command ?? 'no command'}: list, invite, link or remove`, USAGE);
  }
}

async function describePeople(database: Database, nowMs: number): Promise<string> {
  const people = await listPeople(database, nowMs);
  const sessions = await readOpenSessions(database);
  const lines = people.map(({ id, name, role, createdAt, invitedUntil }) => {
    const open = sessions.filter(({ owner }) => 'person' in owner && owner.person === id).length;
    const link = invitedUntil === null ? '' : `\tlink open until ${formatTime(invitedUntil)}`;
    return `${name}\t${role}\tinvited ${formatTime(createdAt)}\t${open} sessions${link}\n`;
  });
  return lines.join('') || 'No people yet.\n';
}

function describeLink({ name, role, invitedUntil, secret }: Invited, base: string): string {
  const link = formatLink(base, secret);
  return (
    `${link}\n\n${printLink(link)}\n` +
    `For ${name}, ${role}: it signs one browser in, once, until ${formatTime(invitedUntil)}, and is shown this once.\n`
  );
}

async function findId(database: Database, name: string, nowMs: number): Promise<number> {
  const person = (await listPeople(database, nowMs)).find((each) => each.name === name);
  if (person) return person.id;
  throw new Problem(
    404,
    'unknown-person',
    `There is no person named ${JSON.stringify(name)}; \`list\` shows them.`,
  );
}

function baseOf(config: Config): string {
  const host = config.HTTP_HOST.includes(':') ? `[${config.HTTP_HOST}]` : config.HTTP_HOST;
  return (config.PUBLIC_URL ?? `http://${host}:${config.HTTP_PORT}`).replace(/\/+$/, '');
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      role: { type: 'string' },
      hours: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  process.umask(PRIVATE_UMASK);
  const config = parseConfig(process.env);
  const database = await openDatabase(config);
  const readDeviceIds = async () =>
    (await openRegistry(loadCity(config.SIAGA_CITY, config), database)).all().map(({ id }) => id);
  try {
    const { role, hours } = values;
    const command = { words: positionals, role, hours, base: baseOf(config) };
    process.stdout.write(await runPeopleCommand(database, command, Date.now(), readDeviceIds));
  } finally {
    await database.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  allowClosedPipe();
  await main().catch((error: unknown) => {
    const isUsage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
    const isForCaller =
      isUsage || error instanceof Problem || error instanceof ConfigError || error instanceof DataFolderError;
    if (!isForCaller) throw error;
    process.stderr.write(isUsage ? USAGE : `${(error as Error).message}\n`);
    process.exitCode = 1;
  });
}
