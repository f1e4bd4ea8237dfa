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

/** `schema` says what the number must be besides. */
export function numberInput<T extends z.ZodType<number>>(schema: T) {
  return z.preprocess((text, context) => {
    // What is missing or given twice is the schema's matter.
    if (typeof text !== 'string') return text;
    if (DECIMAL.test(text)) return Number(text);
    const message =
      text.trim() === '' ? 'is empty: a number is expected' : 'must be a number, in decimal: 110.42';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }, schema);
}

/** How many entries a page holds. */
export function limitInput(most: number, usual: number) {
  return numberInput(z.int().min(1).max(most).default(usual));
}

/** The id of what the state database numbers. */
export const numericId = numberInput(z.int().min(1).max(Number.MAX_SAFE_INTEGER));

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
