/**
 * CheckpointThread: carries the write-ahead log into the journal's file beside the thread that writes.
 *
 * What it copies and syncs took the writing thread 17 ms at a time, for which every commit waited. Started with
 * the first checkpoint, since a quiet city hardly has one. Invariants: its connection is open only while it works,
 * so that `close` leaves nobody at a file that is about to be set aside; where it cannot be had, or has died, `start`
 * says so from then on, and `onEnd` once.
 */
import { Worker } from 'node:worker_threads';

export const IDLE = 0;
const BUSY = 1;
/** It makes next to nothing, MB. */
const LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 };
/**
 * As long as a disk may take for one, and what it costs where the thread died in the middle. Whoever closes goes on
 * then: a salvage reads a file into which frames are still copied that it reads too.
 */
const CLOSE_WITHIN_MS = 10_000;

export interface CheckpointData {
  readonly file: string;
  /** One number, BUSY until the file is closed again. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

export class CheckpointThread {
  readonly #file: string;
  readonly #state = new Int32Array(new SharedArrayBuffer(4));
  readonly #onEnd: (error: Error) => void;
  #worker: Worker | undefined;
  #hasEnded = false;

  constructor(file: string, onEnd: (error: Error) => void) {
    this.#file = file;
    this.#onEnd = onEnd;
  }

  get isBusy(): boolean {
    return Atomics.load(this.#state, 0) === BUSY;
  }

  /** Begins one; `isBusy` tells its end, not whether it succeeded. False when there is no such thread (any more). */
  start(): boolean {
    if (this.#hasEnded) return false;
    try {
      this.#worker ??= this.#begin();
    } catch (error) {
      // The system allows no more threads.
      this.#end(error as Error);
      return false;
    }
    Atomics.store(this.#state, 0, BUSY);
    this.#worker.postMessage('checkpoint');
    return true;
  }

  /** Returns when it has left the file. */
  close(): void {
    Atomics.wait(this.#state, 0, BUSY, CLOSE_WITHIN_MS);
    this.#end();
    void this.#worker?.terminate();
  }

  #begin(): Worker {
    const workerData: CheckpointData = { file: this.#file, state: this.#state };
    const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), {
      workerData,
      resourceLimits: LIMITS,
    });
    worker.unref();
    worker.on('error', (error) => this.#end(error as Error));
    worker.on('exit', (code) => this.#end(new Error(`it ended with code ${code}`)));
    return worker;
  }

  /** `error` where nobody asked for it. */
  #end(error?: Error): void {
    if (error && !this.#hasEnded) this.#onEnd(error);
    this.#hasEnded = true;
    Atomics.store(this.#state, 0, IDLE);
  }
}
