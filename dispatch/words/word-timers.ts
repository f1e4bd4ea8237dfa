/**
 * When a word to a crew is due again while nobody acknowledges it, counted from when it was made.
 *
 *   at once → again at 15 s → warned at 30 s → escalated at 75 s → again every 60 s
 */
export const RESEND_AFTER_MS = 15_000;
export const WARN_AFTER_MS = 30_000;
export const ESCALATE_AFTER_MS = 75_000;
const REPEAT_EVERY_MS = 60_000;
/** A timer further ahead was set before the clock was set back. */
export const LONGEST_TIMER_MS = ESCALATE_AFTER_MS;

/** The part of a word that its timer goes by; times are epoch ms. */
export interface TimedWord {
  readonly made_at: number;
  readonly warned_at: number | null;
  readonly escalated_at: number | null;
}

/** When a word is due again that goes out now. A stage that is overdue stays due: a connection is no answer. */
export function nextTimerMs({ made_at, warned_at, escalated_at }: TimedWord, nowMs: number): number {
  const madeAtMs = Number(made_at);
  if (escalated_at !== null) return nowMs + REPEAT_EVERY_MS;
  if (warned_at !== null) return madeAtMs + ESCALATE_AFTER_MS;
  return madeAtMs + (nowMs - madeAtMs < RESEND_AFTER_MS ? RESEND_AFTER_MS : WARN_AFTER_MS);
}
