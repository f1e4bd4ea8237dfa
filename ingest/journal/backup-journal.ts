/**
 * A consistent copy of the journal while it is being written, checked by opening it.
 *
 * SQLite's `vacuum into` reads one snapshot through the WAL, so the ingest goes on meanwhile; the copy is
 * compact. Runs in a thread of its own. Invariant: `to` appears only when it is whole, on disk and checked.
 */
import { Worker } from 'node:worker_threads';

export interface BackupReport {
  readonly readings: number;
  readonly rejections: number;
  readonly lastId: number;
  readonly bytes: number;
}

export type BackupAnswer = { readonly report: BackupReport } | { readonly error: string };

/** Throws an Error with one clear sentence when `to` exists, or the copy does not stand its check. */
export async function backupJournalFile(from: string, to: string): Promise<BackupReport> {
  const worker = new Worker(new URL('./backup-worker.ts', import.meta.url), { workerData: { from, to } });
  const { promise, resolve, reject } = Promise.withResolvers<BackupAnswer>();
  worker.on('message', resolve);
  worker.on('error', reject);
  worker.on('exit', (code) => reject(new Error(`the backup's thread ended with code ${code}`)));
  const answer = await promise;
  if ('error' in answer) throw new Error(answer.error);
  return answer.report;
}
