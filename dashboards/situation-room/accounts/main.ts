/**
 * The page of accounts: everybody's own sessions, and for administrators people, links and what was done with them.
 *
 * Read anew after each deed and every ten seconds. Invariants: a link is shown once and is gone when the page is; what
 * cuts somebody off is asked first.
 */
import { listenForLanguage, loadLanguage, readLanguage, speakMarkup } from '../page-language.ts';
import { ApiClient, ApiError } from '../state/api/api-client.ts';
import type { Language } from '../state/words/speech.ts';
import { byId, createKeyedList, html, setOptionalText, setText } from '../views/dom.ts';
import { createSignIn, exchangeStoredToken } from '../views/sign-in.ts';
import {
  type Accounts,
  type Act,
  type Invited,
  type Person,
  readAccounts,
  type Session,
} from './accounts-calls.ts';
import { createAccountsSpeech } from './accounts-speech.ts';
import { createLinkPanel } from './link-panel.ts';
import { createPeopleList } from './people-list.ts';
import { createPersonDialog } from './person-dialog.ts';
import { createSessionList } from './session-list.ts';
import type { AccountsWord } from './words-id.ts';

const READ_EVERY_MS = 10_000;
/** The page asks nothing of the city, whose zone it does not know: the time of this computer's own. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ANYBODY = { name: 'anonymous', role: 'public' } as const;

const client = new ApiClient(document.baseURI);
await exchangeStoredToken(client);
await loadLanguage();
let speech = createAccountsSpeech(readLanguage(), ZONE);
let accounts: Accounts | undefined;

const signIn = createSignIn({
  client,
  currentSpeech: () => speech,
  onChanged: () => location.reload(),
});
const linkPanel = createLinkPanel(() => speech);
const mine = createSessionList(byId('mine'), endSession);
const ofTokens = createSessionList(byId('token-sessions'), endSession);
const personDialog = createPersonDialog({
  client,
  currentSpeech: () => speech,
  async readAgain(person) {
    await read();
    return accounts?.people.find(({ id }) => id === person);
  },
});
const people = createPeopleList({ change: personDialog.open, newLink, withdrawLink, remove, endSession });
const acts = createKeyedList<Act>(
  byId('acts'),
  ({ id }) => String(id),
  () => {
    const element = html('li');
    return { element, update: (act) => setText(element, describeAct(act)) };
  },
);

function describeAct({ at, actor, act, subject }: Act): string {
  const atMs = Date.parse(at);
  const when = `${speech.date(atMs)} ${speech.shortTime(atMs)}`;
  const whom = act.startsWith('signed-') && actor === subject ? '' : ` ${subject}`;
  return `${when} · ${actor} ${speech.wordOr(`act_${act}`)}${whom}`;
}

function draw(): void {
  const { viewer = ANYBODY, sessions = [] } = accounts ?? {};
  const nowMs = client.now();
  signIn.update({ speech, viewer, nowMs });
  byId('not-for-you').hidden = accounts !== undefined;
  byId('accounts').hidden = accounts === undefined;
  if (!accounts) return;
  const isAdmin = viewer.role === 'admin';
  for (const id of ['invite-section', 'people-section', 'acts-section']) byId(id).hidden = !isAdmin;
  const lines = (of: readonly Session[]) => of.map((session) => ({ session, speech, nowMs }));
  const own = sessions.filter(({ name }) => name === viewer.name);
  mine.update(lines(own));
  byId('no-sessions').hidden = own.length > 0;
  byId('sign-out-everywhere').hidden = own.length === 0;
  const byToken = sessions.filter((each) => each.by === 'token' && each.name !== viewer.name);
  byId('token-sessions-section').hidden = byToken.length === 0;
  ofTokens.update(lines(byToken));
  byId('no-people').hidden = accounts.people.length > 0;
  people.update(
    accounts.people.map((person) => ({
      person,
      sessions: sessions.filter(({ by, name }) => by === 'invitation' && name === person.name),
      ...{ speech, nowMs },
    })),
  );
  acts.update(accounts.acts);
  linkPanel.update(accounts.people);
}

function speak(language: Language): void {
  speech = createAccountsSpeech(language, ZONE);
  speakMarkup(speech);
  document.title = `Siaga · ${speech.word('accountsTitle')}`;
  draw();
}

async function read(): Promise<void> {
  try {
    accounts = await readAccounts(client);
    setOptionalText(byId('problem'), undefined);
  } catch (error) {
    // An ended session is said by its own line.
    const isEnded = error instanceof ApiError && error.status === 401;
    setOptionalText(byId('problem'), isEnded ? undefined : speech.word('notReached'));
  }
  draw();
}

/** Does it, says why not, and reads all again. */
async function act(deed: () => Promise<void>, problemId = 'problem'): Promise<void> {
  try {
    await deed();
    setOptionalText(byId(problemId), undefined);
  } catch (error) {
    await read();
    setOptionalText(byId(problemId), client.isEnded ? undefined : (error as Error).message);
    return;
  }
  await read();
}

/** Does it where the person says yes. */
function ask(title: string, text: AccountsWord, onYes: () => Promise<void>): void {
  const dialog = byId('ask-dialog') as HTMLDialogElement;
  setText(byId('ask-title'), title);
  setText(byId('ask-text'), speech.word(text));
  dialog.returnValue = 'no';
  dialog.addEventListener('close', () => dialog.returnValue === 'yes' && void act(onYes), { once: true });
  dialog.showModal();
}

function endSession(session: Session): void {
  ask(session.name, 'endSessionAsk', async () => {
    await client.delete(`v1/sessions/${session.id}`);
    if (session.isThis) location.reload();
  });
}

function newLink(person: Person): void {
  const linkHours = Number((byId('invite-hours') as HTMLSelectElement).value);
  void act(async () =>
    linkPanel.show(await client.post<Invited>(`v1/people/${person.id}/link`, { linkHours })),
  );
}

function withdrawLink(person: Person): void {
  void act(async () => {
    await client.delete(`v1/people/${person.id}/link`);
    linkPanel.hide();
  });
}

function remove(person: Person): void {
  ask(person.name, 'removePersonAsk', async () => {
    await client.delete(`v1/people/${person.id}`);
    linkPanel.hide();
  });
}

byId('invite-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const [name, role, hours] = ['invite-name', 'invite-role', 'invite-hours'].map(byId) as [
    HTMLInputElement,
    HTMLSelectElement,
    HTMLSelectElement,
  ];
  const body = { name: name.value.trim(), role: role.value, linkHours: Number(hours.value) };
  void act(async () => {
    linkPanel.show(await client.post<Invited>('v1/people', body));
    name.value = '';
  }, 'invite-problem');
});
byId('sign-out-everywhere').addEventListener('click', () =>
  ask(accounts?.viewer.name ?? '', 'signOutEverywhereAsk', async () => {
    await client.delete('v1/sessions');
    location.reload();
  }),
);

listenForLanguage(speak);
client.onSession = () => draw();
speak(speech.language);
await read();
setInterval(() => void read(), READ_EVERY_MS);
