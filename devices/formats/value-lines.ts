/**
 * Lines of numbers as files have them: fields, quotes around them, and a first line with their names.
 *
 * Part of value.ts, apart for its length. Invariants: a field is what stands between two separators; a first line
 * that has a number in it, or no quantity, is no header.
 */
import { isSensorKey } from './sensor-keys.ts';

/** What a header calls the moment, in lower case. */
const TIME_NAMES: ReadonlySet<string> = new Set([
  ...['time', 'timestamp', 'datetime', 'date time', 'date_time', 'measuredat', 'ts', 'waktu', 'jam'],
]);
const SEPARATORS = [';', '\t', ','] as const;

/** The fields of a line, by the first of `;`, tab, comma and blanks that is in it. */
export function splitFields(line: string): string[] {
  if (line.includes('"')) return splitQuoted(line);
  const separator = SEPARATORS.find((each) => line.includes(each));
  return separator === undefined ? line.trim().split(/ +/) : line.split(separator);
}

/**
 * A field in quotes may hold the separator; two quotes in it are one [RFC 4180, 2.7]. What stands behind its quotes
 * stays with it: `"1"2` is no number, and shifts no other field.
 */
function splitQuoted(line: string): string[] {
  const outside = line.replace(/"[^"]*"/g, '');
  const separator = SEPARATORS.find((each) => outside.includes(each)) ?? ' ';
  const fields: string[] = [];
  let begin = 0;
  let isInQuotes = false;
  // Something but blanks and quotes has stood in it: a quote in its middle is an inch.
  let isPlain = false;
  for (let at = 0; at <= line.length; at++) {
    const char = line[at];
    if (char === '"' && !isPlain) isInQuotes = !isInQuotes;
    else if (char === undefined || (char === separator && !isInQuotes)) {
      fields.push(withoutQuotes(line.slice(begin, at).trim()));
      begin = at + 1;
      isPlain = false;
    } else if (!isInQuotes && char.trim() !== '') isPlain = true;
  }
  return separator === ' ' ? fields.filter((field) => field !== '') : fields;
}

function withoutQuotes(field: string): string {
  const isQuoted = field.length > 1 && field.startsWith('"') && field.endsWith('"');
  return isQuoted ? field.slice(1, -1).replaceAll('""', '"') : field;
}

/** The names of a first line that has no number in it, where a quantity is among them; undefined: it is no header. */
export function headerOf(line: string): readonly string[] | undefined {
  const fields = splitFields(line).map((field) => field.trim());
  const isHeader =
    fields.length > 1 && fields.every((field) => !/^[+-]?[.,]?\d/.test(field)) && fields.some(isQuantity);
  return isHeader ? fields : undefined;
}

/** `Level (cm)`, `level [cm]`: the unit stands behind the name. Blanks are left to trim(), so that it looks once. */
const HEADER = /^(.{1,60})[([]([^)\],:]{1,20})[)\]]$/;

function isQuantity(field: string): boolean {
  return isSensorKey(HEADER.exec(field)?.[1] ?? field);
}

/** As columns: what is no quantity and no time is left out. */
export function formatHeader(fields: readonly string[]): string {
  const columns = fields.map((field) => {
    const [, name = field, unit] = HEADER.exec(field) ?? [];
    const word = name.trim().toLowerCase();
    if (TIME_NAMES.has(word)) return 'time';
    // Else what is an exercise would count as measured.
    if (word === 'simulated') return word;
    if (word === 'date' || word === 'tanggal') return 'date';
    return isSensorKey(name) ? `${name.trim()}${unit === undefined ? '' : `:${unit.trim()}`}` : '-';
  });
  // Where date and time of day stand apart they are two columns; a date alone is the moment.
  return columns
    .map((column) => (column === 'date' && !columns.includes('time') ? 'time' : column))
    .join(',');
}
