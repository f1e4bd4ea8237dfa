/**
 * Sending rhythm: how often a device sends at all, be it several readings at once: a logger that measures each minute
 * and sends each quarter of an hour is not silent in between.
 *
 * Part of what our clock knows of a device (hearing.ts), moved with each word of it. Invariants: a pause is of the
 * rhythm only where pauses before it were as long, and longer than what it said between them; plain data, saved as it
 * is.
 */

export interface SendingRhythm {
  /** Between two sendings, ms; 0 while none is known. */
  everyMs: number;
  /** The last pause, and how many in a row were alike. */
  pauseMs: number;
  alike: number;
  /** When it began to speak after that pause, epoch ms. */
  speaksSince: number;
}

export const NO_RHYTHM: Readonly<SendingRhythm> = Object.freeze({
  everyMs: 0,
  pauseMs: 0,
  alike: 0,
  speaksSince: 0,
});

/** Shorter pauses are those of one sending, ms. */
const PAUSE_MIN_MS = 60_000;
/** No gauge sends less often. */
const PAUSE_MAX_MS = 6 * 3_600_000;
/** So many pauses that differ by less than this share make a rhythm … */
const ALIKE = 3;
const ALIKE_SHARE = 0.25;
/** … until it speaks for longer than so many of them. */
const OVER_AFTER = 3;

/** It speaks at `atMs`, and did before at `lastMs`. */
export function noteSending(rhythm: SendingRhythm, atMs: number, lastMs: number): void {
  const pauseMs = atMs - lastMs;
  if (lastMs === 0 || pauseMs < PAUSE_MIN_MS) {
    if (rhythm.everyMs > 0 && atMs - rhythm.speaksSince > OVER_AFTER * rhythm.everyMs) rhythm.everyMs = 0;
    return;
  }
  const spokeMs = rhythm.speaksSince === 0 ? 0 : lastMs - rhythm.speaksSince;
  const isOfRhythm = spokeMs <= pauseMs && pauseMs <= PAUSE_MAX_MS;
  const isAlike = Math.abs(pauseMs - rhythm.pauseMs) <= ALIKE_SHARE * rhythm.pauseMs;
  rhythm.alike = isOfRhythm ? (isAlike ? rhythm.alike + 1 : 1) : 0;
  rhythm.pauseMs = pauseMs;
  rhythm.speaksSince = atMs;
  if (rhythm.alike >= ALIKE) rhythm.everyMs = pauseMs + spokeMs;
}
