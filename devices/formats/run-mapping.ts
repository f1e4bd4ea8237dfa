/**
 * MappingRunner: an operator's JSONata over one JSON message after the other, in a thread of its own.
 *
 * Asked by the format `mapped`, and by those of LoRaWAN where nobody has decoded the bytes. Invariants: messages of a
 * sender are mapped in the order in which they came, and senders take turns; an expression that takes too long costs
 * its message, and its thread, and nothing else; too many that wait are refused and kept, those of one sender first.
 */
import { Worker } from 'node:worker_threads';
import { type Rejection, reject } from '../rejection.ts';
import type { MappingAnswer, MappingQuestion } from './mapping-thread.ts';

/** Never throws: what failed is in the answer. `payload` is copied before it returns. */
export type RunMapping = (message: {
  readonly expression: string;
  readonly topic: string;
  readonly payload: Buffer;
  /** Whose share and whose turn it is; all who are unknown are one. */
  readonly sender?: string | undefined;
}) => Promise<MappingAnswer>;

/** An expression over 256 KiB of JSON takes some milliseconds. */
const MAX_EVALUATION_MS = 250;
/** Beyond the expression's own bound: one call of it that never comes back, a regular expression that explodes. */
const THREAD_GRACE_MS = 250;
/** The first question of a thread waits for its start. */
const THREAD_START_MS = 5_000;
const THREAD_MEMORY_MB = 64;
export const MAX_WAITING = 10_000;
/** Of these, of one sender. */
export const MAX_WAITING_OF_ONE = MAX_WAITING / 4;
export const MAX_EXPRESSION_CHARACTERS = 16_384;

interface WaitingQuestion {
  readonly question: MappingQuestion;
  readonly resolve: (answer: MappingAnswer) => void;
}

/** Why an expression gave nothing. */
export function failureOf({ problem }: { readonly problem: string }): Rejection {
  return reject('bad-format', `the mapping failed: ${problem.slice(0, 300)}`);
}

/** One thread, one question at a time; a new thread where the last one had to be ended. */
export class MappingRunner {
  /** By sender, who is next first. */
  readonly #waiting = new Map<string, WaitingQuestion[]>();
  #waitingCount = 0;
  #asked: WaitingQuestion | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  readonly run: RunMapping = ({ expression, topic, payload, sender = '' }) => {
    if (expression.length > MAX_EXPRESSION_CHARACTERS) {
      return Promise.resolve({ problem: `it has more than ${MAX_EXPRESSION_CHARACTERS} characters` });
    }
    const lane = this.#waiting.get(sender) ?? [];
    if (lane.length >= MAX_WAITING_OF_ONE) {
      return Promise.resolve({
        problem: `${MAX_WAITING_OF_ONE} messages of ${sender || 'yours'} wait for it`,
      });
    }
    if (this.#waitingCount >= MAX_WAITING || this.#isClosed) {
      return Promise.resolve({ problem: `${MAX_WAITING} messages wait for it` });
    }
    const bytes = Uint8Array.from(payload);
    const question = { expression, topic, payload: bytes, timeoutMs: MAX_EVALUATION_MS };
    return new Promise((resolve) => {
      lane.push({ question, resolve });
      this.#waiting.set(sender, lane);
      this.#waitingCount++;
      this.#next();
    });
  };

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of [...this.#waiting.values()].flat()) resolve({ problem: 'the server stops' });
    this.#waiting.clear();
    this.#waitingCount = 0;
    await this.#end('the server stops');
  }

  #next(): void {
    if (this.#asked) return;
    const asked = this.#takeTurn();
    if (!asked) return;
    this.#asked = asked;
    const isFresh = this.#worker === undefined;
    this.#worker ??= this.#start();
    const limitMs = asked.question.timeoutMs + THREAD_GRACE_MS + (isFresh ? THREAD_START_MS : 0);
    this.#timer = setTimeout(
      () => void this.#end(`it takes longer than ${asked.question.timeoutMs} ms`),
      limitMs,
    );
    this.#worker.postMessage(asked.question);
  }

  /** The first of who is next, who then stands behind all others. */
  #takeTurn(): WaitingQuestion | undefined {
    const [next] = this.#waiting;
    if (!next) return undefined;
    const [sender, lane] = next;
    this.#waiting.delete(sender);
    if (lane.length > 1) this.#waiting.set(sender, lane);
    this.#waitingCount--;
    return lane.shift();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./mapping-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MB, maxYoungGenerationSizeMb: 8 },
    });
    // It never keeps a process alive that has nothing else to do.
    worker.unref();
    worker.on('message', (answer: MappingAnswer) => this.#settle(answer));
    worker.on('error', (error: Error) => void this.#end(error.message, worker));
    return worker;
  }

  #settle(answer: MappingAnswer): void {
    clearTimeout(this.#timer);
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.resolve(answer);
    this.#next();
  }

  async #end(problem: string, worker = this.#worker): Promise<void> {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    worker?.removeAllListeners();
    worker?.on('error', () => undefined);
    this.#settle({ problem });
    await worker?.terminate();
  }
}
