/**
 * The mark that a journal is open, and whether its files are still those that were opened.
 *
 * A file beside the journal holds which files they are (their inodes) from the opening to the close. At the start it
 * tells what SQLite does not: a log that was deleted while nobody looked takes acknowledged readings with it, and a
 * database without its log opens as if nothing had been. While the journal runs, a file that was removed or replaced
 * takes every commit, and nobody will find it again. A process that exits without closing the journal, as an owner that
 * has lost its city, notes that in the mark: SQLite then puts its log away by itself. Invariant: there is a mark
 * whenever a reading may stand in the log alone, but for a disk that is too full for it; it goes before the log does.
 */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';

interface Inodes {
  readonly database: number | undefined;
  readonly log: number | undefined;
  /** The process has exited by itself, with these files in their place. */
  readonly hasExited?: boolean;
}

/** What became of the files of a run that did not close them; `undefined` where they are as it left them. */
export type LeftOpen = 'database-gone' | 'database-replaced' | 'log-gone' | undefined;

/** Asked before anything opens the journal, which would make its log anew. */
export function lookAtLastRun(file: string): LeftOpen {
  const marked = readMark(file);
  if (!marked) return undefined;
  const database = inodeOf(file);
  if (database === undefined) return 'database-gone';
  if (database !== marked.database) return 'database-replaced';
  return inodeOf(logOf(file)) === undefined && !marked.hasExited ? 'log-gone' : undefined;
}

/** To be called as the last thing that a process does which leaves its journal open. */
export function noteExit(file: string): void {
  const marked = readMark(file);
  const isInPlace = marked?.database === inodeOf(file) && marked?.log === inodeOf(logOf(file));
  if (marked && isInPlace) writeSynced(markOf(file), JSON.stringify({ ...marked, hasExited: true }));
}

export class OpenMark {
  readonly #file: string;
  readonly #opened: Inodes;
  #isWritten = false;

  /** The journal has been opened, its log with it. */
  constructor(file: string) {
    this.#file = file;
    this.#opened = { database: inodeOf(file), log: inodeOf(logOf(file)) };
    this.#write();
  }

  /** Whether the files at their paths are those that were opened; a few microseconds. */
  isInPlace(): boolean {
    if (!this.#isWritten) this.#write();
    return inodeOf(this.#file) === this.#opened.database && inodeOf(logOf(this.#file)) === this.#opened.log;
  }

  #write(): void {
    try {
      writeSynced(markOf(this.#file), JSON.stringify(this.#opened));
      this.#isWritten = true;
    } catch {
      // No room for a hundred bytes: commits say so themselves, and it is tried again with the next one.
    }
  }
}

/** Before the journal is closed or put together anew. */
export function removeOpenMark(file: string): void {
  rmSync(markOf(file), { force: true });
}

function readMark(file: string): Inodes | undefined {
  try {
    return JSON.parse(readFileSync(markOf(file), 'utf8')) as Inodes;
  } catch {
    // Closed in order, or the machine stopped while it was written: then nothing had been acknowledged yet.
    return undefined;
  }
}

function writeSynced(path: string, text: string): void {
  const descriptor = openSync(path, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const markOf = (file: string) => `${file}.open`;
const logOf = (file: string) => `${file}-wal`;
const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;
