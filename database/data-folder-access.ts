/**
 * Whether this account may use the data folder and the files in it: asked before any of them is opened.
 *
 * SQLite says no more than "attempt to write a readonly database". Invariant: who cannot start is told which path,
 * which account, and what to do.
 */
import { accessSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** What the server opens for writing; everything else in the folder is no condition. */
const OWN_FILES = /^((journal|state|history)\.db(-wal|-shm|\.open)?|siaga\.lock)$/;

/** The folder is used by another server, or cannot be used at all. */
export class DataFolderError extends Error {
  readonly code: 'DATA_FOLDER_IN_USE' | 'DATA_FOLDER_UNUSABLE';
  constructor(code: DataFolderError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Creates `folder` where absent. Throws DataFolderError where it, or one of our files in it, is not for this account.
 */
export function prepareDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const name of readdirSync(folder).filter((each) => OWN_FILES.test(each))) {
      accessSync(join(folder, name), constants.R_OK | constants.W_OK);
    }
  } catch (error) {
    throw new DataFolderError('DATA_FOLDER_UNUSABLE', explain(folder, error as NodeJS.ErrnoException), {
      cause: error,
    });
  }
}

function explain(folder: string, { code, message, path = folder }: NodeJS.ErrnoException): string {
  const begin = `${folder} cannot be used`;
  if (code === 'EROFS') {
    return `${begin}: ${path} is on a file system that is mounted read-only; mount it writable, or choose another SIAGA_DATA_DIR`;
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (code !== 'EACCES' || !found) return `${begin}: ${message}; choose another SIAGA_DATA_DIR`;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  const user = nameUser();
  return `${begin}: ${user} may not read and write ${path}, which belongs to uid ${found.uid} (mode ${mode}); run Siaga as that user, or "chown -R ${process.getuid?.()} ${folder}", or choose another SIAGA_DATA_DIR`;
}

/** The account that this program runs as, for people: `siaga (uid 10001)`. */
export function nameUser(): string {
  const uid = `uid ${process.getuid?.()}`;
  try {
    return `${userInfo().username} (${uid})`;
  } catch {
    // An account without a name, as some containers have.
    return uid;
  }
}
