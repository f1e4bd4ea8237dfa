/**
 * Value: a plain number, or a line of them, for what speaks no JSON: loggers, PLCs, ESPHome's sensor topics.
 *
 * The operator names the columns (`--columns levelM:cm,batteryV`); without them the last level of the topic that is a
 * quantity does (`…/levelM`), or a first line that names them. A column `time` is a moment, `date` the day before it,
 * `-` is left out. Invariant: a line with more or fewer fields than columns is refused and never shifted; the other
 * lines are read.
 */
import { clueOf } from '../payload-clue.ts';
import { textOf, withoutEnd } from '../payload-text.ts';
import { type Rejection, reject } from '../rejection.ts';
import { type Decoded, type Format, type FormatMessage, joinFaults, takeMost } from './format.ts';
import { readSensorObject } from './sensor-object.ts';
import { claimOfAside, isStatusTopic } from './status-topic.ts';
import { formatHeader, headerOf, splitFields } from './value-lines.ts';

const MAX_LINES = 10_000;
const MAX_COLUMNS = 50;
const WHICH_QUANTITY = 'which quantity is it? name the columns, or end the topic with one: …/levelM';
/** Levels of a topic that say how, and not what. */
const NO_QUANTITY: ReadonlySet<string> = new Set(['state', 'value', 'sensor', 'telemetry', 'raw']);

export const value: Format = {
  name: 'value',
  description: 'A plain number, or lines of numbers with named columns.',
  topics: [],
  identity: 'by a level of the topic that is the id or an alias of the device',
  hasStatus: true,
  isStatusTopic,
  namesIn: () => [],
  decode,
};

interface Column {
  readonly name: string;
  readonly unit: string | undefined;
}

function decode({ topic, payload, receivedAt, options }: FormatMessage): Decoded {
  const aside = claimOfAside({ topic, payload, receivedAt });
  if (aside) return [aside];
  const text = withoutEnd(textOf(payload)).trimStart();
  if (text === '') return reject('bad-format', 'the payload is empty');
  const { taken, leftOut } = takeMost(text.split(/\r\n|\n|\r/), MAX_LINES, 'lines');
  const header = headerOf(taken[0] as string);
  const named = options?.['columns'] ?? (header && formatHeader(header));
  const columns = parseColumns(named ?? quantityIn(topic));
  if (columns.length === 0) return reject('bad-format', withClue(WHICH_QUANTITY, payload));
  const items: Record<string, unknown>[] = [];
  const faults: string[] = [];
  const refused: Rejection[] = leftOut ? [leftOut] : [];
  for (const [index, line] of taken.entries()) {
    if (line.trim() === '' || (header && index === 0)) continue;
    const read = readLine(line, columns);
    if (typeof read === 'string') {
      const hint = named === undefined ? `${read}; ${WHICH_QUANTITY}` : read;
      refused.push(
        reject('bad-format', taken.length > 1 ? `line ${index + 1}: ${hint}` : withClue(hint, payload)),
      );
      continue;
    }
    if (Object.keys(read.item).length > 0) items.push(read.item);
    faults.push(...read.faults);
  }
  if (header && items.length + refused.length + faults.length === 0)
    return [{ aliases: [], items, presence: 'online', note: 'a header and no line of numbers' }];
  const [first] = refused;
  if (first && items.length === 0 && faults.length === 0) return first;
  const told = [...refused.map(({ detail }) => detail), ...faults];
  const last = told.pop();
  const whole = last === undefined ? [] : [...told, items.length === 0 ? withClue(last, payload) : last];
  return [{ aliases: [], items, ...faultOf(whole) }];
}

/** What is JSON, or packed, is told as that. */
function withClue(hint: string, payload: Buffer): string {
  const clue = clueOf(payload);
  return clue === '' ? hint : `${hint}; ${clue}`;
}

function faultOf(faults: readonly string[]): { rejection?: Rejection } {
  return faults.length === 0 ? {} : { rejection: reject('missing-quantity', joinFaults(faults)) };
}

/** `levelM:cm,batteryV` */
export function parseColumns(text: string): readonly Column[] {
  return text
    .split(',')
    .slice(0, MAX_COLUMNS)
    .map((column) => {
      const [name = '', unit] = column.trim().split(':');
      return { name, unit };
    })
    .filter(({ name }) => name !== '');
}

/** The last level of a topic that may be a quantity. */
function quantityIn(topic: string): string {
  const levels = topic.split('/').slice(1);
  return levels.findLast((level) => level !== '' && !NO_QUANTITY.has(level)) ?? '';
}

function readLine(
  line: string,
  columns: readonly Column[],
): { item: Record<string, unknown>; faults: string[] } | string {
  const fields = splitLine(line, columns.length);
  // Loggers end a line with a separator.
  if (fields.length === columns.length + 1 && fields.at(-1)?.trim() === '') fields.pop();
  if (fields.length !== columns.length) return `${fields.length} fields for ${columns.length} columns`;
  const object: Record<string, unknown> = {};
  let measuredAt: string | undefined;
  let date: string | undefined;
  for (const [index, { name, unit }] of columns.entries()) {
    const field = (fields[index] as string).trim();
    if (name === '-' || field === '') continue;
    if (name === 'time' || name === 'measuredAt') measuredAt = field;
    else if (name === 'date') date = field;
    else if (name !== '__proto__') object[name] = name === 'status' ? field : withUnit(field, unit);
  }
  const { item, faults } = readSensorObject(object);
  const isEmpty = Object.keys(item).length === 0;
  if (isEmpty && faults.length === 0)
    return `no quantity that we know among ${columns.map(({ name }) => name).join(', ')}`;
  const moment = [date, measuredAt].filter((part) => part !== undefined).join(' ');
  return { item: isEmpty || moment === '' ? item : { ...item, measuredAt: moment }, faults: [...faults] };
}

/** A decimal comma is one where something else separates the fields. */
function splitLine(line: string, count: number): string[] {
  return count === 1 ? [line] : splitFields(line);
}

/** A unit of the column holds where the field has none of its own. */
function withUnit(field: string, unit: string | undefined): unknown {
  if (unit !== undefined) return { value: field, unit };
  const bare = /^[+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?$/i.test(field) ? Number(field.replace(',', '.')) : field;
  return bare;
}
