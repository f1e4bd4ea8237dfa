import { z } from 'zod';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Quantity } from '../../devices/quantity.ts';
import { AGGREGATES } from '../../history/history.ts';
import { cursorInput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { limitInput } from '../border/text-input.ts';
import { durationInput, formatTime, timeInput, timeZoneInput } from '../border/time.ts';

const DEFAULT_LIMIT = 1_000;
/** The bound of the history port. */
export const MAX_LIMIT = 10_000;
const DAY_MS = 86_400_000;
const DEFAULT_RANGE_MS = DAY_MS;
/** Twice any retention that is likely, and years before a database feels it. */
export const MAX_RANGE_MS = 10 * 366 * DAY_MS;
/** Windows in one range: a year in windows of 5 minutes is 105,408. */
export const MAX_WINDOWS = 110_000;

export const readingQuery = z.strictObject({
  from: timeInput
    .describe('Start of the range; a day before `to` where absent. RFC 3339 or epoch ms.')
    .optional(),
  to: timeInput.describe('End of the range, not included; now where absent.').optional(),
  every: durationInput
    .describe('Length of a window, 1s to 366d: down-samples. Raw readings where absent.')
    .optional(),
  fn: z
    .enum(AGGREGATES)
    .describe('What a window tells; `mean` where absent. `increase`: by how much a counter grew.')
    .meta({ example: 'max' })
    .optional(),
  quantities: z
    .string()
    .max(400)
    .transform((text) => text.split(','))
    .describe('Names of quantities, with commas; windows only. All where absent.')
    .meta({ example: 'levelM,rainMm' })
    .optional(),
  tz: timeZoneInput.optional(),
  limit: limitInput(MAX_LIMIT, DEFAULT_LIMIT),
  cursor: cursorInput,
});
export type ReadingQuery = z.infer<typeof readingQuery>;

/** What one field alone cannot say. Throws Problem 400. */
export function checkRange(
  asked: ReadingQuery,
  kind: string,
  nowMs: number,
): { fromMs: number; toMs: number } {
  const toMs = asked.to ?? nowMs;
  const fromMs = asked.from ?? toMs - DEFAULT_RANGE_MS;
  const refuse = (field: string, detail: string) =>
    new Problem(400, 'invalid-request', `1 problem(s) in the request; query ${field}: ${detail}`, {
      errors: [{ in: 'query', field, detail }],
    });
  if (fromMs >= toMs) throw refuse('from', `must be before to (${formatTime(toMs)})`);
  if (toMs - fromMs > MAX_RANGE_MS) throw refuse('from', 'the range is longer than 10 years; ask for less');
  if (asked.every === undefined) {
    for (const field of ['fn', 'tz', 'quantities'] as const) {
      if (asked[field] !== undefined) throw refuse(field, 'needs every=, the length of a window');
    }
    return { fromMs, toMs };
  }
  if (asked.every > 366 * DAY_MS) throw refuse('every', 'at most 366d');
  if ((toMs - fromMs) / asked.every > MAX_WINDOWS) {
    throw refuse(
      'every',
      `more than ${MAX_WINDOWS} windows in the range; take longer ones, or a shorter range`,
    );
  }
  const known: Readonly<Record<string, Quantity>> = deviceKinds.get(kind)?.quantities ?? {};
  const isOf = ({ type }: Quantity) => (asked.fn === 'increase' ? type === 'counter' : type !== 'state');
  for (const name of asked.quantities ?? []) {
    if (Object.hasOwn(known, name) && known[name] && isOf(known[name])) continue;
    const others = Object.keys(known).filter((each) => known[each] && isOf(known[each]));
    const what = asked.fn === 'increase' ? 'counter' : 'number';
    throw refuse('quantities', `${kind} has no ${what} ${name}; it has ${others.join(', ') || 'none'}`);
  }
  return { fromMs, toMs };
}
