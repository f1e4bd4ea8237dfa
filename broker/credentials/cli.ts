/**
 * `npm run devices -- add | list | rotate | revoke | import`: the process around the credentials.
 *
 * Works on the state database, beside a running server, which notices within two seconds. Invariants: a secret
 * is written once, to standard output or to the file asked for, and nowhere else; a wrong word is answered
 * with exit code 2, a failure with one clear line and exit code 1.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { loadCity } from '../../cities/city.ts';
import { readCityState } from '../../cities/city-state.ts';
import { allowClosedPipe } from '../../config/closed-pipe.ts';
import { parseConfig } from '../../config/config.ts';
import { nameUser } from '../../database/data-folder-access.ts';
import { PRIVATE_UMASK } from '../../database/data-folder-modes.ts';
import { openDatabase } from '../../database/database.ts';
import { CommandError, type Environment } from './command-environment.ts';
import { runCommand } from './device-commands.ts';
import { DeviceListError } from './device-list.ts';
import { HELP, parseCommand } from './parse-command.ts';

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.includes('--help') || words[0] === 'help') {
    console.log(HELP);
    return 0;
  }
  process.umask(PRIVATE_UMASK);
  const command = parseCommand(words);
  const config = parseConfig(process.env);
  const database = await openDatabase(config);
  const environment: Environment = {
    database,
    city: (await readCityState(database, loadCity(config.SIAGA_CITY, config))).changed,
    actor: `command line, ${nameUser()}`,
    now: Date.now(),
    print: (line) => console.log(line),
    note: (line) => console.error(line),
    readText: (file) => readFileSync(file, 'utf8'),
    // Never over an existing file, and for nobody else's eyes.
    createSecretFile: (file) => {
      const descriptor = openSync(file, 'wx', 0o600);
      return (text) => {
        writeSync(descriptor, text);
        closeSync(descriptor);
      };
    },
  };
  try {
    await runCommand(command, environment);
    return 0;
  } finally {
    await database.destroy();
  }
}

allowClosedPipe();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongWords = error instanceof CommandError;
  const { message } = error as Error;
  console.error(wrongWords ? `${message}\nnpm run devices -- --help explains.` : message);
  process.exitCode = wrongWords || error instanceof DeviceListError ? 2 : 1;
}
