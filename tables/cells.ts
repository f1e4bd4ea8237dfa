/**
 * The cells of one column, and how what is wrong with one of them is put.
 *
 * Shared by the readers of numbers and times, which look at a whole column before they read the first cell of it.
 */
import type { Table } from './table.ts';

export interface Cell {
  readonly line: number;
  readonly text: string;
}

/** Spaces that spreadsheets write and no keyboard does, as plain ones. */
const SPACES = /[\u00a0\u2007\u2009\u202f]/g;

/** One cell a row, in the order of the file; '' where a row is too short. Throws nothing. */
export function cellsOf(table: Table, column: string): readonly Cell[] {
  const at = table.header.indexOf(column);
  return table.rows.map(({ line, cells }) => ({
    line,
    text: (cells[at] ?? '').replace(SPACES, ' ').trim(),
  }));
}

/** `row 13, "25/12/2015 08:30"`. */
export function describeCell({ line, text }: Cell): string {
  return `row ${line}, ${JSON.stringify(text)}`;
}
