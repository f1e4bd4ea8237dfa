/**
 * The CSV file of `npm run devices -- import`: which devices, what each of them speaks, and whether it is simulated.
 *
 * Read and checked as a whole, before anything is written. Invariant: every problem of the file is reported at once,
 * with its line.
 */
import type { City } from '../../cities/city.ts';
import { entryColumn, readTable, type Table, TableError } from '../../tables/table.ts';
import { CommandError, type Environment } from './command-environment.ts';
import { DeviceListError, findProblems, type NewDevice, toDevice } from './device-list.ts';
import { type CommandOptions, readSpokenFormat } from './format-commands.ts';

/** One line of the file. */
export interface ListedDevice {
  readonly device: NewDevice;
  /** What its other columns say, as the options of `add` would; what is empty is not said. */
  readonly spoken: CommandOptions;
}

const COLUMNS: readonly string[] = [
  ...['id', 'kind', 'name', 'lat', 'lng'],
  ...['format', 'alias', 'gateway', 'columns', 'simulated'],
];
const REQUIRED_COLUMNS = ['id', 'kind'] as const;
const YES_OR_NO: ReadonlyMap<string, boolean> = new Map([
  ...(['true', 'yes', '1'] as const).map((word) => [word, true] as const),
  ...(['false', 'no', '0'] as const).map((word) => [word, false] as const),
]);

/** Parses a table with a header. Throws DeviceListError. */
export function parseDeviceCsv(text: string, { city, readText }: Pick<Environment, 'city' | 'readText'>) {
  const { header, rows } = readDeviceTable(text);
  const problems = header.filter((name) => !COLUMNS.includes(name)).map((name) => `no column ${name}`);
  if (problems.length > 0) {
    throw new DeviceListError([...problems, `the columns are ${COLUMNS.join(', ')}`]);
  }
  const seen = new Set<string>();
  const listed = rows.map(({ line, cells }): ListedDevice => {
    const at = `line ${line}`;
    if (cells.length !== header.length) problems.push(`${at}: ${cells.length} cells, not ${header.length}`);
    const cell = (name: string) => cells[header.indexOf(name)] ?? '';
    const device = readDevice(cell, city);
    if (seen.has(device.id)) problems.push(`${at}: ${device.id} is in the file twice`);
    seen.add(device.id);
    for (const problem of findProblems(device, city)) problems.push(`${at}: ${problem}`);
    const spoken = readSpoken(cell);
    for (const problem of findSpokenProblems(spoken, { readText })) problems.push(`${at}: ${problem}`);
    return { device, spoken };
  });
  if (problems.length > 0) throw new DeviceListError(problems);
  return listed;
}

function readDeviceTable(text: string): Table {
  if (text.trim() === '') {
    throw new DeviceListError(['the file is empty; its first line must name the columns']);
  }
  try {
    return readTable(text, REQUIRED_COLUMNS, entryColumn);
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    throw new DeviceListError([error.message, `the columns are ${COLUMNS.join(', ')}`]);
  }
}

function readDevice(cell: (name: string) => string, city: City): NewDevice {
  const words = {
    id: cell('id'),
    kind: cell('kind'),
    name: cell('name'),
    // A degree has no thousands: a comma is the decimal sign.
    lat: cell('lat').replace(',', '.'),
    lng: cell('lng').replace(',', '.'),
  };
  return toDevice(words, {}, city);
}

function readSpoken(cell: (name: string) => string): CommandOptions {
  const [alias, simulated] = [cell('alias').trim(), cell('simulated').trim().toLowerCase()];
  const words = { format: cell('format'), gateway: cell('gateway'), columns: cell('columns') };
  return {
    ...Object.fromEntries(Object.entries(words).filter(([, word]) => word !== '')),
    ...(alias === '' ? {} : { alias: alias.split(/\s+/) }),
    ...(simulated === '' ? {} : { simulated: YES_OR_NO.get(simulated) ?? simulated }),
  };
}

function* findSpokenProblems(spoken: CommandOptions, env: Pick<Environment, 'readText'>): Generator<string> {
  const { simulated } = spoken;
  if (typeof simulated === 'string')
    yield `simulated is ${JSON.stringify(simulated)}; expected true or false`;
  try {
    readSpokenFormat(spoken, env);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    yield error.message;
  }
}
