/**
 * The list of the chosen sort of entry: search, kinds of device, what was changed here, and the way to a new one.
 *
 * Part of the page's left side. Invariant: an answer to an older search never takes the place of a newer one.
 */
import { byId, html, setText } from '../views/dom.ts';
import type { CityCalls, Form, Forms } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import type { CityWord } from './words-id.ts';

/** After the last key. */
const SEARCH_AFTER_MS = 250;

export interface EntryListActions {
  open(form: Form, id: string | undefined): void;
  /** It could not be read. */
  fail(error: unknown): void;
}

export class EntryList {
  readonly #calls: Pick<CityCalls, 'list'>;
  readonly #actions: EntryListActions;
  #forms: Forms = { forms: [], rules: [] };
  #list = 'devices';
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #speech: CitySpeech | undefined;
  #open: string | undefined;

  constructor(calls: Pick<CityCalls, 'list'>, actions: EntryListActions) {
    this.#calls = calls;
    this.#actions = actions;
    byId('search').addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), SEARCH_AFTER_MS);
    });
    byId('kinds').addEventListener('change', () => void this.refresh());
    byId('add').addEventListener('click', () => {
      const form = this.#formOf(this.#kinds.value);
      if (form) this.#actions.open(form, undefined);
    });
  }

  get #kinds(): HTMLSelectElement {
    return byId('kinds') as HTMLSelectElement;
  }

  /** The form of a kind of the list; without a kind, the first. */
  #formOf(kind: string | null): Form | undefined {
    const forms = this.#forms.forms.filter(({ list }) => list === this.#list);
    return forms.find((each) => each.kind === kind) ?? forms[0];
  }

  show(list: string, forms: Forms, speech: CitySpeech): void {
    [this.#list, this.#forms, this.#speech] = [list, forms, speech];
    const chosen = this.#kinds.value;
    const kinds = forms.forms.filter((each) => each.list === list && each.kind !== null);
    this.#kinds.replaceChildren(
      html('option', { value: '' }, speech.word('allKinds')),
      ...kinds.map(({ kind, label }) =>
        html('option', { value: kind ?? '' }, label ? speech.pick(label) : speech.field(kind ?? '')),
      ),
    );
    this.#kinds.value = kinds.some(({ kind }) => kind === chosen) ? chosen : '';
    this.#kinds.hidden = kinds.length === 0;
    void this.refresh();
  }

  /** The one that is open is marked. */
  mark(id: string | undefined): void {
    this.#open = id;
    for (const button of byId('entries').querySelectorAll<HTMLElement>('button')) {
      button.ariaCurrent = button.dataset['id'] === id ? 'true' : null;
    }
  }

  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    const speech = this.#speech;
    if (!speech) return;
    const text = (byId('search') as HTMLInputElement).value.trim();
    try {
      const { entries, total } = await this.#calls.list(this.#list, text, this.#kinds.value || undefined);
      if (mine !== this.#asked) return;
      byId('entries').replaceChildren(
        ...entries.map(({ id, name, kind, origin }) => {
          const mark = speech.word(origin as CityWord);
          const small = html('small', {}, [name === id ? '' : id, mark].filter(Boolean).join(' · '));
          const button = html('button', { type: 'button', 'data-id': id }, html('span', {}, name), small);
          button.addEventListener('click', () => {
            const form = this.#formOf(kind);
            if (form) this.#actions.open(form, id);
          });
          return html('li', {}, button);
        }),
      );
      const counted = `${entries.length} ${speech.word('shown')} ${total}`;
      setText(byId('entry-count'), entries.length === 0 ? speech.word('none') : counted);
      this.mark(this.#open);
    } catch (error) {
      this.#actions.fail(error);
    }
  }
}
