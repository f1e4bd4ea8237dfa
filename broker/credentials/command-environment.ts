/** What the commands of `npm run devices` work on, and how they are refused. */
import type { City } from '../../cities/city.ts';
import type { Database } from '../../database/database.ts';

/** Words that make no command. */
export class CommandError extends Error {
  readonly code = 'COMMAND_INVALID';
}

export interface Environment {
  readonly database: Database;
  readonly city: City;
  /** Who; for the audit. */
  readonly actor: string;
  /** Epoch ms. */
  readonly now: number;
  /** Standard output: what was asked for. */
  readonly print: (line: string) => void;
  /** Standard error: what to know about it. */
  readonly note: (line: string) => void;
  readonly readText: (file: string) => string;
  /** Creates a file for secrets, before any is issued; throws when it exists. Returns the way to fill it. */
  readonly createSecretFile: (file: string) => (text: string) => void;
}
