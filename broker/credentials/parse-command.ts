/**
 * The words of `npm run devices`: which commands there are, and what may stand behind each.
 *
 * Invariant: words that mean nothing are refused before anything is read or written.
 */
import { parseArgs } from 'node:util';
import { CommandError } from './command-environment.ts';
import type { CommandOptions } from './format-commands.ts';

export const HELP = `npm run devices -- <command>

  add <id> [--kind KIND] [--name NAME] [--lat LAT --lng LNG] [--format FORMAT] [--alias ALIAS]… [--simulated]
        Registers a device and issues its credential. For a device of the city's folder the id alone is
        enough. --format is what it speaks (default: our own), --alias a name it goes by in that: a DevEUI, a
        tracker's id, a MAC; it may repeat. An ambulance may have --vehicle motorcycle|transport, --base ID and
        --call-sign WORD; a hospital --class A|B|C|D and --beds EMERGENCY,INTENSIVE,WARD. With --simulated
        whatever it says is simulated, in any format: it shows, and its alerts are exercises.
        "add observer:NAME" issues one that may read everything of the city and publish nothing,
        "add gateway:NAME --format FORMAT" one that sends for the devices assigned to it.
  set <id> [--format FORMAT] [--alias ALIAS]… [--gateway NAME] [--columns COLUMNS] [--mapping FILE]
      [--identity TAGS] [--fields FIELDS] [--precision ns|us|ms|s|m|h] [--simulated | --no-simulated]
        Changes what a device speaks, or whether it is simulated. COLUMNS of the format "value": levelM:cm,batteryV. FILE of the format
        "mapped": a JSONata expression that gives quantities; of "chirpstack" and "the-things-stack" one that reads the
        bytes of a node without a codec. Of the format "line-protocol": TAGS that name the
        device, the surest first (device,host; _measurement is the line's own), FIELDS gauge.stage=levelM:cm, and
        the precision of times over MQTT. Of a gateway say the --format again.
  waiting
        Names in messages of gateways that are no device's, each with its last message.
  claim <alias> <id>
        Gives such a name to a device; what waited under it is replayed.
  try-format <format> <file> [--topic TOPIC] [--kind KIND] [--columns COLUMNS] [--mapping FILE] …
        Shows what would be read of a message, by the options of its format.
  config <id> [KEY=VALUE]…
        What the device shall go by: reportIntervalS=300, and of a river gauge sirenLevelM=2.5 sirenClearLevelM=2.3. It
        goes down until the device says that it has it. Without a pair: what it was told, and whether it has it.
  list [<id>] [--json]
        Who has a credential, since when, until when. Secrets are not kept and cannot be listed.
  rotate <id> [--overlap-h HOURS]
        Issues a second credential; the first stays valid for HOURS more (24).
  revoke <id>
        Voids every credential of <id>, and its certificate; a running server cuts it off within 2 s.
  import <file.csv> [--out secrets.csv]
        Registers the devices of a CSV file with the columns id, kind, name, lat, lng, format, alias (several with
        a space between), gateway, columns and simulated (true or false), of which id and kind must be there, and
        issues a credential to each that has none. Writes device,secret to --out (which must not exist) or to standard output.

A secret is shown once, when it is issued. A device connects with its id as MQTT user name and client id and
the secret as password. Environment: SIAGA_CITY, SIAGA_CITIES_DIR, SIAGA_DATA_DIR, DATABASE_URL, as for the server.`;

/** What formats take; format-commands.ts checks it. */
const FORMAT_OPTIONS = {
  columns: { type: 'string' },
  mapping: { type: 'string' },
  identity: { type: 'string' },
  fields: { type: 'string' },
  precision: { type: 'string' },
} as const;
const SPOKEN = {
  format: { type: 'string' },
  alias: { type: 'string', multiple: true },
  gateway: { type: 'string' },
  simulated: { type: 'boolean' },
  ...FORMAT_OPTIONS,
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
  config: {},
  'try-format': {
    topic: { type: 'string' },
    kind: { type: 'string' },
    ...FORMAT_OPTIONS,
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

/** Commands behind whose subjects any number of words may stand. */
const WITH_WORDS: ReadonlySet<CommandName> = new Set(['config']);

export interface Command {
  readonly name: CommandName;
  readonly subject: string | undefined;
  readonly second: string | undefined;
  /** What stands behind the subject of a command that takes any number of words. */
  readonly words: readonly string[];
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
      // What was said by mistake is taken back; at first there is nothing to take back.
      allowNegative: command === 'set',
    });
    const needed = SUBJECTS[command] ?? ['an id'];
    const most = WITH_WORDS.has(command) ? rest.length : Math.max(1, needed.length);
    if (positionals.length > most) throw new CommandError(`${positionals[most]}: one at a time`);
    if (positionals.length < needed.length) {
      throw new CommandError(`${command}: needs ${needed.join(' and ')}`);
    }
    const [subject, second] = positionals;
    const words = WITH_WORDS.has(command) ? positionals.slice(1) : [];
    return { name: command, subject, second, words, options: values as CommandOptions };
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
