/**
 * Loaded before main.ts (`NODE_OPTIONS=--import=…`): ends the journal's writing thread on SIGUSR2, as a bug or
 * the system would. Invariant: touches nothing else, and does nothing in the threads that inherit the option.
 */
import { isMainThread, type Worker } from 'node:worker_threads';

/** In the order in which the server starts its threads: the state database, the journal. */
const JOURNAL_WRITER = 1;

if (isMainThread) {
  const threads: Worker[] = [];
  process.on('worker', (thread: Worker) => threads.push(thread));
  process.on('SIGUSR2', () => void threads[JOURNAL_WRITER]?.terminate());
}
