/**
 * Signing in: a token for this tab, and out again.
 *
 * The token lies in the tab's session storage: a wall's screen keeps it through a reload, and a closed tab
 * forgets it. Invariant: a token is kept only after the API has taken it for somebody on the staff's list.
 */
import { type ApiClient, ApiError } from '../state/api-client.ts';
import { byId, setOptionalText, setText } from './dom.ts';
import type { Room } from './room.ts';

const STORED_AS = 'siaga-token';

export function readStoredToken(): string | undefined {
  return sessionStorage.getItem(STORED_AS) ?? undefined;
}

export function forgetToken(): void {
  sessionStorage.removeItem(STORED_AS);
}

export interface SignInOptions {
  readonly client: ApiClient;
  readonly currentRoom: () => Room | undefined;
  /** The page starts anew with what the token may see. */
  readonly onChanged: () => void;
}

export function createSignIn({ client, currentRoom, onChanged }: SignInOptions): {
  update(room: Room): void;
} {
  const dialog = byId('sign-in-dialog') as HTMLDialogElement;
  const field = byId('token') as HTMLInputElement;
  const problem = byId('sign-in-problem');
  byId('sign-in').addEventListener('click', () => {
    if (client.token !== undefined) {
      forgetToken();
      onChanged();
      return;
    }
    setOptionalText(problem, undefined);
    field.value = '';
    dialog.showModal();
  });
  byId('sign-in-cancel').addEventListener('click', () => dialog.close());
  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void tryToken(field.value.trim());
  });

  async function tryToken(token: string): Promise<void> {
    const before = client.token;
    client.token = token;
    try {
      await client.get('v1/city');
      sessionStorage.setItem(STORED_AS, token);
      dialog.close();
      onChanged();
    } catch (error) {
      client.token = before;
      const refused = error instanceof ApiError && error.status === 401;
      const words = currentRoom()?.speech.word('tokenRefused') ?? '';
      setOptionalText(problem, refused ? words : (error as Error).message);
      field.select();
    }
  }

  return {
    update({ speech, state }) {
      const button = byId('sign-in');
      const isSignedIn = client.token !== undefined;
      // Where the API asks for no token there is nothing to sign in to.
      button.hidden = !isSignedIn && state.isStaff;
      setText(button, speech.word(isSignedIn ? 'signOut' : 'signIn'));
      const { name, role } = state.viewer;
      const ofStaff = isSignedIn ? `${name} (${role})` : undefined;
      setOptionalText(byId('viewer'), state.isStaff ? ofStaff : speech.word('sign112'));
    },
  };
}
