/**
 * `npm run city -- new | check | export`: a city's folder, begun, checked and handed on.
 *
 * Works on files only, beside a running server, which reads them at its next start. Invariants: nothing is
 * overwritten; a wrong word is answered with exit code 2; a failure and a city with problems with exit code 1.
 */
import { parseArgs } from 'node:util';
import { parseConfig } from '../config/config.ts';
import { type CityEnvironment, CommandError, HELP, runCityCommand } from './city-commands.ts';

function main(words: readonly string[]): number {
  if (words.length === 0 || words.includes('--help') || words[0] === 'help') {
    console.log(HELP);
    return 0;
  }
  // The city that the environment names may be the one that is to be made.
  const config = parseConfig({ ...process.env, SIAGA_CITY: undefined });
  const environment: CityEnvironment = { places: config, print: (line) => console.log(line) };
  const { values, positionals } = parseWords(words);
  return runCityCommand(positionals, values, environment);
}

function parseWords(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      // A south latitude is a value: --lat -3.3 would be taken for an option.
      args: joinNegativeNumbers(words),
      allowPositionals: true,
      options: { name: text, lat: text, lng: text, 'time-zone': text },
    });
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

function joinNegativeNumbers(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (/^-\d/.test(word) && (before === '--lat' || before === '--lng'))
      joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const wrongWords = error instanceof CommandError;
  const { message } = error as Error;
  console.error(wrongWords ? `${message}\nnpm run city -- --help explains.` : message);
  process.exitCode = wrongWords ? 2 : 1;
}
