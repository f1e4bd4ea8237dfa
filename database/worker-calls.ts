/**
 * Calls into a worker thread: a name and an argument go, one answer or error comes back.
 *
 * Used by the state database, the journal, its backup and the embedded history, whose SQLite files live in threads of
 * their own so that no fsync and no slow query ever holds the event loop. Invariant: every call settles; when the
 * thread dies or is closed the waiting ones reject, and `onDeath` is told once if nobody asked for its end.
 */
import { parentPort, Worker } from 'node:worker_threads';
import { THREAD_LIMITS } from './thread-limits.ts';

export type CallMap = Record<string, (argument: never) => unknown>;
type Argument<Calls extends CallMap, Name extends keyof Calls> = Parameters<Calls[Name]>[0];
type Answer<Calls extends CallMap, Name extends keyof Calls> = Awaited<ReturnType<Calls[Name]>>;

/** An error of the other thread, with SQLite's extended result code where it has one. */
export class WorkerCallError extends Error {
  readonly code: string | undefined;
  readonly errcode: number | undefined;
  constructor({ message, code, errcode }: CarriedError) {
    super(message);
    this.code = code;
    this.errcode = errcode;
  }
}

export interface CarriedError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly errcode?: number | undefined;
}

interface CallMessage {
  readonly call: number;
  readonly name: string;
  readonly argument: unknown;
}

interface AnswerMessage {
  readonly answerTo: number;
  readonly answer?: unknown;
  readonly error?: CarriedError;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export interface CallingWorkerOptions<Event> {
  readonly file: URL;
  readonly workerData: unknown;
  /** Messages that are no answers. */
  readonly onEvent?: (event: Event) => void;
  readonly onDeath: (error: Error) => void;
  /** The thread keeps the process alive only while somebody waits for it. */
  readonly isBackground?: boolean;
  /** MB; where it owns no file but works for a while. */
  readonly memory?: typeof THREAD_LIMITS;
}

export class CallingWorker<Calls extends CallMap, Event = never> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #options: CallingWorkerOptions<Event>;
  readonly #ended: Promise<void>;
  #nextCall = 1;
  #end: Error | undefined;

  constructor(options: CallingWorkerOptions<Event>) {
    this.#options = options;
    this.#worker = new Worker(options.file, {
      workerData: options.workerData,
      resourceLimits: options.memory ?? THREAD_LIMITS,
    });
    if (options.isBackground) this.#worker.unref();
    this.#worker.on('message', (message: AnswerMessage | Event) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(error as Error));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#worker.on('exit', (code) => {
      this.#fail(new Error(`the thread ended with code ${code}`));
      resolve();
    });
  }

  call<Name extends keyof Calls & string>(
    name: Name,
    argument: Argument<Calls, Name>,
  ): Promise<Answer<Calls, Name>> {
    if (this.#end) return Promise.reject(this.#end);
    const call = this.#nextCall++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(call, { resolve, reject });
    if (this.#options.isBackground) this.#worker.ref();
    this.#worker.postMessage({ call, name, argument } satisfies CallMessage);
    return promise as Promise<Answer<Calls, Name>>;
  }

  /** A message that is not answered by call; `transfer` is gone from here afterwards. */
  post(message: unknown, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread at once; waiting calls reject. */
  async terminate(): Promise<void> {
    this.#end ??= new Error('closed');
    await this.#worker.terminate();
    await this.#ended;
  }

  #take(message: AnswerMessage | Event): void {
    if (typeof message !== 'object' || message === null || !('answerTo' in message)) {
      this.#options.onEvent?.(message as Event);
      return;
    }
    const waiting = this.#waiting.get(message.answerTo);
    this.#waiting.delete(message.answerTo);
    if (this.#options.isBackground && this.#waiting.size === 0) this.#worker.unref();
    if (message.error) waiting?.reject(new WorkerCallError(message.error));
    else waiting?.resolve(message.answer);
  }

  #fail(error: Error): void {
    const first = this.#end === undefined;
    this.#end ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
    if (first) this.#options.onDeath(error);
  }
}

/** In the thread: answers calls by name. Returns false for messages that are none. */
export function createCallAnswerer<Calls extends CallMap>(
  handlers: Calls,
): (message: unknown) => message is CallMessage {
  return (message): message is CallMessage => {
    if (typeof message !== 'object' || message === null || !('call' in message)) return false;
    const { call, name, argument } = message as CallMessage;
    const handle = handlers[name] as ((argument: unknown) => unknown) | undefined;
    // The handler starts at once, in order of the calls; only its answer may come later.
    const answering = new Promise((resolve) => {
      if (!handle) throw new Error(`no call ${name}`);
      resolve(handle(argument));
    });
    answering.then(
      (answer) => parentPort?.postMessage({ answerTo: call, answer } satisfies AnswerMessage),
      (error: unknown) =>
        parentPort?.postMessage({ answerTo: call, error: carryError(error) } satisfies AnswerMessage),
    );
    return true;
  };
}

export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code, errcode } = error as Error & { code?: string; errcode?: number };
  return { message, code, errcode };
}
