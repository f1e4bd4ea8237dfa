/**
 * Who changed what of the city, when, from what to what; each with the way back.
 *
 * Part of the page. Invariant: a change that was followed by another of the same entry is not undone; the server's
 * sentence says so.
 */
import { ApiError } from '../state/api/api-client.ts';
import { byId, html, setOptionalText } from '../views/dom.ts';
import type { Change, CityCalls } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import { createDifferenceTable } from './difference-table.ts';
import { listDifferences } from './entry-values.ts';

const PAGE = '20';

export class ChangesView {
  readonly #calls: Pick<CityCalls, 'changes' | 'undo'>;
  readonly #onUndone: (change: Change) => void;
  #speech: CitySpeech | undefined;
  #shown: Change[] = [];

  constructor(calls: Pick<CityCalls, 'changes' | 'undo'>, onUndone: (change: Change) => void) {
    this.#calls = calls;
    this.#onUndone = onUndone;
    byId('more-changes').addEventListener('click', () => void this.#read(this.#shown.at(-1)?.id));
  }

  show(speech: CitySpeech): void {
    this.#speech = speech;
    void this.#read(undefined);
  }

  async #read(before: number | undefined): Promise<void> {
    const speech = this.#speech;
    if (!speech) return;
    const query = { limit: PAGE, ...(before === undefined ? {} : { before: String(before) }) };
    try {
      const { changes, next } = await this.#calls.changes(query);
      this.#shown = before === undefined ? [...changes] : [...this.#shown, ...changes];
      byId('change-list').replaceChildren(...this.#shown.map((each) => this.#item(each, speech)));
      byId('no-changes').hidden = this.#shown.length > 0;
      byId('more-changes').hidden = next === undefined;
    } catch {
      setOptionalText(byId('changes-problem'), speech.word('notAnswered'));
    }
  }

  #item(change: Change, speech: CitySpeech): HTMLElement {
    const { id, at, actor, list, entry, before, after, undoes } = change;
    const what = !before ? speech.word('wasAdded') : !after ? speech.word('wasRemoved') : '';
    const back = undoes === null ? '' : `${speech.word('undoes')} ${undoes}`;
    const facts = [`#${id}`, speech.moment(at), what, back].filter(Boolean).join(' · ');
    const undo = html('button', { type: 'button', class: 'undo', 'data-id': id }, speech.word('undo'));
    undo.addEventListener('click', () => void this.#undo(change, undo));
    const head = html(
      'p',
      {},
      html('b', {}, actor),
      ` · ${speech.field(list)}: ${entry} `,
      html('small', {}, facts),
    );
    const columns = { from: speech.word('before'), to: speech.word('after') };
    const table =
      before && after ? [createDifferenceTable(listDifferences(before, after), columns, speech)] : [];
    return html('li', {}, head, ...table, undo);
  }

  async #undo(change: Change, button: HTMLButtonElement): Promise<void> {
    const speech = this.#speech as CitySpeech;
    button.disabled = true;
    try {
      await this.#calls.undo(change.id);
      setOptionalText(byId('changes-problem'), undefined);
      setOptionalText(byId('changes-said'), `${speech.word('undone')} #${change.id}`);
      await this.#read(undefined);
      this.#onUndone(change);
    } catch (error) {
      button.disabled = false;
      const problems = error instanceof ApiError ? error.facts['problems'] : undefined;
      const reasons = ((problems ?? []) as readonly { reason: string }[]).map(({ reason }) =>
        speech.reason(reason),
      );
      const other = error instanceof ApiError ? error.message : speech.word('notAnswered');
      setOptionalText(byId('changes-said'), undefined);
      setOptionalText(byId('changes-problem'), reasons.length > 0 ? reasons.join(' · ') : other);
    }
  }
}
