/**
 * Numbers and flags of paths and queries, which arrive as text: read here and nowhere else.
 *
 * Invariant: what is not written as a decimal number is refused with the name of its parameter; nothing, a blank or
 * `0x10` is no number, whatever JavaScript makes of it. The document says `number`, `integer` and `boolean`.
 */
import { z } from 'zod';

const DECIMAL = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const YES = new Set(['true', '1', 'yes', 'on']);
const NO = new Set(['false', '0', 'no', 'off']);

/** `schema` says what the number must be besides; `example` is one of its kind, for who wrote something else. */
export function numberInput<T extends z.ZodType<number>>(schema: T, example: number) {
  return z.preprocess((text, context) => {
    // What is missing or given twice is the schema's matter.
    if (typeof text !== 'string') return text;
    const number = DECIMAL.test(text) ? Number(text) : undefined;
    if (number !== undefined && !isBeyondNumbers(text, number)) return number;
    const message = explainNoNumber(text, number, example);
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }, schema);
}

/** `1e999` would be infinite, and `1e-999` the Gulf of Guinea. */
function isBeyondNumbers(text: string, number: number): boolean {
  return !Number.isFinite(number) || (number === 0 && /[1-9]/.test(text.split(/e/i, 1)[0] as string));
}

function explainNoNumber(text: string, number: number | undefined, example: number): string {
  if (number !== undefined) return 'is beyond what a number holds: write it without such an exponent';
  return text.trim() === '' ? 'is empty: a number is expected' : `must be a number, in decimal: ${example}`;
}

/** How many entries a page holds. */
export function limitInput(most: number, usual: number) {
  return numberInput(z.int().min(1).max(most).default(usual), usual)
    .describe(`How many at most; ${usual} where absent.`)
    .meta({ example: usual });
}

/** The id of what the state database numbers. */
export const numericId = numberInput(z.int().min(1).max(Number.MAX_SAFE_INTEGER), 17);

/** The same as a parameter: `what` says whose it is. */
export function idInput(what: string) {
  return numericId.describe(what).meta({ example: 17 });
}

/** `usual` where the parameter is absent. */
export function booleanInput(usual: boolean) {
  return z.preprocess((text, context) => {
    if (typeof text !== 'string') return text;
    const word = text.toLowerCase();
    if (YES.has(word) || NO.has(word)) return YES.has(word);
    context.addIssue({ code: 'custom', message: 'must be true or false' });
    return z.NEVER;
  }, z.boolean().default(usual));
}
