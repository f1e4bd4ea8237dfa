/**
 * What a new folder of the city says otherwise than when an entry was changed here: nothing was overwritten, and a
 * person may take what it says into the form.
 *
 * Part of the page. Invariant: it changes nothing by itself.
 */
import { byId, html } from '../views/dom.ts';
import type { CityCalls, SeedDifference } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import { type Entry, listDifferences, showValue } from './entry-values.ts';

export class DifferencesView {
  readonly #calls: Pick<CityCalls, 'differences'>;
  readonly #onTake: (difference: SeedDifference) => void;

  constructor(calls: Pick<CityCalls, 'differences'>, onTake: (difference: SeedDifference) => void) {
    this.#calls = calls;
    this.#onTake = onTake;
  }

  async show(speech: CitySpeech): Promise<void> {
    const { differences } = await this.#calls.differences();
    byId('differences').hidden = differences.length === 0;
    byId('difference-list').replaceChildren(...differences.map((each) => this.#item(each, speech)));
  }

  #item(difference: SeedDifference, speech: CitySpeech): HTMLElement {
    const { list, id, seedThen, seedNow, here } = difference;
    const rows = listDifferences(seedThen ?? {}, seedNow ?? {}).map(({ path, from, to }) =>
      html(
        'tr',
        {},
        html('th', { scope: 'row' }, speech.path(path)),
        ...[from, to, valueAt(here ?? {}, path)].map((value) => html('td', {}, showValue(value))),
      ),
    );
    const heads = (['field', 'folderThen', 'folderNow', 'here'] as const).map((word) =>
      html('th', { scope: 'col' }, speech.word(word)),
    );
    const table = html(
      'div',
      { class: 'table', tabindex: 0, role: 'group', 'aria-label': speech.word('differences') },
      html('table', {}, html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...rows)),
    );
    const item = html('li', {}, html('p', {}, `${speech.field(list)}: ${id}`), table);
    if (seedNow && here) {
      const take = html('button', { type: 'button', class: 'take-folder' }, speech.word('takeFolder'));
      take.addEventListener('click', () => this.#onTake(difference));
      item.append(take);
    }
    return item;
  }
}

function valueAt(entry: Entry, path: string): unknown {
  let value: unknown = entry;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}
