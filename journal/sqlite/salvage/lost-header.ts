/**
 * The first page of a SQLite file says where every table starts; without it nothing is found.
 *
 * The journal's schema always lays out the same pages, so the first page of a new journal fits an old one: only
 * the file's length in pages and the list of free pages differ. Used by salvage alone, after SQLite has given
 * up. Invariant: what stood in the first page is kept in a file beside it.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { openJournalFile } from '../file/journal-file.ts';

const PAGE_BYTES = 4096;
/** Offsets in the header, https://sqlite.org/fileformat2.html#the_database_header, big-endian. */
const CHANGE_COUNTER = 24;
const PAGE_COUNT = 28;
const FIRST_FREE_PAGE = 32;
const FREE_PAGES = 36;
const VALID_FOR_CHANGE = 92;

/** Writes a first page that fits; false where the file is too short to have held anything. */
export function replaceLostHeader(file: string, keptHeader: string): boolean {
  const pages = Math.floor(statSync(file).size / PAGE_BYTES);
  if (pages < 2) return false;
  const header = firstPageOfNewJournal(`${file}.header`);
  header.writeUInt32BE(pages, PAGE_COUNT);
  header.writeUInt32BE(0, FIRST_FREE_PAGE);
  header.writeUInt32BE(0, FREE_PAGES);
  header.writeUInt32BE(header.readUInt32BE(CHANGE_COUNTER), VALID_FOR_CHANGE);
  const descriptor = openSync(file, 'r+');
  try {
    const lost = Buffer.alloc(PAGE_BYTES);
    readSync(descriptor, lost, 0, PAGE_BYTES, 0);
    if (!existsSync(keptHeader)) writeFileSync(keptHeader, lost);
    writeSync(descriptor, header, 0, PAGE_BYTES, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

function firstPageOfNewJournal(file: string): Buffer {
  // One that a kill left is not new.
  removeDatabase(file);
  const database = openJournalFile(file);
  database.exec('pragma wal_checkpoint(truncate)');
  database.close();
  const page = Buffer.alloc(PAGE_BYTES);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, page, 0, PAGE_BYTES, 0);
  closeSync(descriptor);
  removeDatabase(file);
  return page;
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}
