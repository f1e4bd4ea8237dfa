/**
 * What `npm run city` does to a city that runs, apart from the process around it (cli.ts): `set`, `remove`, `import`,
 * `changes`, `undo`.
 *
 * Works on the state database beside a running server, which notices within two seconds. Invariant: what is written is
 * judged like a change by the API, and has its line of audit with the name of the account.
 */
import type { Database } from '../database/database.ts';
import { changeCity, type WrittenChange } from './change-city.ts';
import { listChanges, undoChanges } from './changes.ts';
import { CommandError } from './city-commands.ts';
import { currentEntry, readCityState } from './city-state.ts';
import type { City } from './entries.ts';
import { formatBadRow, ImportRefusedError, importEntries } from './import-city.ts';
import { readImportFile } from './import-file.ts';
import { ENTRY_LISTS, type EntryList } from './overlay.ts';

export interface StateEnvironment {
  readonly database: Database;
  readonly folder: City;
  readonly actor: string;
  readonly now: number;
  readonly print: (line: string) => void;
  readonly readText: (file: string) => string;
}

export interface StateFlags {
  readonly list?: string | undefined;
  readonly kind?: string | undefined;
  readonly 'keep-good'?: boolean | undefined;
}

export const STATE_COMMANDS = ['set', 'remove', 'import', 'changes', 'undo'] as const;

/** The newest; the page /city goes further back. */
const LISTED_CHANGES = 100;

/** Returns the exit code. Throws CommandError for wrong words, EditsRefusedError where the city would not be sound. */
export async function runStateCommand(
  words: readonly string[],
  flags: StateFlags,
  environment: StateEnvironment,
): Promise<number> {
  const [command, first = '', second = '', ...rest] = words;
  switch (command) {
    case 'set':
      if (second === '' || rest.length === 0) throw new CommandError('set LIST ID FIELD=VALUE …');
      return set(toList(first), second, rest, environment);
    case 'remove':
      if (second === '' || rest.length > 0) throw new CommandError('remove LIST ID');
      return remove(toList(first), second, environment);
    case 'import':
      if (first === '' || second !== '') throw new CommandError('import FILE');
      return importFile(first, flags, environment);
    case 'changes':
      return showChanges(first === '' ? undefined : toList(first), second || undefined, environment);
    case 'undo':
      return undo(first, second, environment);
    default:
      throw new CommandError(`${command}: no such command`);
  }
}

/** `places` are what people call the kecamatan. */
function toList(word: string): EntryList {
  const list = ENTRY_LISTS.find((each) => each === (word === 'places' ? 'kecamatan' : word));
  if (!list) throw new CommandError(`no list ${word}; there are ${ENTRY_LISTS.join(', ')}, places`);
  // The rules themselves judge their parameters, and they are in the server.
  if (list === 'alertRules') throw new CommandError('parameters of rules are changed by /v1/alert-rules');
  return list;
}

async function set(
  list: EntryList,
  id: string,
  assignments: readonly string[],
  environment: StateEnvironment,
): Promise<number> {
  const written = await changeCity({
    ...requestOf(environment),
    makeEdits: async (state) => {
      const before = currentEntry(state, list, id);
      if (!before) throw new CommandError(`${list} has no ${id}; import adds one`);
      const entry = structuredClone(before) as Record<string, unknown>;
      for (const assignment of assignments) assign(entry, assignment);
      return [{ list, id, entry }];
    },
  });
  const [change] = written;
  environment.print(
    change ? `${list}.${id} is changed (change ${change.id}).` : `${list}.${id} stood so already.`,
  );
  return 0;
}

/** `name=Baru`, `thresholds.0.levelM=1.4`; null takes a field away. */
function assign(entry: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf('=');
  if (at < 1) throw new CommandError(`${assignment}: FIELD=VALUE`);
  const path = assignment.slice(0, at).split('.');
  const last = path.pop() as string;
  let target = entry;
  for (const name of path) {
    const inner = Object.hasOwn(target, name) ? target[name] : undefined;
    if (typeof inner !== 'object' || inner === null)
      throw new CommandError(`${assignment}: no field ${name}`);
    target = inner as Record<string, unknown>;
  }
  const value = parseValue(assignment.slice(at + 1), target[last]);
  if (value === null) delete target[last];
  else target[last] = value;
}

/** A number may have a decimal comma where a number stands. */
function parseValue(text: string, before: unknown): unknown {
  if (typeof before === 'number' && /^-?\d+,\d+$/.test(text)) return Number(text.replace(',', '.'));
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function remove(list: EntryList, id: string, environment: StateEnvironment): Promise<number> {
  const [change] = await changeCity({
    ...requestOf(environment),
    makeEdits: async (state) => {
      if (!currentEntry(state, list, id)) throw new CommandError(`${list} has no ${id}`);
      return [{ list, id, entry: null }];
    },
  });
  environment.print(`${list}.${id} is removed (change ${change?.id}); what it measured stays.`);
  return 0;
}

async function importFile(file: string, flags: StateFlags, environment: StateEnvironment): Promise<number> {
  const { database, folder, print } = environment;
  const { now } = await readCityState(database, folder);
  const options = { list: toList(flags.list ?? 'devices'), kind: flags.kind };
  const rows = readImportFile(environment.readText(file), now, options);
  try {
    const { written, bad } = await importEntries(requestOf(environment), rows, flags['keep-good'] ?? false);
    for (const row of bad) print(formatBadRow(row));
    const same = rows.length - bad.length - written.length;
    print(`${written.length} of ${rows.length} row(s) written, ${same} stood so already, ${bad.length} bad.`);
    if (written.length > 0) print(`npm run city -- undo ${spanOf(written)} takes it back.`);
    return bad.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ImportRefusedError)) throw error;
    for (const row of error.bad) print(formatBadRow(row));
    print(
      `${error.bad.length} of ${rows.length} row(s) are bad: nothing was written; --keep-good writes the others.`,
    );
    return 1;
  }
}

/** The newest first; the last hundred. */
async function showChanges(
  list: EntryList | undefined,
  entry: string | undefined,
  { database, folder, print }: StateEnvironment,
): Promise<number> {
  const changes = await listChanges(database, { city: folder.id, limit: LISTED_CHANGES, list, entry });
  if (changes.length === 0) print('Nothing was changed.');
  if (changes.length === LISTED_CHANGES) print(`The last ${LISTED_CHANGES}:`);
  for (const { id, at, actor, undoes, before, after, ...change } of changes) {
    const back = undoes === null ? '' : `, takes back ${undoes}`;
    print(`${id}\t${new Date(at).toISOString()}\t${actor}\t${change.list}.${change.entry}${back}`);
    print(`\t${JSON.stringify(before)}\n\t→ ${JSON.stringify(after)}`);
  }
  return 0;
}

/** `12`, or `12-40` for all of an import. */
async function undo(which: string, more: string, environment: StateEnvironment): Promise<number> {
  const [, first, last] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(which) ?? [];
  if (first === undefined || more !== '') throw new CommandError('undo NUMBER, or undo FIRST-LAST');
  const written = await undoChanges(Number(first), Number(last ?? first), requestOf(environment));
  if (!written) throw new CommandError(`there is no change ${which}`);
  const [change] = written;
  const back = last === undefined ? `change ${which} is` : `changes ${which} are`;
  environment.print(change ? `${back} taken back (change ${spanOf(written)}).` : 'It stood so already.');
  return 0;
}

/** `12`, or `12-40`: what undo takes. Changes of one transaction have numbers without a gap. */
function spanOf(written: readonly WrittenChange[]): string {
  const ids = written.map(({ id }) => id);
  const [first, last] = [ids.reduce((a, b) => Math.min(a, b)), ids.reduce((a, b) => Math.max(a, b))];
  return first === last ? `${first}` : `${first}-${last}`;
}

function requestOf({ database, folder, actor, now }: StateEnvironment) {
  return { database, folder, actor, at: now };
}
