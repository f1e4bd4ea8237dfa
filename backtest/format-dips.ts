/** The measure of dips as a table for people. */
import { DIP_KINDS, DIP_ROWS, type DipReport } from './dips.ts';

export function formatDips({ floods, clearDelaysMin, results }: DipReport): string {
  const count = clearDelaysMin.length;
  const median = clearDelaysMin[Math.floor(count / 2)];
  const lines = [
    `dips in ${floods} floods: false all-clears of so many dips, by kind and rows`,
    line('', ...DIP_ROWS, 'all'),
    ...Object.keys(DIP_KINDS).map((kind) => {
      const own = results.filter((result) => result.kind === kind);
      return line(kind, ...own.map(cell), cell(sumOf(own)));
    }),
    line(
      'all',
      ...DIP_ROWS.map((rows) => cell(sumOf(results.filter((each) => each.rows === rows)))),
      cell(sumOf(results)),
    ),
    `without dips: ${count} all-clears, ${median ?? '-'} min (median) and at most ${clearDelaysMin.at(-1) ?? '-'} min after the last level above the end`,
  ];
  return lines.join('\n');
}

interface Count {
  readonly dips: number;
  readonly falseClears: { readonly length: number };
}

function sumOf(counts: readonly Count[]): Count {
  let [dips, length] = [0, 0];
  for (const each of counts) {
    dips += each.dips;
    length += each.falseClears.length;
  }
  return { dips, falseClears: { length } };
}

function cell({ dips, falseClears }: Count): string {
  return `${falseClears.length} of ${dips}`;
}

function line(first: string, ...cells: readonly (string | number)[]): string {
  return first.padEnd(24) + cells.map((each) => String(each).padStart(12)).join('');
}
