/** What differs between values of an entry as a table: the field, and one column for each value. */
import { html } from '../views/dom.ts';
import type { CitySpeech } from './city-speech.ts';
import { type Difference, showValue } from './entry-values.ts';

export interface Columns {
  readonly from: string;
  readonly to: string;
}

export function createDifferenceTable(
  differences: readonly Difference[],
  columns: Columns,
  speech: CitySpeech,
): HTMLElement {
  const head = [speech.word('field'), columns.from, columns.to].map((text) =>
    html('th', { scope: 'col' }, text),
  );
  const rows = differences.map(({ path, from, to }) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, speech.path(path)),
      html('td', {}, showValue(from)),
      html('td', {}, showValue(to)),
    ),
  );
  const table = html('table', {}, html('thead', {}, html('tr', {}, ...head)), html('tbody', {}, ...rows));
  // A long value scrolls in here, and by keyboard too.
  return html(
    'div',
    { class: 'table', tabindex: 0, role: 'group', 'aria-label': speech.word('differences') },
    table,
  );
}
