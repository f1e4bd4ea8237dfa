/**
 * Times and durations as callers write them.
 *
 * Inside they are epoch milliseconds; at this border RFC 3339 (or epoch s or ms, for scripts) and `5m`, `1h`, `1d`.
 * Invariant: `parseTime(formatTime(ms))` is `ms`, and what cannot be read is refused with an example.
 */
import { z } from 'zod';
import { parseTime as parseMoment } from '../../devices/parse-time.ts';

/** A `+` that was not encoded arrives as a space in a query: it is read as the `+` it was. */
const LOST_PLUS = /(?<=\d) (?=\d\d(?::?\d\d)?$)/;
/** Fewer digits are before 1973: a slip of the hand, and no moment that anybody asks for. */
const SHORT_NUMBER = /^\d{1,8}(?:\.|$)/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^([1-9]\d{0,5})([smhd])$/;

/** Epoch ms, or undefined when it is neither RFC 3339 nor epoch seconds or milliseconds. */
export function parseTime(text: string): number | undefined {
  if (SHORT_NUMBER.test(text)) return undefined;
  return parseMoment(text) ?? parseMoment(text.replace(LOST_PLUS, '+'));
}

export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : undefined;
}

/** A moment in a query or a body: epoch ms for the handler. */
export const timeInput = z
  .string()
  .max(40)
  .describe('RFC 3339, or epoch s or ms: 2026-01-15T09:30:00+07:00')
  .meta({ example: '2026-01-15T09:30:00+07:00' })
  .transform((text, context) => {
    const ms = parseTime(text);
    if (ms !== undefined) return ms;
    context.addIssue({
      code: 'custom',
      message: 'expected RFC 3339 (2026-01-15T09:30:00+07:00) or epoch seconds or milliseconds',
    });
    return z.NEVER;
  });

/** A duration in a query: ms for the handler. */
export const durationInput = z
  .string()
  .max(10)
  .describe('A number and a unit, s, m, h or d: 5m')
  .meta({ example: '5m' })
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: 'expected a number and a unit: 30s, 5m, 1h or 1d' });
    return z.NEVER;
  });

/** An IANA time zone that this Node knows. */
export const timeZoneInput = z
  .string()
  .max(40)
  .describe('An IANA time zone; windows start at its local time: Asia/Jakarta')
  .meta({ example: 'Asia/Jakarta' })
  .refine(isTimeZone, 'expected an IANA time zone, such as Asia/Jakarta or UTC');

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A moment in an answer. */
export const timeOutput = z.string().meta({ format: 'date-time' }).describe('RFC 3339, UTC');
