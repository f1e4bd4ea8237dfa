/**
 * Lines of numbers as files have them: fields, quotes around them, and a first line with their names.
 *
 * Part of value.ts, apart for its length. Invariants: a field is what stands between two separators; a first line
 * that has a number in it, or no quantity, is no header.
 */
import { isSensorKey } from './sensor-object.ts';

/** What a header calls the moment, in lower case. */
const TIME_NAMES: ReadonlySet<string> = new Set([
  ...['time', 'timestamp', 'datetime', 'date time', 'date_time', 'measuredat', 'ts', 'waktu', 'jam'],
]);
/** The fields of a line, by the first of `;`, tab, comma and blanks that is in it. */
export function splitFields(line: string): string[] {
  if (line.includes('"')) return splitQuoted(line);
  for (const separator of [';', '\t', ',']) if (line.includes(separator)) return line.split(separator);
  return line.trim().split(/ +/);
}

/** A field in quotes may hold the separator; two quotes in it are one [RFC 4180, 2.7]. */
const QUOTED = /\s*"((?:[^"]|"")*)"\s*/y;

function splitQuoted(line: string): string[] {
  const outside = line.replace(/"(?:[^"]|"")*"/g, '');
  const separator = [';', '\t', ','].find((each) => outside.includes(each));
  const fields: string[] = [];
  for (let at = 0; at <= line.length; at++) {
    QUOTED.lastIndex = at;
    const match = QUOTED.exec(line);
    const quoted = match?.[1];
    const end = quoted === undefined ? endOfField(line, at, separator) : at + (match?.[0].length ?? 0);
    fields.push(quoted === undefined ? line.slice(at, end) : quoted.replaceAll('""', '"'));
    at = end;
  }
  return fields;
}

function endOfField(line: string, at: number, separator: string | undefined): number {
  const end = separator === undefined ? -1 : line.indexOf(separator, at);
  return end < 0 ? line.length : end;
}

/** The names of a first line that has no number in it, where a quantity is among them; undefined: it is no header. */
export function headerOf(line: string): readonly string[] | undefined {
  const fields = splitFields(line).map((field) => field.trim());
  const isHeader =
    fields.length > 1 && fields.every((field) => !/^[+-]?[.,]?\d/.test(field)) && fields.some(isQuantity);
  return isHeader ? fields : undefined;
}

/** `Level (cm)`, `level [cm]`: the unit stands behind the name. */
const HEADER = /^(.{1,40}?)\s*[([]\s*([^)\]]{1,12})\s*[)\]]$/;

function isQuantity(field: string): boolean {
  return isSensorKey(HEADER.exec(field)?.[1] ?? field);
}

/** As columns: what is no quantity and no time is left out. */
export function formatHeader(fields: readonly string[]): string {
  const columns = fields.map((field) => {
    const [, name = field, unit] = HEADER.exec(field) ?? [];
    const word = name.trim().toLowerCase();
    if (TIME_NAMES.has(word)) return 'time';
    if (word === 'date' || word === 'tanggal') return 'date';
    return isSensorKey(name) ? `${name.trim()}${unit === undefined ? '' : `:${unit}`}` : '-';
  });
  // Where date and time of day stand apart they are two columns; a date alone is the moment.
  return columns
    .map((column) => (column === 'date' && !columns.includes('time') ? 'time' : column))
    .join(',');
}
