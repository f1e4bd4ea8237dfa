/**
 * `npm run tokens`: API tokens from the machine itself, for when the last admin token is lost.
 *
 * Writes the same state database as a running Siaga, which takes notice within ten seconds. Invariant: who
 * can read and write the data folder is an admin already, so nothing is asked; the audit says `command line`.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadCity } from '../cities/city.ts';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { ConfigError, parseConfig } from '../config/config.ts';
import { DataFolderError } from '../database/data-folder-access.ts';
import { PRIVATE_UMASK } from '../database/data-folder-modes.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { openRegistry } from '../fleet/registry.ts';
import { ROLES, type Role } from './access/access.ts';
import { Problem, usageProblem } from './border/problem.ts';
import { formatTime } from './border/time.ts';
import {
  createToken,
  DEFAULT_LIFE_DAYS,
  listTokens,
  MAX_LIFE_DAYS,
  revokeToken,
} from './tokens/token-store.ts';

const USAGE = `Usage:
  npm run tokens -- list
  npm run tokens -- make NAME ROLE [DAYS]
      roles: ${ROLES.join(', ')}; prints the secret once
      ends after DAYS: ${DEFAULT_LIFE_DAYS} where absent, at most ${MAX_LIFE_DAYS}
  npm run tokens -- revoke ID
The environment says which database: SIAGA_DATA_DIR or DATABASE_URL.
`;

/** Runs one command. Returns what to print; throws Problem for what the caller can mend. */
export async function runTokensCommand(
  database: Database,
  words: readonly string[],
  nowMs: number,
  readDeviceIds: () => Promise<readonly string[]>,
): Promise<string> {
  const [command, first = '', second, third = String(DEFAULT_LIFE_DAYS)] = words;
  switch (command) {
    case 'list': {
      const rows = (await listTokens(database)).map(
        ({ id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt }) => {
          const used = lastUsedAt === null ? 'never used' : `used ${formatTime(lastUsedAt)}`;
          const end = `${expiresAt > nowMs ? 'ends' : 'ended'} ${formatTime(expiresAt)}`;
          const state = revokedAt === null ? `${end}\t${used}` : `revoked ${formatTime(revokedAt)}`;
          return `${id}\t${role}\t${name}\tmade ${formatTime(createdAt)}\t${state}\n`;
        },
      );
      return rows.join('') || 'No tokens yet.\n';
    }
    case 'make': {
      const role = ROLES.find((each): each is Role => each === second);
      const lifeDays = /^\d{1,3}$/.test(third) ? Number(third) : 0;
      if (!first) throw usageProblem('make: NAME is missing', USAGE);
      if (!role)
        throw usageProblem(`make: ROLE ${second ?? 'is missing'}: one of ${ROLES.join(', ')}`, USAGE);
      if (lifeDays < 1 || lifeDays > MAX_LIFE_DAYS) {
        throw usageProblem(`make: DAYS ${third}: a whole number from 1 to ${MAX_LIFE_DAYS}`, USAGE);
      }
      const wanted = {
        name: first,
        role,
        lifeDays,
        createdBy: 'command line',
        deviceIds: await readDeviceIds(),
      };
      const made = await createToken(database, wanted, nowMs);
      const end = `It ends at ${formatTime(made.expiresAt)}, and is shown this once.`;
      return `${made.token}\nToken ${made.id}, ${made.name}, ${made.role}. ${end}\n`;
    }
    case 'revoke': {
      if (!/^\d{1,15}$/.test(first)) throw usageProblem('revoke: ID is a number; list shows them', USAGE);
      const { name } = await revokeToken(database, Number(first), { nowMs, actor: 'command line' });
      return `Revoked ${name}; a running Siaga refuses it within ten seconds.\n`;
    }
    default:
      throw usageProblem(`${command ?? 'no command'}: list, make or revoke`, USAGE);
  }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
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
    process.stdout.write(await runTokensCommand(database, positionals, Date.now(), readDeviceIds));
  } finally {
    await database.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  allowClosedPipe();
  await main().catch((error: unknown) => {
    const isUsage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
    if (
      !(
        isUsage ||
        error instanceof Problem ||
        error instanceof ConfigError ||
        error instanceof DataFolderError
      )
    )
      throw error;
    process.stderr.write(isUsage ? USAGE : `${(error as Error).message}\n`);
    process.exitCode = 1;
  });
}
