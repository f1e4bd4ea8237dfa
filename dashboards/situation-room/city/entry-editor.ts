/**
 * EntryEditor: one entry in the form: typed, tried, saved, removed; what went wrong, and what somebody else did
 * meanwhile.
 *
 *   open → type (kept as a draft) → save → in force, or refused at the fields, or changed by somebody else
 *
 * Invariants: nothing typed is lost by a failure, a reload or another language; a save says which version was seen.
 */
import { ApiError } from '../state/api/api-client.ts';
import { html } from '../views/dom.ts';
import type { CityCalls, EditProblem, Form, Forms } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import { createConflictView, readConflict } from './conflict-view.ts';
import type { Drafts } from './drafts.ts';
import { EntryForm } from './entry-form.ts';
import { canonical, type Entry, idOf, makePatch, rebase } from './entry-values.ts';
import { createTrialView, type TrialView } from './trial-view.ts';
import type { CityWord } from './words-id.ts';

export interface EditorOptions {
  readonly form: Form;
  readonly forms: Forms;
  /** Undefined of a new one. */
  readonly id: string | undefined;
  readonly base: Entry;
  readonly etag: string;
  /** To begin with instead of the base. */
  readonly value?: Entry;
  readonly calls: CityCalls;
  readonly drafts: Drafts;
  readonly speech: CitySpeech;
  /** It was saved or removed; `id` is to be opened anew, if there is one. */
  readonly onDone: (word: CityWord, id: string | undefined) => void;
}

/** Lists whose entries move alerts. */
const TRIED_LISTS = new Set(['devices', 'alertRules']);

export class EntryEditor {
  readonly element: HTMLElement;
  readonly #options: EditorOptions;
  #base: Entry;
  #etag: string;
  /** Another id, or none, where it was removed meanwhile. */
  #id: string | undefined;
  #form: EntryForm;
  readonly #trial: TrialView | undefined;
  readonly #place = html('div');
  readonly #between = html('div');
  readonly #said = html('p', { class: 'said', role: 'status' });
  readonly #problem = html('p', { class: 'refusal', role: 'alert', hidden: true });
  readonly #remove: HTMLButtonElement;

  constructor(options: EditorOptions) {
    const { speech, form, id, base, etag, drafts, value } = options;
    this.#options = options;
    [this.#base, this.#etag, this.#id] = [base, etag, id];
    const draft = drafts.read(this.#key);
    if (draft) [this.#base, this.#etag] = [draft.base, draft.etag];
    this.#form = this.#createForm(value ?? draft?.value ?? base);
    this.#trial = TRIED_LISTS.has(form.list)
      ? createTrialView(speech, (days) => this.#tryOut(days))
      : undefined;
    const save = html('button', { type: 'submit', class: 'primary', id: 'save' }, speech.word('save'));
    const discard = html('button', { type: 'button', id: 'discard' }, speech.word('discard'));
    this.#remove = html(
      'button',
      { type: 'button', id: 'remove', hidden: id === undefined },
      speech.word('remove'),
    );
    this.#place.append(this.#form.element);
    this.element = html(
      'form',
      { class: 'entry', novalidate: true },
      this.#said,
      this.#problem,
      this.#between,
      this.#place,
      ...(this.#trial ? [this.#trial.element] : []),
      html('div', { class: 'deeds foot' }, save, discard, this.#remove),
    );
    discard.addEventListener('click', () => this.#discard());
    this.#remove.addEventListener('click', () => void this.#askRemoval());
    this.element.addEventListener('input', (event) => {
      if ((event.target as HTMLElement).id !== 'trial-days') this.#typed();
    });
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#save();
    });
    if (value) this.#say('taken');
    else if (draft) this.#say('restored');
    if (value) this.#keep();
  }

  /** What was done before it was opened. */
  say(word: CityWord): void {
    this.#say(word);
  }

  get #key(): string {
    const { list, kind } = this.#options.form;
    return `${list}/${this.#id ?? `+${kind ?? ''}`}`;
  }

  #createForm(value: Entry): EntryForm {
    const { form, forms, speech, calls } = this.#options;
    const onChanged = () => {
      this.#typed();
      // Another rule has other parameters.
      if (form.list === 'alertRules') this.#show(this.#form.read());
    };
    return new EntryForm({ form, forms, value, isNew: this.#id === undefined, speech, calls, onChanged });
  }

  #show(value: Entry): void {
    this.#form = this.#createForm(value);
    this.#place.replaceChildren(this.#form.element);
  }

  #typed(): void {
    this.#keep();
    this.#trial?.clear();
    this.#say(undefined);
  }

  #keep(): void {
    const { drafts } = this.#options;
    const value = this.#form.read();
    if (canonical(value) === canonical(this.#base)) drafts.forget(this.#key);
    else drafts.write(this.#key, { value, base: this.#base, etag: this.#etag });
  }

  #say(word: CityWord | undefined, problem?: string): void {
    const { speech } = this.#options;
    this.#said.textContent = word ? speech.word(word) : '';
    this.#problem.hidden = problem === undefined;
    this.#problem.textContent = problem ?? '';
    if (this.#remove.dataset['sure']) {
      delete this.#remove.dataset['sure'];
      this.#remove.textContent = speech.word('remove');
    }
  }

  #discard(): void {
    const { drafts, onDone } = this.#options;
    drafts.forget(this.#key);
    onDone('discard', this.#id);
  }

  async #save(): Promise<void> {
    const { calls, form, drafts, onDone } = this.#options;
    const value = this.#form.read();
    this.#form.clearProblems();
    const key = this.#key;
    try {
      if (this.#id === undefined) {
        await calls.add(form.path, value);
        drafts.forget(key);
        onDone('saved', idOf(form.list, value));
        return;
      }
      const patch = makePatch(this.#base, value);
      if (Object.keys(patch).length === 0) {
        this.#say('unchanged');
        return;
      }
      await calls.change(form.path, this.#id, patch, this.#etag);
      drafts.forget(key);
      onDone('saved', this.#id);
    } catch (error) {
      await this.#explain(error);
    }
  }

  async #askRemoval(): Promise<void> {
    const { speech, calls, form, drafts, onDone } = this.#options;
    if (!this.#remove.dataset['sure']) {
      this.#remove.dataset['sure'] = 'yes';
      this.#remove.textContent = speech.word('removeSure');
      return;
    }
    this.#say(undefined);
    try {
      await calls.remove(form.path, this.#id as string, this.#etag);
      drafts.forget(this.#key);
      onDone('removed', undefined);
    } catch (error) {
      await this.#explain(error);
    }
  }

  async #tryOut(days: number) {
    const { calls, form } = this.#options;
    const value = this.#form.read();
    this.#say(undefined);
    this.#form.clearProblems();
    try {
      return await calls.tryOut(form.list, this.#id ?? idOf(form.list, value), value, days);
    } catch (error) {
      await this.#explain(error);
      return undefined;
    }
  }

  async #explain(error: unknown): Promise<void> {
    const { speech, form } = this.#options;
    if (!(error instanceof ApiError)) return this.#say(undefined, speech.word('notAnswered'));
    const isGone = error.status === 404 && this.#id !== undefined;
    if (error.status === 412 || isGone) return this.#meet(isGone);
    const problems = error.facts['problems'] as readonly EditProblem[] | undefined;
    if (!problems) {
      const reason = error.status === 403 ? speech.word('refusedRights') : error.message;
      return this.#say(undefined, `${speech.word('notSaved')} ${reason}`);
    }
    const own = `${form.list}.${this.#id ?? idOf(form.list, this.#form.read())}`;
    const rest = this.#form.showProblems(problems, own);
    this.#say(undefined, [speech.word('notSaved'), ...rest].join(' · '));
  }

  /** Somebody else has changed or removed it. */
  async #meet(isGone: boolean): Promise<void> {
    const { calls, form, speech, onDone, drafts } = this.#options;
    const id = this.#id as string;
    const mine = this.#form.read();
    try {
      const { now, changes } = await readConflict(calls, form, id, isGone);
      const conflict = { base: this.#base, mine, theirs: now?.entry, changes };
      const view = createConflictView(conflict, speech, {
        putMine: () => {
          drafts.forget(this.#key);
          if (now) {
            const { value } = rebase(this.#base, mine, now.entry);
            this.#show(value);
            [this.#base, this.#etag] = [now.entry, now.etag];
          } else {
            [this.#id, this.#base, this.#etag] = [undefined, {}, ''];
            this.#show(mine);
            this.#remove.hidden = true;
          }
          this.#between.replaceChildren();
          this.#typed();
        },
        takeTheirs: () => {
          drafts.forget(this.#key);
          onDone('discard', now ? id : undefined);
        },
      });
      this.#say(undefined, speech.word('notSaved'));
      this.#between.replaceChildren(view);
      view.focus();
    } catch {
      this.#say(undefined, speech.word('notAnswered'));
    }
  }
}
