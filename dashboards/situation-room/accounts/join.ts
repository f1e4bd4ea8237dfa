/**
 * The page that a link of an invitation opens: whom it is for, and one button that uses it.
 *
 * The secret stands behind `#`, so that it is in no log, and a chat that looks at the link beforehand gets this page
 * and nothing else. Invariants: only the button uses the link; the secret leaves the address with its use.
 */
import { listenForLanguage, loadLanguage, readLanguage, speakMarkup } from '../page-language.ts';
import type { Answer } from '../state/api/answer-shapes.ts';
import { ApiClient, ApiError } from '../state/api/api-client.ts';
import type { Language } from '../state/words/speech.ts';
import { byId, setOptionalText, setText } from '../views/dom.ts';
import { createAccountsSpeech } from './accounts-speech.ts';
import type { AccountsWord } from './words-id.ts';

type Invitation = Answer<'Invitation', 'name' | 'role' | 'invitedBy'>;

const client = new ApiClient(document.baseURI);
await loadLanguage();
let speech = createAccountsSpeech(readLanguage(), 'Asia/Jakarta');
let found: Invitation | undefined;
let problem: AccountsWord | undefined;

function draw(): void {
  setOptionalText(byId('join-problem'), problem === undefined ? undefined : speech.word(problem));
  byId('join-retry').hidden = problem !== 'joinOffline';
  byId('join-offer').hidden = found === undefined || problem === 'joinOver';
  if (!found) return;
  setText(byId('join-name'), found.name);
  const role = speech.wordOr(`role_${found.role}`);
  setText(byId('join-from'), `${role}, ${speech.word('joinFrom')} ${found.invitedBy}`);
}

function speak(language: Language): void {
  speech = createAccountsSpeech(language, 'Asia/Jakarta');
  speakMarkup(speech);
  document.title = `Siaga · ${speech.word('joinTitle')}`;
  draw();
}

const readSecret = () => location.hash.slice(1);

async function look(): Promise<void> {
  problem = undefined;
  const secret = readSecret();
  if (secret === '') problem = 'joinBroken';
  else {
    try {
      found = await client.post<Invitation>('v1/invitations/look', { invitation: secret });
    } catch (error) {
      problem = explain(error);
    }
  }
  draw();
}

async function join(): Promise<void> {
  const button = byId('join-yes') as HTMLButtonElement;
  button.disabled = true;
  try {
    await client.post('v1/session', { invitation: readSecret() });
    history.replaceState(null, '', location.pathname);
    location.replace(new URL(pageOf(found?.role), document.baseURI));
  } catch (error) {
    problem = explain(error);
    button.disabled = false;
    draw();
  }
}

/** Where the work of this role is. */
function pageOf(role: string | undefined): string {
  return role === 'dispatcher' || role === 'admin' ? 'desk' : 'room';
}

function explain(error: unknown): AccountsWord {
  if (!(error instanceof ApiError)) return 'joinOffline';
  if (error.status === 401) return 'joinOver';
  if (error.status === 409) return 'joinNotNeeded';
  return error.status === 400 ? 'joinBroken' : 'joinOffline';
}

listenForLanguage(speak);
byId('join-yes').addEventListener('click', () => void join());
byId('join-retry').addEventListener('click', () => void look());
// A second link that is pasted into the same tab changes what is behind `#` and nothing else.
addEventListener('hashchange', () => void look());
speak(speech.language);
await look();
