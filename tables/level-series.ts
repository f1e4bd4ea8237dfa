/**
 * A measured level series out of a table: local times and any unit in, SI and UTC out.
 *
 * Stands between a person's file and the back-test or the simulator's replay. Invariants: points ascend in time, one
 * for an instant; a row that cannot be read is counted and named, never guessed; whatever was done to the rows is said
 * in `notes`.
 */
import { type Cell, cellsOf, describeCell } from './cells.ts';
import { createNumberReader, type Decimal } from './numbers.ts';
import { createQualityFilter, findQualityColumns } from './quality.ts';
import { type Table, TableError } from './table.ts';
import { createTimeReader, type DateOrder } from './times.ts';

export interface LevelPoint {
  /** Epoch ms. */
  readonly atMs: number;
  readonly levelM: number;
}

/** Exact: one foot is 0.3048 m by definition. */
export const METRES = { m: 1, cm: 0.01, mm: 0.001, ft: 0.3048 } as const;
export type LevelUnit = keyof typeof METRES;

export interface LevelRequest {
  readonly timeColumn: string;
  readonly valueColumn: string;
  readonly unit: LevelUnit;
  /** IANA zone of times without an offset. */
  readonly timeZone: string;
  readonly dates?: DateOrder | undefined;
  readonly decimal?: Decimal | undefined;
  readonly qualityColumn?: string | undefined;
  /** Words of the quality column that let a row count. */
  readonly good?: readonly string[] | undefined;
}

export interface LevelSeries {
  readonly points: readonly LevelPoint[];
  readonly rows: number;
  /** Rows whose time or level could not be read. */
  readonly unreadable: number;
  /** Rows with a time that another row has too. */
  readonly repeated: number;
  /** What a person should know of how the rows were read, as phrases. */
  readonly notes: readonly string[];
}

/** So many cells are shown as examples. */
const MAX_EXAMPLES = 3;

interface ReadRow extends LevelPoint {
  readonly cell: Cell;
}

/** Throws TableError when the file can be read in two ways, or no row of it at all. */
export function readLevelSeries(table: Table, request: LevelRequest): LevelSeries {
  const { timeColumn, valueColumn } = request;
  const [times, values] = [cellsOf(table, timeColumn), cellsOf(table, valueColumn)];
  refuseSplitDecimals(table);
  const time = createTimeReader(times, timeColumn, request);
  const value = createNumberReader(values, valueColumn, request.decimal);
  const notes = [...table.notes, ...time.notes, ...value.notes];
  const counts = createQualityCheck(table, request, notes);
  const read: ReadRow[] = [];
  const unreadable: string[] = [];
  for (const [index, cell] of times.entries()) {
    if (!counts(index)) continue;
    const valueCell = values[index] as Cell;
    const atMs = time.parse(cell.text);
    const level = value.parse(valueCell.text);
    const isWhole = !hasStrayCells(table, index);
    if (isWhole && atMs !== undefined && level !== undefined) {
      // Seven digits: 550 cm are 5.5 m and not 5.500000000000001 m.
      read.push({ atMs, levelM: Number((level * METRES[request.unit]).toPrecision(7)), cell: valueCell });
    } else unreadable.push(describeUnreadable(table, index, atMs === undefined ? cell : valueCell, isWhole));
  }
  if (unreadable.length > 0) {
    notes.push(`${unreadable.length} rows could not be read: ${showFew(unreadable)}`);
  }
  if (read.length === 0) throw new TableError(`no row could be read: ${notes.join('; ') || 'there is none'}`);
  const { points, repeated } = orderByTime(read, notes);
  return { points, rows: table.rows.length, unreadable: unreadable.length, repeated, notes };
}

/** Whether the row of an index is trusted; says how many are not. */
function createQualityCheck(
  table: Table,
  { qualityColumn, good, timeColumn, valueColumn }: LevelRequest,
  notes: string[],
): (index: number) => boolean {
  if (qualityColumn === undefined) {
    const [unused] = findQualityColumns(
      table.header.filter((name) => name !== timeColumn && name !== valueColumn),
    );
    if (unused !== undefined) notes.push(`column "${unused}" is not looked at; --quality "${unused}" does`);
    return () => true;
  }
  const cells = cellsOf(table, qualityColumn);
  const isGood = createQualityFilter(cells, qualityColumn, good);
  const left = cells.filter(({ text }) => !isGood(text));
  if (left.length > 0) {
    const byWord = Object.entries(Object.groupBy(left, ({ text }) => text || '(empty)'));
    const words = byWord.map(([word, of]) => `${word} ${of?.length}`).join(', ');
    notes.push(`${left.length} rows are left out by "${qualityColumn}": ${words}`);
  }
  return (index) => isGood((cells[index] as Cell).text);
}

/**
 * More cells than the header has names: a decimal comma was taken for a separator, and every later cell is off by
 * one.
 */
function hasStrayCells({ header, rows }: Table, index: number): boolean {
  const cells = rows[index]?.cells ?? [];
  return cells.length > header.length && cells.slice(header.length).some((cell) => cell !== '');
}

function describeUnreadable(table: Table, index: number, cell: Cell, isWhole: boolean): string {
  if (isWhole) return describeCell(cell);
  return `row ${cell.line} with ${table.rows[index]?.cells.length} cells below ${table.header.length} names`;
}

function refuseSplitDecimals(table: Table): void {
  const stray = table.rows.filter((_, index) => hasStrayCells(table, index));
  if (stray.length * 2 <= table.rows.length) return;
  const [first] = stray;
  throw new TableError(
    `row ${first?.line} has ${first?.cells.length} cells below ${table.header.length} names: decimal commas between commas? Save it with semicolons between the columns`,
  );
}

/** Ascending, one point an instant: of rows with one time the first in the file counts, as the alarms would have it. */
function orderByTime(read: readonly ReadRow[], notes: string[]): { points: LevelPoint[]; repeated: number } {
  const steps = read.slice(1).map((row, index) => row.atMs - (read[index] as ReadRow).atMs);
  const back = steps.filter((step) => step < 0).length;
  const onward = steps.filter((step) => step > 0).length;
  if (back > 0) {
    notes.push(
      onward === 0 ? 'the newest row comes first: turned round' : `${back} rows are out of order: sorted`,
    );
  }
  const points: LevelPoint[] = [];
  const differing: string[] = [];
  let repeated = 0;
  for (const { atMs, levelM, cell } of read.toSorted((a, b) => a.atMs - b.atMs)) {
    const before = points.at(-1);
    if (before?.atMs !== atMs) points.push({ atMs, levelM });
    else {
      repeated++;
      if (before.levelM !== levelM) differing.push(`${describeCell(cell)} after ${before.levelM} m`);
    }
  }
  if (repeated > 0) notes.push(`${repeated} rows repeat the time of another: the first one counts`);
  if (differing.length > 0) {
    notes.push(`${differing.length} of them have another level: ${showFew(differing)}`);
  }
  return { points, repeated };
}

function showFew(all: readonly string[]): string {
  return `${all.slice(0, MAX_EXAMPLES).join('; ')}${all.length > MAX_EXAMPLES ? ' …' : ''}`;
}
