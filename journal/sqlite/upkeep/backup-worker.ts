/**
 * The thread of one backup: copies, checks, and puts the copy in place. Started by backup-journal.ts alone.
 * Invariant: what it writes is `<to>.part` until it has stood its check.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { createCallAnswerer } from '../../../database/worker-calls.ts';
import { type BackupCalls, type BackupReport, type BackupWork, findObstacle } from './backup-journal.ts';

parentPort?.on('message', createCallAnswerer<BackupCalls>({ copy: makeCopy }));

/** Throws an Error with one clear sentence. */
function makeCopy({ from, to, tables }: BackupWork): BackupReport {
  const part = `${to}.part`;
  const obstacle = findObstacle({ from, to });
  if (obstacle) throw new Error(obstacle);
  try {
    rmSync(part, { force: true });
    copy(from, part);
    const report = check(part, tables);
    sync(part);
    renameSync(part, to);
    sync(dirname(to));
    return report;
  } catch (error) {
    rmSync(part, { force: true });
    throw new Error(`${to} was not written: ${(error as Error).message}`, { cause: error });
  }
}

function copy(from: string, part: string): void {
  const database = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
  try {
    database.prepare('vacuum into ?').run(part);
  } finally {
    database.close();
  }
}

function check(part: string, tables: readonly string[]): BackupReport {
  const copied = new DatabaseSync(part, { readOnly: true });
  try {
    const finding = Object.values(copied.prepare('pragma integrity_check(1)').get() ?? {})[0];
    if (finding !== 'ok') throw new Error(`the copy is damaged: ${String(finding)}`);
    const rows: Record<string, number> = {};
    for (const table of tables) {
      rows[table] = Number(copied.prepare(`select count(*) as count from ${table}`).get()?.['count']);
    }
    return { bytes: statSync(part).size, rows };
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
