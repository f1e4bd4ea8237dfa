/** The `Idempotency-Key` of a deed that must not be done twice: what it must be, said where it is missing. */
import { z } from 'zod';

export const idempotencyKey = z
  .string({
    error: ({ input }) =>
      input === undefined
        ? 'is missing: send a new one (a UUID) with each deed, and the same one when you try again'
        : undefined,
  })
  .min(8, 'at least 8 characters: a UUID does')
  .max(200)
  .describe('The same key has one effect, however often.')
  .meta({ example: '0b6c1f3e-6a5d-4f0e-9f57-1f6f2f0f8a11' });
