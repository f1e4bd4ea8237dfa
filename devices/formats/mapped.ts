/**
 * Mapped: an operator's own mapping, in JSONata, from any JSON to our quantities: "my gauge speaks something else".
 *
 * The expression gives an object, or an array of them, with quantities by our names (a number in our unit, or
 * `"142 cm"`, or `{"value": 142, "unit": "cm"}`), and where a gateway sends, `device`. It runs in a thread with
 * bounds of time and memory. Invariants: messages are mapped in the order in which they came; an expression that
 * takes too long costs its message, and its thread, and nothing else; too many that wait are refused and kept.
 */
import { Worker } from 'node:worker_threads';
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { parsePresence } from '../parse-presence.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import type { Presence } from '../topics.ts';
import {
  aliasesOf,
  besideRefused,
  type Claim,
  type Decoded,
  type Format,
  type FormatMessage,
} from './format.ts';
import type { MappingAnswer, MappingQuestion } from './mapping-thread.ts';
import { readSensorObject } from './sensor-object.ts';

/** An expression over 256 KiB of JSON takes some milliseconds. */
const MAX_EVALUATION_MS = 250;
/** Beyond the expression's own bound: one call of it that never comes back, a regular expression that explodes. */
const THREAD_GRACE_MS = 250;
/** The first question of a thread waits for its start. */
const THREAD_START_MS = 5_000;
const THREAD_MEMORY_MB = 64;
const MAX_WAITING = 10_000;
/** Faults and keys that one sentence names. */
const MAX_NAMED = 20;
export const MAX_EXPRESSION_CHARACTERS = 16_384;

interface WaitingQuestion {
  readonly question: MappingQuestion;
  readonly resolve: (answer: MappingAnswer) => void;
}

export interface MappedFormat extends Format, AsyncDisposable {}

export function createMapped(): MappedFormat {
  const thread = new MappingThread();
  return {
    name: 'mapped',
    description: 'Any JSON, by a mapping of your own in JSONata (`--mapping file.jsonata`).',
    topics: [],
    identity: 'by the key `device` that the mapping gives, or by a level of the topic',
    hasStatus: false,
    namesIn: () => [],
    async decode({ topic, payload, options }: FormatMessage): Promise<Decoded> {
      const expression = options?.['mapping'];
      if (expression === undefined)
        return reject('bad-format', 'no mapping is given: register it with --mapping');
      if (expression.length > MAX_EXPRESSION_CHARACTERS)
        return reject('bad-format', 'the mapping is too long');
      const bytes = Uint8Array.from(payload);
      const answer = await thread.ask({ expression, topic, payload: bytes, timeoutMs: MAX_EVALUATION_MS });
      if ('json' in answer) return toClaims(JSON.parse(answer.json));
      return answer.isNotJson
        ? reject('not-json', answer.problem)
        : reject('bad-format', `the mapping failed: ${answer.problem.slice(0, 300)}`);
    },
    [Symbol.asyncDispose]: () => thread.close(),
  };
}

function toClaims(result: unknown): Decoded {
  const objects = Array.isArray(result) ? result : [result];
  if (objects.length === 0) return reject('empty-batch', 'the mapping gave no object');
  const refused = objects
    .filter((object) => !isJsonObject(object))
    .map(() => reject('bad-format', 'the mapping must give an object, or an array of them'));
  const byDevice = Map.groupBy(objects.filter(isJsonObject), ({ device }) => device);
  const claims = [...byDevice].map(([device, all]) => toClaim(device, all));
  return besideRefused(claims, refused, []);
}

function toClaim(device: unknown, objects: readonly JsonObject[]): Claim {
  const faults: string[] = [];
  const items = objects
    .map((object) => {
      const read = readSensorObject(object);
      faults.push(...read.faults);
      return read.item;
    })
    .filter((item) => Object.keys(item).length > 0);
  const said = objects.map(({ presence }) => presence).findLast((each) => typeof each === 'string');
  const presence = said === undefined ? undefined : parsePresence(Buffer.from(said as string));
  const rejection = rejectionOf(objects, faults, presence, items.length === 0);
  return {
    aliases: aliasesOf(device),
    items,
    ...(presence === undefined || isRejection(presence) ? {} : { presence }),
    ...(rejection ? { rejection } : {}),
  };
}

/** What the mapping gave and is nothing: a mapping with a wrong key would else be taken without a word. */
function rejectionOf(
  objects: readonly JsonObject[],
  faults: readonly string[],
  presence: Presence | Rejection | undefined,
  isEmpty: boolean,
): Rejection | undefined {
  if (faults.length > 0) return reject('missing-quantity', faults.slice(0, MAX_NAMED).join('; '));
  if (isRejection(presence)) return presence;
  if (!isEmpty || presence !== undefined) return undefined;
  const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))].filter(
    (key) => key !== 'device',
  );
  const shown = keys.slice(0, MAX_NAMED).map((key) => key.slice(0, 40));
  const detail = `the mapping gave no quantity that we know; its keys are ${shown.join(', ') || 'none'}`;
  return reject('missing-quantity', detail);
}

/** One thread, one question at a time; a new thread where the last one had to be ended. */
class MappingThread {
  readonly #waiting: WaitingQuestion[] = [];
  #asked: WaitingQuestion | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  ask(question: MappingQuestion): Promise<MappingAnswer> {
    if (this.#waiting.length >= MAX_WAITING || this.#isClosed) {
      return Promise.resolve({ problem: `more than ${MAX_WAITING} messages wait for it` });
    }
    return new Promise((resolve) => {
      this.#waiting.push({ question, resolve });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ problem: 'the server stops' });
    await this.#end('the server stops');
  }

  #next(): void {
    if (this.#asked) return;
    const asked = this.#waiting.shift();
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
