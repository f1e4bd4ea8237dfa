/**
 * A column that says of each row whether it can be trusted.
 *
 * Every agency has its own words. Invariant: a word that is not known to be good or bad is asked for, with the row that
 * has it; no row is trusted or left out by a guess.
 */
import { type Cell, describeCell } from './cells.ts';
import { TableError } from './table.ts';

const GOOD = new Set(['good', 'ok', 'valid', 'approved', 'verified', 'checked']);
const BAD = new Set(['bad', 'suspect', 'missing', 'invalid', 'error', 'poor', 'rejected', 'fault', 'faulty']);
/** What a column of qualities is called, for the hint that there is one. */
const NAME = /\b(?:quality|flag|qc|status|grade|mutu|kualitas|qualit[äéa]t?)\b/i;

/** Whether a row counts. Throws TableError when a word must be asked for. */
export function createQualityFilter(
  cells: readonly Cell[],
  column: string,
  chosen?: readonly string[],
): (text: string) => boolean {
  const good = chosen ? new Set(chosen.map((word) => word.toLowerCase())) : GOOD;
  if (!chosen) {
    const unknown = cells.find(({ text }) => !GOOD.has(text.toLowerCase()) && !BAD.has(text.toLowerCase()));
    if (unknown) {
      const words = [...new Set(cells.map(({ text }) => text))].slice(0, 8);
      throw new TableError(
        `column "${column}", ${describeCell(unknown)}: good or not? The column has ${words.map((word) => JSON.stringify(word)).join(', ')}; pass the good ones as --good ${words[0] || 'WORD'},…`,
      );
    }
  }
  return (text) => good.has(text.toLowerCase());
}

/** Columns that look like one and were not asked for. */
export function findQualityColumns(header: readonly string[]): string[] {
  return header.filter((name) => NAME.test(name));
}
