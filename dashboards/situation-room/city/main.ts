/**
 * The page of the city, for administrators and engineers: its lists, one entry in the form, what was changed, and what
 * the folder says otherwise.
 *
 * Invariants: everything that is shown came from the API, which decides who may; an entry that is being edited is left
 * by nothing but its person, and what was typed waits as a draft.
 */
import { listenForLanguage, loadLanguage, readLanguage, speakMarkup } from '../page-language.ts';
import type { Answer } from '../state/api/answer-shapes.ts';
import { ApiClient, ApiError } from '../state/api/api-client.ts';

import { CityState } from '../state/city-state.ts';
import type { Language } from '../state/words/speech.ts';
import { byId, html, setAttribute, setOptionalText, setText } from '../views/dom.ts';
import { createSignIn, EDITORS, exchangeStoredToken } from '../views/sign-in.ts';
import { ChangesView } from './changes-view.ts';
import { createCityCalls, type Form, type Forms } from './city-calls.ts';
import { type CitySpeech, createCitySpeech } from './city-speech.ts';
import { DifferencesView } from './differences-view.ts';
import { createDrafts } from './drafts.ts';
import { EntryEditor } from './entry-editor.ts';
import { EntryList } from './entry-list.ts';
import type { Entry } from './entry-values.ts';
import type { CityWord } from './words-id.ts';

const LISTS = [
  'devices',
  'hospitals',
  'bases',
  'kecamatan',
  'rivers',
  'uplinks',
  'channels',
  'alertRules',
] as const;
/** A server that is starting, or has too much to do, is asked again. */
const RETRY_START_MS = 3_000;

const client = new ApiClient(document.baseURI);
const calls = createCityCalls(client);
const drafts = createDrafts(sessionStorage);
await loadLanguage();
let speech: CitySpeech = createCitySpeech(readLanguage(), 'Asia/Jakarta');
let state: CityState | undefined;
let forms: Forms | undefined;
let list: string = LISTS[0];
let opened: { readonly form: Form; readonly id: string | undefined } | undefined;

const entries = new EntryList(calls, { open: (form, id) => void open(form, id), fail });
const changes = new ChangesView(calls, ({ list: of, entry }) => {
  void entries.refresh();
  if (opened?.form.list === of && opened.id === entry) void open(opened.form, entry);
});
const differences = new DifferencesView(calls, ({ list: of, id, seedNow, here }) => {
  const kind = here?.['kind'] ?? null;
  const form = forms?.forms.find((each) => each.list === of && each.kind === kind);
  if (form && seedNow) void open(form, id, { value: seedNow });
});
const signIn = createSignIn({
  client,
  currentSpeech: () => speech.shared,
  onChanged: () => location.reload(),
});

function showSignIn(): void {
  if (state) signIn.update({ speech: speech.shared, viewer: state.viewer, nowMs: client.now() });
}

interface Opening {
  /** To begin with instead of what stands. */
  readonly value?: Entry;
  /** What to say of what was done before. */
  readonly word?: CityWord;
}

/** Opens an entry, or a new one, in the form. */
async function open(form: Form, id: string | undefined, { value, word }: Opening = {}): Promise<void> {
  try {
    const seen = id === undefined ? { entry: startOf(form), etag: '' } : await calls.read(form.path, id);
    const options = {
      form,
      forms: forms as Forms,
      id,
      base: seen.entry,
      etag: seen.etag,
      calls,
      drafts,
      speech,
    };
    const editor = new EntryEditor({ ...options, ...(value ? { value } : {}), onDone });
    opened = { form, id };
    setText(byId('entry-title'), `${speech.field(form.list)}: ${id ?? speech.word('newEntry')}`);
    byId('editor').replaceChildren(editor.element);
    byId('idle').hidden = true;
    entries.mark(id);
    if (word) editor.say(word);
    setOptionalText(byId('problem'), undefined);
    byId('entry-title').focus();
  } catch (error) {
    fail(error);
  }
}

/** The kind of a device is chosen before. */
function startOf({ kind }: Form): Entry {
  return kind === null ? {} : { kind };
}

function onDone(word: CityWord, id: string | undefined): void {
  const form = opened?.form;
  if (word !== 'discard') {
    void entries.refresh();
    changes.show(speech);
    void showDifferences();
  }
  if (form && id !== undefined) {
    void open(form, id, word === 'discard' ? {} : { word });
    return;
  }
  opened = undefined;
  byId('editor').replaceChildren(
    html('p', { class: 'said', role: 'status' }, word === 'discard' ? '' : speech.word(word)),
  );
  setText(byId('entry-title'), speech.word('entry'));
  byId('idle').hidden = false;
  entries.mark(undefined);
}

function fail(error: unknown): void {
  const reason = error instanceof ApiError ? error.message : speech.word('notAnswered');
  setOptionalText(byId('problem'), reason);
}

async function showDifferences(): Promise<void> {
  await differences.show(speech).catch(fail);
}

function choose(next: string): void {
  list = next;
  (byId('search') as HTMLInputElement).value = '';
  showList();
}

function showList(): void {
  for (const button of byId('lists').querySelectorAll<HTMLElement>('button')) {
    setText(button, speech.field(button.dataset['list'] as string));
    setAttribute(button, 'aria-pressed', button.dataset['list'] === list ? 'true' : 'false');
  }
  if (forms) entries.show(list, forms, speech);
}

function speak(language: Language): void {
  speech = createCitySpeech(language, state?.city.timeZone ?? 'Asia/Jakarta');
  speakMarkup(speech.shared);
  for (const element of document.querySelectorAll<HTMLElement>('[data-city-word]')) {
    setText(element, speech.word(element.dataset['cityWord'] as CityWord));
  }
  document.title = `Siaga · ${speech.word('title')}`;
  showSignIn();
  if (!forms) return;
  showList();
  changes.show(speech);
  void showDifferences();
  // What is typed is a draft, and is shown again.
  if (opened) void open(opened.form, opened.id);
}

async function start(): Promise<void> {
  try {
    const { city, you } = await client.get<Answer<'GetCityAnswer'>>('v1/city');
    state = new CityState(city, you);
    setText(byId('city-name'), city.name);
    const isForThem = EDITORS.has(you.role);
    byId('for-whom').hidden = isForThem;
    byId('city').hidden = !isForThem;
    if (isForThem) forms = await calls.forms();
    setOptionalText(byId('problem'), undefined);
    speak(speech.shared.language);
  } catch (error) {
    fail(error);
    setTimeout(() => void start(), RETRY_START_MS);
  }
}

byId('lists').replaceChildren(
  ...LISTS.map((each) => {
    const button = html('button', { type: 'button', 'data-list': each });
    button.addEventListener('click', () => choose(each));
    return button;
  }),
);
listenForLanguage(speak);
speak(speech.shared.language);
client.onSession = showSignIn;
void exchangeStoredToken(client).then(start);
