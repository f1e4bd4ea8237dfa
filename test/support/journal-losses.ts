/**
 * What may happen to the files of a journal that was killed, for tests: each is done to a copy with its log on the
 * disk.
 *
 * Pages are told apart by what they hold. Invariant: the journal held readings 0 to `readings`, and of messages and
 * rejections a tenth as many, as test/contract/journal-losses.long.test.ts fills it.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { gaugeReading } from './journal-fixture.ts';

const PAGE_BYTES = 4096;
const FRAME_BYTES = 24 + PAGE_BYTES;
/** Of readings; in the older copy there are half of them. */
export const ALL = 2_000;
export const HALF = ALL / 2;

export interface Files {
  readonly file: string;
  /** As it was with half of the readings. */
  readonly older: string;
}

export const pageWith = (file: string, needle: Buffer) =>
  Math.floor(readFileSync(file).indexOf(needle) / PAGE_BYTES) * PAGE_BYTES;
export const recordOf = (n: number) => Buffer.from(Float64Array.of(gaugeReading(n).receivedAt, n).buffer);

export function overwrite(file: string, offset: number, length = PAGE_BYTES): void {
  if (offset < 0) throw new Error(`nothing in ${file} to damage`);
  const content = readFileSync(file);
  content.fill(0xa5, offset, offset + length);
  writeFileSync(file, content);
}

/** Takes the log of the file in, as SQLite does at the end of a process, so that a page of it can be damaged. */
function takeLogIn(file: string): void {
  takeLogInOf(file);
  writeFileSync(`${file}-wal`, '');
}

/** The same while the journal is open. */
export function takeLogInOf(file: string): void {
  using beside = new DatabaseSync(file);
  beside.exec('pragma wal_checkpoint(full)');
}

export const LOSSES: Readonly<Record<string, (files: Files) => void>> = {
  'its log on the disk was deleted': ({ file }) => rmSync(`${file}-wal`),
  'its log on the disk was damaged in the middle': ({ file }) => {
    const frames = (readFileSync(`${file}-wal`).length - 32) / FRAME_BYTES;
    overwrite(`${file}-wal`, 32 + Math.floor(frames / 2) * FRAME_BYTES + 500, 100);
  },
  'the log of an older state stands beside its file': ({ file, older }) =>
    copyFileSync(`${older}-wal`, `${file}-wal`),
  'a page in the middle was damaged': ({ file }) => {
    takeLogIn(file);
    overwrite(file, pageWith(file, recordOf(HALF)));
  },
  'its last page of readings was damaged': ({ file }) => {
    takeLogIn(file);
    overwrite(file, pageWith(file, recordOf(ALL - 1)));
  },
  'a page of messages was damaged': ({ file }) => {
    takeLogIn(file);
    overwrite(file, pageWith(file, Buffer.from('{"n":100}')));
  },
  'a page of rejections was damaged': ({ file }) => {
    takeLogIn(file);
    overwrite(file, pageWith(file, Buffer.from('{"levelM":100')));
  },
  'half of its file is missing': ({ file }) => {
    takeLogIn(file);
    const content = readFileSync(file);
    writeFileSync(file, content.subarray(0, Math.floor(content.length / 2 / PAGE_BYTES) * PAGE_BYTES));
  },
  'it is no database at all': ({ file }) => {
    rmSync(`${file}-wal`);
    writeFileSync(file, Buffer.alloc(200_000, 'not a journal '));
  },
  'an older copy, with its log, is in its place': ({ file, older }) => {
    for (const suffix of ['', '-wal']) copyFileSync(older + suffix, file + suffix);
  },
  'an older copy is in its place, beside the log of the newer one': ({ file, older }) => {
    takeLogIn(older);
    rmSync(file);
    copyFileSync(older, file);
  },
  'its file was deleted, and its log was not': ({ file }) => rmSync(file),
  'it was deleted whole': ({ file }) => {
    for (const suffix of ['', '-wal', '-shm', '.open']) rmSync(file + suffix, { force: true });
  },
  'nothing was: it was only killed': () => undefined,
};
