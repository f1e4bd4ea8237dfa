/** The mark of an open journal, after a process that exits without closing it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookAtLastRun, noteExit, OpenMark, removeOpenMark } from '../../../journal/sqlite/file/open-mark.ts';

let folder: string;
let file: string;
let database: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-mark-'));
  file = join(folder, 'journal.db');
  database = new DatabaseSync(file);
  database.exec(
    'pragma journal_mode = wal; create table readings (id integer); insert into readings values (1)',
  );
  new OpenMark(file);
});
afterEach(() => {
  if (database.isOpen) database.close();
  rmSync(folder, { recursive: true });
});

test('a log that SQLite put away as the process exited is none that was deleted', () => {
  noteExit(file);
  // What the end of the process does to each connection.
  database.close();
  expect(lookAtLastRun(file)).toBeUndefined();
});

test('a log that somebody deleted is missed, also where the process exits after that', () => {
  rmSync(`${file}-wal`);
  noteExit(file);
  expect(lookAtLastRun(file)).toBe('log-gone');
});

test('a process that was killed notes nothing: its log must be there', () => {
  expect(lookAtLastRun(file)).toBeUndefined();
  rmSync(`${file}-wal`);
  expect(lookAtLastRun(file)).toBe('log-gone');
});

test('a journal that was closed has no mark, and an exit makes none', () => {
  removeOpenMark(file);
  noteExit(file);
  database.close();
  expect(lookAtLastRun(file)).toBeUndefined();
});
