/**
 * Credentials: who may call, put together: tokens, sessions, the guard against guessing, and the streams that end with
 * them.
 *
 * Opened once by app.ts. Invariant: what is revoked or ended is refused for the next call, and its live streams end at
 * once.
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { Authenticator, Credential } from '../access/access.ts';
import { OpenLinks } from '../accounts/invitations.ts';
import { isOf } from '../accounts/session-store.ts';
import { Sessions } from '../accounts/sessions.ts';
import type { StreamHub } from '../live/stream-hub.ts';
import { createGuessGuard, type GuessGuard } from '../server/guess-guard.ts';
import type { WrongTokens } from '../server/load-bounds.ts';
import { createAuthenticator } from './authenticator.ts';
import { readTokensInForce } from './token-store.ts';

export interface CredentialsDependencies {
  readonly config: { readonly API_AUTH: boolean; readonly PUBLIC_URL?: string | undefined };
  readonly database: Database;
  readonly hub: StreamHub;
  readonly wrongTokens: WrongTokens;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

export interface Credentials {
  /** Absent where API_AUTH is false: then everybody is `local`. */
  readonly authenticator: Authenticator | undefined;
  readonly sessions: Sessions;
  readonly guard: GuessGuard;
  readonly links: OpenLinks;
  readonly readCredentials: () => Promise<ReadonlySet<Credential>>;
  readonly onTokenMade: () => void;
  /** Its sessions end too. */
  readonly onTokenRevoked: (tokenId: number, actor: string) => Promise<void>;
}

export function openCredentials(dependencies: CredentialsDependencies): Credentials {
  const { config, database, hub, wrongTokens, metrics, now } = dependencies;
  const guard = createGuessGuard(wrongTokens, metrics);
  const sessions = new Sessions({
    ...dependencies,
    onEnded: (ids) => {
      const ended = new Set<Credential>(ids.map((id) => `session ${id}` as const));
      hub.endCredentials((credential) => ended.has(credential));
    },
  });
  const authenticator = config.API_AUTH
    ? createAuthenticator({ ...dependencies, sessions, guard, publicUrl: config.PUBLIC_URL })
    : undefined;
  return {
    authenticator,
    sessions,
    guard,
    links: new OpenLinks(dependencies),
    async readCredentials() {
      const tokens = await readTokensInForce(database, now());
      const open = await sessions.list();
      return new Set<Credential>([
        ...[...tokens.values()].map(({ id }) => `token ${id}` as const),
        ...open.map(({ id }) => `session ${id}` as const),
      ]);
    },
    onTokenMade: () => authenticator?.readAgain(),
    async onTokenRevoked(tokenId, actor) {
      authenticator?.forget(tokenId);
      hub.endCredentials((credential) => credential === `token ${tokenId}`);
      await sessions.end((session) => isOf(session, { token: tokenId }), { why: 'removed', actor });
    },
  };
}
