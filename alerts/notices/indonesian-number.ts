/**
 * Numbers as Indonesian writes them: a comma before the decimals, `3,41`.
 *
 * Used by the rules' Indonesian texts, which go to people by Telegram, e-mail, CAP and the page. Invariant: the
 * digits are those of the English text beside it; groups of thousands have no mark, as `1.200` would be 1.2 there.
 */

/** With the decimals that the number has. */
export function formatIndonesian(value: number): string {
  return String(value).replace('.', ',');
}
