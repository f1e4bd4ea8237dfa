/**
 * A table of measured levels, read from CSV: one time column, one value column a gauge.
 *
 * Invariant: points are in the order of the file, in metres and epoch milliseconds; lines that hold no time
 * or no number are counted, not guessed, and a column that does not exist is an error that names those that do.
 */
import { createLocalTimeParser } from './local-time.ts';

export interface Point {
  /** Epoch ms. */
  readonly measuredAt: number;
  readonly levelM: number;
}

export interface SeriesRequest {
  readonly timeColumn: string;
  readonly valueColumn: string;
  readonly unit: 'm' | 'cm' | 'mm';
  readonly timeZone: string;
  /** Epoch ms, inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Series {
  readonly points: readonly Point[];
  /** Lines without a time, and without a number. */
  readonly unreadable: number;
}

const METRES = { m: 1, cm: 0.01, mm: 0.001 } as const;

export function parseLevelSeries(csv: string, request: SeriesRequest): Series {
  const [header, ...rows] = parseCsv(csv);
  const columns = (header ?? []).map((name) => name.trim());
  const columnOf = (name: string): number => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`no column "${name}"; there are: ${columns.join(', ')}`);
    return index;
  };
  const timeAt = columnOf(request.timeColumn);
  const valueAt = columnOf(request.valueColumn);
  const points: Point[] = [];
  const parseTime = createLocalTimeParser(request.timeZone);
  let unreadable = 0;
  for (const row of rows) {
    const measuredAt = parseTime(row[timeAt] ?? '');
    const text = (row[valueAt] ?? '').trim();
    const level = text === '' ? Number.NaN : Number(text);
    if (measuredAt === undefined || !Number.isFinite(level)) {
      unreadable++;
      continue;
    }
    if (measuredAt < request.fromMs || measuredAt > request.toMs) continue;
    // To the millimetre: 0.1 + 0.2 has no place in a water level.
    points.push({ measuredAt, levelM: Math.round(level * METRES[request.unit] * 1000) / 1000 });
  }
  return { points, unreadable };
}

/** RFC 4180: commas, double quotes, and line ends of either kind. Empty lines are left out. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
    field = '';
  };
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\n') endRow();
    else if (character !== '\r') field += character;
  }
  endRow();
  return rows;
}
