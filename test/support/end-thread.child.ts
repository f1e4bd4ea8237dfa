/**
 * Loaded before start.js (`NODE_OPTIONS=--import=…?thread=1`): ends that thread on SIGUSR2, as a bug or the system
 * would. Numbers are in the order in which the server starts its threads: 0 the state database, 1 the journal,
 * 2 the embedded history. Invariant: touches nothing else, and does nothing in the threads that inherit the option.
 */
import { isMainThread, type Worker } from 'node:worker_threads';

if (isMainThread) {
  const number = Number(new URL(import.meta.url).searchParams.get('thread'));
  const threads: Worker[] = [];
  process.on('worker', (thread: Worker) => threads.push(thread));
  process.on('SIGUSR2', () => void threads[number]?.terminate());
}
