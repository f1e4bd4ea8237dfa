/**
 * The memory that a thread which owns a SQLite file may take, MB.
 *
 * What it makes dies at once: little room for it is cleared as well as much, and stays in the processor's cache.
 * The old generation needs some 16; to say a bound at all has V8 begin with 2 less.
 */
export const THREAD_LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 1_024 };
