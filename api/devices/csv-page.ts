/**
 * A page of readings as CSV (RFC 4180), for spreadsheets and pandas: one column a quantity, one row a point.
 *
 * Chosen by Accept. Invariant: the columns depend on the question alone, so that pages of one list can be put one
 * below the other; an absent value is an empty field.
 */
import type { HistoryPoint } from '../../history/history.ts';
import type { PageFormat } from '../access/sliced-page.ts';
import { formatTime } from '../border/time.ts';

/** `quantities` in the order of their columns; `end` is called when the page is whole. */
export function csvPage(
  quantities: readonly string[],
  formatQuality: ((quality: number) => readonly string[]) | undefined,
  end: () => void,
): PageFormat<HistoryPoint> {
  const names = ['at', ...quantities, ...(formatQuality ? ['quality'] : [])];
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    begin: formatRow(names),
    entry({ atMs, values, quality = 0 }) {
      const fields = quantities.map((name) => values[name] ?? '');
      const flags = formatQuality ? [formatQuality(quality).join(' ')] : [];
      return formatRow([formatTime(atMs), ...fields, ...flags]);
    },
    end() {
      end();
      return '';
    },
  };
}

function formatRow(fields: readonly (string | number)[]): string {
  return `${fields.map(formatField).join(',')}\r\n`;
}

function formatField(field: string | number): string {
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Whether CSV is wanted rather than JSON (RFC 9110 §12.5.1): JSON where both are as welcome. */
export function prefersCsv(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const ranges = parseAccept(accept);
  return welcomeOf(ranges, 'text/csv') > welcomeOf(ranges, 'application/json');
}

/** Media ranges with their weights. */
function parseAccept(accept: string): ReadonlyMap<string, number> {
  return new Map(
    accept
      .toLowerCase()
      .split(',')
      .map((each) => {
        const [range = '', ...parameters] = each.split(';').map((part) => part.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [range, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
      }),
  );
}

/** The weight of the most precise range that holds this type, 0 where none does. */
function welcomeOf(ranges: ReadonlyMap<string, number>, type: string): number {
  const range = [type, `${type.split('/')[0]}/*`, '*/*'].find((each) => ranges.has(each));
  return range === undefined ? 0 : (ranges.get(range) as number);
}
