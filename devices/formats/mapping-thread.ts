/**
 * The thread of mapped.ts: runs an operator's JSONata over one payload after the other.
 *
 * Apart from the event loop, since an expression may go on for ever or fill the memory; then this thread ends and
 * nothing else does. Invariant: one answer for each question, in order.
 */
import { parentPort } from 'node:worker_threads';
import jsonata from 'jsonata';
import { JsonFailure } from '../parse-json.ts';
import { parseJsonItems, rejectionsOf } from '../parse-json-items.ts';
import { registerByteFunctions } from './mapping-bytes.ts';

export interface MappingQuestion {
  readonly expression: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly timeoutMs: number;
}

export type MappingAnswer =
  /** `refused`: why pieces of a list were not given to the mapping. */
  | { readonly json: string; readonly refused: readonly string[] }
  | { readonly problem: string; readonly isNotJson?: boolean };

/** Calls within calls of an expression. */
const MAX_STACK = 200;
/** Items of one sequence. */
const MAX_SEQUENCE = 20_000;
/** Of the result as JSON: as much as a packet. */
const MAX_RESULT_CHARACTERS = 256 * 1024;
const MAX_EXPRESSIONS = 200;

const compiled = new Map<string, jsonata.Expression>();

function compile(expression: string, timeout: number): jsonata.Expression {
  const known = compiled.get(expression);
  if (known) return known;
  const fresh = jsonata(expression, { timeout, stack: MAX_STACK, sequence: MAX_SEQUENCE });
  registerByteFunctions(fresh);
  if (compiled.size >= MAX_EXPRESSIONS) compiled.clear();
  compiled.set(expression, fresh);
  return fresh;
}

async function answer({ expression, topic, payload, timeoutMs }: MappingQuestion): Promise<MappingAnswer> {
  const bytes = Buffer.from(payload);
  const read = parseJsonItems(bytes);
  if (read instanceof JsonFailure) return { problem: read.rejection.detail, isNotJson: true };
  // Of a list that is broken or ends early its complete items.
  const input = read.isList ? read.items : read.items[0];
  const refused = rejectionsOf(read).map(({ detail }) => detail);
  try {
    const result = await compile(expression, timeoutMs).evaluate(input, { topic });
    const json = JSON.stringify(result) ?? 'null';
    return json.length <= MAX_RESULT_CHARACTERS
      ? { json, refused }
      : { problem: 'its result is larger than a packet' };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

parentPort?.on('message', (question: MappingQuestion) => {
  void answer(question).then((each) => parentPort?.postMessage(each));
});
