/**
 * The thread of one backup: copies, checks, and puts the copy in place. Started by backup-journal.ts alone.
 * Invariant: what it writes is `<to>.part` until it has stood its check.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { BackupAnswer, BackupReport } from './backup-journal.ts';
import { openJournalFileReadOnly, pragma, readLastId, SCHEMA_VERSION } from './journal-file.ts';

const { from, to } = workerData as { from: string; to: string };
parentPort?.postMessage(answer());

function answer(): BackupAnswer {
  const part = `${to}.part`;
  try {
    if (!existsSync(from)) return { error: `there is no journal at ${from}` };
    if (existsSync(to)) return { error: `${to} exists: a backup never overwrites` };
    rmSync(part, { force: true });
    copy(part);
    const report = check(part);
    sync(part);
    renameSync(part, to);
    sync(dirname(to));
    return { report };
  } catch (error) {
    rmSync(part, { force: true });
    return { error: (error as Error).message };
  }
}

function copy(part: string): void {
  const journal = openJournalFileReadOnly(from);
  try {
    const version = pragma(journal, 'user_version');
    if (version !== SCHEMA_VERSION) throw new Error(`${from} is not a journal of this Siaga`);
    journal.prepare('vacuum into ?').run(part);
  } finally {
    journal.close();
  }
}

function check(part: string): BackupReport {
  const copied = openJournalFileReadOnly(part);
  try {
    const finding = Object.values(copied.prepare('pragma integrity_check(1)').get() ?? {})[0];
    if (finding !== 'ok') throw new Error(`the copy is damaged: ${String(finding)}`);
    const count = (table: string) =>
      Number(copied.prepare(`select count(*) as count from ${table}`).get()?.['count']);
    return {
      readings: count('readings'),
      rejections: count('rejections'),
      lastId: readLastId(copied),
      bytes: statSync(part).size,
    };
  } finally {
    copied.close();
  }
}

/** On disk, file and name alike. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
