/**
 * How late a reading may come and still be put in its place.
 *
 * Of the timeline, which reorders, and of the tracks, which keep what a late reading may yet change.
 */

/** Reordering beyond this is lateness, ms: a phone network's retries take seconds, an offline buffer hours. */
export const WATERMARK_MS = 120_000;
