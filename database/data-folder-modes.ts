/**
 * The data folder is for the account that runs Siaga: callers' numbers, secrets and tokens stand in it.
 *
 * New files are private by the umask that each program sets first. What an older version, a restore or another umask
 * left open is closed here, at the start of the server. Invariant: modes only become tighter, and what could not be
 * closed is named.
 */
import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Everything of group and others. */
const FOREIGN_BITS = 0o077;
/** For `process.umask`: what the program creates is for its own account only. */
export const PRIVATE_UMASK = FOREIGN_BITS;

export interface TightenedModes {
  /** Paths that other accounts could use, and cannot any more. */
  readonly closed: readonly string[];
  /** They still can: the path belongs to somebody else. */
  readonly stillOpen: readonly string[];
}

/** The folder and what lies in it; a folder in it is closed as a whole. Windows has no such modes. */
export function tightenDataFolder(folder: string): TightenedModes {
  const closed: string[] = [];
  const stillOpen: string[] = [];
  if (process.platform === 'win32') return { closed, stillOpen };
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (!entry || entry.isSymbolicLink() || (entry.mode & FOREIGN_BITS) === 0) continue;
    try {
      chmodSync(path, entry.mode & 0o700);
      closed.push(path);
    } catch {
      // Only its owner may; the caller says so.
      stillOpen.push(path);
    }
  }
  return { closed, stillOpen };
}
