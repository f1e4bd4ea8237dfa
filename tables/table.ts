/**
 * A table as people save it from a spreadsheet or a portal: any separator, with or without lines of metadata above.
 *
 * The first thing that touches a person's file: `npm run backtest`, `npm run sim -- replay` and `npm run devices --
 * import` read through it. Invariants: the header is the first line that has every column asked for; every row keeps
 * the number of its line, so that whatever is said of it can be looked up; what was not plain is said in `notes`.
 */
import { CsvError, parse } from 'csv-parse/sync';

export interface Row {
  /** As an editor counts lines: the first one of the file is 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly Row[];
  readonly separator: string;
  /** What a person should know of how it was read, as phrases. */
  readonly notes: readonly string[];
}

/** A file that cannot be read as it is; the message says where and what to pass or to change. */
export class TableError extends Error {
  readonly code = 'TABLE_UNREADABLE';
}

const SEPARATORS = [',', ';', '\t', '|'] as const;
/** Portals write up to some dozens of lines above the header; beyond this it is no header. */
const HEADER_WITHIN_LINES = 200;
/** People's files have single quotes, short rows and empty lines at the end: none of it is an error of the file. */
const LENIENT = {
  relax_quotes: true,
  relax_column_count: true,
  trim: true,
  skip_empty_lines: true,
  // A file that was put together has several.
  record_delimiter: ['\r\n', '\n', '\r'],
};

/**
 * Throws TableError with the columns that there are, when one that was asked for is missing. `nameOf` gives our name for
 * a column that people call otherwise.
 */
export function readTable(text: string, columns: readonly string[], nameOf = asItStands): Table {
  if (text.startsWith('PK\u0003\u0004')) {
    throw new TableError('it is a workbook of a spreadsheet; save the sheet as CSV');
  }
  const { line, offset, separator, header } = findHeader(text, columns, nameOf);
  const single = nameOf === asItStands ? columns : header.filter((name) => name !== '');
  for (const name of single) refuseTwins(header, name);
  const parsed = parseRecords(text.slice(offset), separator, line);
  // `lines` of the parser counts to the end of a record; a cell with a line end in it is rare and starts above.
  const rows = parsed.slice(1).map(({ record, info }) => ({ line: line + info.lines - 1, cells: record }));
  const notes: string[] = [];
  if (separator !== ',') notes.push(`columns are separated by ${separator === '\t' ? 'tabs' : separator}`);
  if (line > 1) notes.push(`the header is row ${line}`);
  return { header, rows, separator, notes };
}

interface ParsedRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** The parser counts lines from the header's. */
function parseRecords(text: string, delimiter: string, headerLine: number): readonly ParsedRecord[] {
  try {
    return parse(text, {
      ...{ ...LENIENT, delimiter, info: true, skip_records_with_empty_values: true },
    }) as unknown as ParsedRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = headerLine + Number((error as { lines?: unknown }).lines ?? 1) - 1;
    const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED';
    const what = isOpen
      ? 'a quotation mark is opened and not closed; take it out or close it'
      : error.message;
    throw new TableError(`line ${line}: ${what}`);
  }
}

/** The text of a file: UTF-8, UTF-16 where it says so by its first bytes, else what Windows writes in the West. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

interface Header {
  readonly line: number;
  /** Where the line starts in the text. */
  readonly offset: number;
  readonly separator: string;
  readonly header: readonly string[];
}

function findHeader(text: string, columns: readonly string[], nameOf: (name: string) => string): Header {
  let offset = text.startsWith('\uFEFF') ? 1 : 0;
  let likeliest: readonly string[] = [];
  let most = -1;
  for (let line = 1; line <= HEADER_WITHIN_LINES && offset < text.length; line++) {
    const end = text.indexOf('\n', offset);
    const content = text.slice(offset, end < 0 ? undefined : end);
    for (const separator of SEPARATORS) {
      const header = splitLine(content, separator).map(nameOf);
      const found = columns.filter((name) => header.includes(name)).length;
      if (found === columns.length) return { line, offset, separator, header };
      // Without a header the one that has the most of what was asked for, then the widest one, is shown.
      const likelihood = found * 10_000 + header.length;
      if (likelihood > most) [most, likeliest] = [likelihood, header];
    }
    if (end < 0) break;
    offset = end + 1;
  }
  const missing = columns.find((name) => !likeliest.includes(name));
  throw new TableError(`no column "${missing}"; there are: ${likeliest.join(', ')}`);
}

function asItStands(name: string): string {
  return name;
}

/** As spreadsheets and portals head the columns of every list of ours, in lower case. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ...{ id: 'id', kode: 'id', kind: 'kind', jenis: 'kind', name: 'name', nama: 'name' },
  ...{ lat: 'lat', latitude: 'lat', lintang: 'lat' },
  ...{ lng: 'lng', lon: 'lng', long: 'lng', longitude: 'lng', bujur: 'lng' },
};

/** `Latitude`, `LON`, `Nama`: our name for it; any other as it stands. */
export function entryColumn(name: string): string {
  const word = name.trim().toLowerCase();
  return Object.hasOwn(SPELLINGS, word) ? (SPELLINGS[word] as string) : name;
}

function splitLine(line: string, delimiter: string): string[] {
  if (line.trim() === '') return [];
  return (parse(line, { ...LENIENT, delimiter }) as string[][])[0] ?? [];
}

function refuseTwins(header: readonly string[], name: string): void {
  const first = header.indexOf(name);
  const last = header.lastIndexOf(name);
  if (first === last) return;
  throw new TableError(
    `two columns are named "${name}", the ${first + 1}. and the ${last + 1}.; give one of them another name`,
  );
}
