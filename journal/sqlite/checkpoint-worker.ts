/**
 * The thread of checkpoint-thread.ts: one checkpoint for each message.
 *
 * Passive: it takes no lock that a commit waits for. Invariant: the state is IDLE again when the file is closed,
 * whatever happened.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckpointData, IDLE } from './checkpoint-thread.ts';

const { file, state } = workerData as CheckpointData;

parentPort?.on('message', () => {
  try {
    checkpoint();
  } catch {
    // What is wrong with the disk shows in the next commit; the writing thread looks after the log then.
  } finally {
    Atomics.store(state, 0, IDLE);
    Atomics.notify(state, 0);
  }
});

function checkpoint(): void {
  using database = new DatabaseSync(file);
  database.exec('pragma synchronous = full; pragma wal_checkpoint(passive)');
}
