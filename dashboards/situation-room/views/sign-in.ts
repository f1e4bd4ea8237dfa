/**
 * Signing in and out: a token that is shown once begins a session, which is the browser's own cookie from then on.
 *
 * Shared by all pages. No script ever has the session's secret, and the token is not kept. Invariants: a page whose
 * session has ended says so and keeps what is on it; whoever signs in again goes on where they were.
 */
import { type ApiClient, ApiError } from '../state/api/api-client.ts';
import type { Viewer } from '../state/api/api-shapes.ts';
import type { Speech } from '../state/words/speech.ts';
import { byId, setOptionalText, setText } from './dom.ts';

/** Who may use the page of the city. */
export const EDITORS: ReadonlySet<string> = new Set(['admin', 'engineer']);
/** Where the pages of before kept a token. */
const STORED_AS = 'siaga-token';
/** The page was loaded anew because its session had ended. */
const ENDED_AS = 'siaga-session-ended';
/** When it is said that the session will end: the shift that begins now, and the next. */
const NEAR_END_MS = 36 * 3_600_000;

/** What the page knows of who looks at it. */
export interface Seen {
  readonly speech: Speech;
  readonly viewer: Viewer;
  readonly nowMs: number;
}

export interface SignInOptions {
  readonly client: ApiClient;
  readonly currentSpeech: () => Speech;
  /** Another person, or nobody: the page starts anew. Not called where an ended session begins again. */
  readonly onChanged: () => void;
}

/** A token that the page of an earlier version kept becomes a session, so that an update signs nobody out. */
export async function exchangeStoredToken(client: ApiClient): Promise<void> {
  const token = sessionStorage.getItem(STORED_AS);
  if (token === null) return;
  try {
    await client.post('v1/session', { token });
  } catch (error) {
    // A server that is away is asked again when the page is loaded again.
    if (!(error instanceof ApiError)) return;
  }
  sessionStorage.removeItem(STORED_AS);
}

/** A wall goes on as everybody's, and says so. */
export function goOnAsPublic(): void {
  sessionStorage.setItem(ENDED_AS, 'true');
  location.reload();
}

export function createSignIn({ client, currentSpeech, onChanged }: SignInOptions): {
  update(seen: Seen): void;
} {
  const dialog = byId('sign-in-dialog') as HTMLDialogElement;
  const field = byId('token') as HTMLInputElement;
  const problem = byId('sign-in-problem');
  /** The page of accounts has no link to itself. */
  const accountsLink = document.getElementById('accounts-link');
  const cityLink = document.getElementById('city-link');
  let failed: string | undefined;
  const open = () => {
    setOptionalText(problem, undefined);
    field.value = '';
    dialog.showModal();
  };
  byId('sign-in').addEventListener('click', () => {
    if (client.isSignedIn && !client.isEnded) void signOut();
    else open();
  });
  byId('sign-in-again').addEventListener('click', open);
  byId('sign-in-cancel').addEventListener('click', () => dialog.close());
  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void tryToken(field.value.trim());
  });

  async function signOut(): Promise<void> {
    try {
      await client.delete('v1/session');
    } catch (error) {
      // Signed out is said only where it is so.
      if (!client.isEnded) {
        failed = (error as Error).message;
        return;
      }
    }
    onChanged();
  }

  async function tryToken(token: string): Promise<void> {
    const wasEnded = client.isEnded;
    try {
      await client.post('v1/session', { token });
      field.value = '';
      dialog.close();
      sessionStorage.removeItem(ENDED_AS);
      if (!wasEnded) onChanged();
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      setOptionalText(problem, refused ? currentSpeech().word('tokenRefused') : (error as Error).message);
      field.select();
    }
  }

  return {
    update({ speech, viewer, nowMs }) {
      const { isSignedIn, isEnded } = client;
      const isStaff = viewer.role !== 'public';
      const button = byId('sign-in');
      // Where the API asks for nobody's name there is nothing to sign in to.
      button.hidden = !isSignedIn && isStaff;
      setText(button, speech.word(isSignedIn && !isEnded ? 'signOut' : 'signIn'));
      const ofStaff = isSignedIn ? `${viewer.name} (${viewer.role})` : undefined;
      setOptionalText(byId('viewer'), isStaff ? ofStaff : speech.word('sign112'));
      if (accountsLink) accountsLink.hidden = !isStaff;
      if (cityLink) cityLink.hidden = !EDITORS.has(viewer.role);
      const wasEnded = sessionStorage.getItem(ENDED_AS) !== null;
      const note =
        isEnded || wasEnded
          ? speech.word(isEnded ? 'sessionEnded' : 'sessionEndedPublic')
          : (failed ?? describeNearEnd(viewer, speech, nowMs));
      byId('session-note').hidden = note === undefined;
      byId('sign-in-again').hidden = !(isEnded || wasEnded);
      setText(byId('session-text'), note ?? '');
    },
  };
}

function describeNearEnd({ sessionEndsAt }: Viewer, speech: Speech, nowMs: number): string | undefined {
  if (sessionEndsAt === undefined) return undefined;
  const endsAt = Date.parse(sessionEndsAt);
  if (endsAt - nowMs > NEAR_END_MS) return undefined;
  return `${speech.word('sessionNearEnd')} ${speech.date(endsAt)} ${speech.shortTime(endsAt)} ${speech.zone}. ${speech.word('sessionAskAgain')}`;
}
