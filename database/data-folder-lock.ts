/**
 * One server a data folder: a lock that the kernel lets go of when the process ends, however it ends.
 *
 * Taken before anything in the folder is opened. It is a write transaction that stays open on a SQLite file
 * of its own and writes nothing: nothing stale is left after kill -9, and a full disk does not refuse it.
 * Command lines work beside a server and do not take it. Invariant: while it is held no other server gets
 * it, in this process or another.
 */
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError, prepareDataFolder } from './data-folder-access.ts';

const SQLITE_BUSY = 5;

/** Creates `folder` where absent and locks it. Throws DataFolderError. */
export function lockDataFolder(folder: string): Disposable {
  prepareDataFolder(folder);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(`${folder}/siaga.lock`, { timeout: 0 });
    database.exec('begin immediate');
    return database;
  } catch (error) {
    database?.close();
    const { errcode = 0, message } = error as Error & { errcode?: number };
    if ((errcode & 0xff) === SQLITE_BUSY) {
      const sentence = `${folder} is used by another Siaga: end that one, or choose another SIAGA_DATA_DIR`;
      throw new DataFolderError('DATA_FOLDER_IN_USE', sentence, { cause: error });
    }
    const sentence = `${folder} cannot be used: ${message}; may this user write to SIAGA_DATA_DIR?`;
    throw new DataFolderError('DATA_FOLDER_UNUSABLE', sentence, { cause: error });
  }
}
