/**
 * A measured level series from a CSV file, for the back-test: local times and any unit in, SI and UTC out.
 *
 * Invariant: a row that cannot be read is counted and skipped, never guessed; a time without an offset is
 * read in the zone that was given, a time with one as it says.
 */
import { parseTime } from '../../../devices/parse-time.ts';
import { offsetMs } from '../local-time.ts';

export interface SeriesPoint {
  /** Epoch ms. */
  readonly atMs: number;
  readonly levelM: number;
}

export interface Series {
  readonly points: readonly SeriesPoint[];
  readonly rows: number;
  /** Rows whose time or level could not be read. */
  readonly unreadable: number;
}

export interface SeriesOptions {
  readonly timeColumn: string;
  readonly valueColumn: string;
  readonly unit: 'm' | 'cm' | 'mm' | 'ft';
  /** IANA zone of times without an offset. */
  readonly timeZone: string;
}

/** Exact: one foot is 0.3048 m by definition. */
const METRES: Readonly<Record<SeriesOptions['unit'], number>> = { m: 1, cm: 0.01, mm: 0.001, ft: 0.3048 };

/** Throws with the columns that there are, when one that was asked for is missing. */
export function parseSeries(csv: string, options: SeriesOptions): Series {
  const lines = csv.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = splitRow(lines[0] ?? '');
  const column = (name: string): number => {
    const index = header.indexOf(name);
    if (index < 0) throw new Error(`no column ${name}; there are: ${header.join(', ')}`);
    return index;
  };
  const [timeAt, valueAt] = [column(options.timeColumn), column(options.valueColumn)];
  const points: SeriesPoint[] = [];
  let rows = 0;
  let unreadable = 0;
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue;
    rows++;
    const cells = splitRow(line);
    const atMs = parseLocalTime(cells[timeAt] ?? '', options.timeZone);
    const text = (cells[valueAt] ?? '').trim();
    const value = text === '' ? Number.NaN : Number(text);
    if (atMs === undefined || !Number.isFinite(value)) unreadable++;
    // Seven digits: 550 cm are 5.5 m and not 5.500000000000001 m.
    else points.push({ atMs, levelM: Number((value * METRES[options.unit]).toPrecision(7)) });
  }
  return { points, rows, unreadable };
}

/** One row of RFC 4180: commas, and quotes where a cell holds one. */
function splitRow(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const cells: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim());
  }
  return cells;
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/;
/** Day first, as in most of the world; month first is not guessed. */
const DAY_FIRST = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/** Epoch ms; undefined when it is neither ISO 8601, nor day/month/year, nor epoch s or ms. */
export function parseLocalTime(text: string, timeZone: string): number | undefined {
  const moment = parseTime(text);
  if (moment !== undefined) return moment;
  const iso = ISO.exec(text);
  const dayFirst = DAY_FIRST.exec(text);
  const [year, month, day, hour, minute, second] = iso
    ? [iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]]
    : dayFirst
      ? [dayFirst[3], dayFirst[2], dayFirst[1], dayFirst[4], dayFirst[5], dayFirst[6]]
      : [];
  if (year === undefined) return undefined;
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? 0),
  );
  if (Number.isNaN(local) || new Date(local).getUTCDate() !== Number(day)) return undefined;
  // Twice: the offset is asked for at a time that is itself off by the offset.
  const guess = local - offsetMs(local, timeZone);
  return local - offsetMs(guess, timeZone);
}
