/** What the routes of accounts work with; credentials.ts opens it. */
import type { Database } from '../../database/database.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { Authenticator } from '../access/access.ts';
import type { GuessGuard } from '../server/guess-guard.ts';
import type { OpenLinks } from './invitations.ts';
import type { Sessions } from './sessions.ts';

export interface AccountsDependencies {
  readonly config: { readonly PUBLIC_URL?: string | undefined };
  readonly database: Database;
  readonly registry: Registry;
  /** Absent where API_AUTH is false: then nobody signs in. */
  readonly authenticator: Authenticator | undefined;
  readonly sessions: Sessions;
  readonly guard: GuessGuard;
  readonly links: OpenLinks;
  readonly now: () => number;
}
