/**
 * Doubt: what is thought of a jump until the readings after it have spoken.
 *
 * Used by the ladder. A jump is claimed at once and believed once it has stood: for the next reading, and for
 * CONFIRM_MIN_MS where a device reports each few seconds, since a branch under the sensor stays for two
 * reports as well. A gauge that spiked lately must say it twice, and one that has never done the like still more
 * often. Invariant: one fall back to near the level
 * before the jump takes all of the claim back.
 */
import type { Rank } from '../alert.ts';

export interface Doubt {
  /** The level before the jump. */
  readonly base: number;
  /** The highest since, what it claims, and the highest but one. */
  readonly highest: number;
  readonly rank: Rank;
  readonly second: number | undefined;
  /** Of the jump, event time, ms. */
  readonly since: number;
  /** Readings after the jump that did not take it back. */
  readonly upheld: number;
  /** It went far beyond anything that the subject has done; and whether it has moved there since. */
  readonly isFar?: boolean;
  readonly isAlive?: boolean;
  /** As others did lately that were all taken back: it claims nothing until more readings uphold it than those. */
  readonly claimsAfter?: number;
}

/** Jumps to about the same value that were taken back one after the other. */
export interface Spikes {
  readonly count: number;
  /** The last of them, and the most values that upheld one of them. */
  readonly value: number;
  readonly upheld: number;
}

export type Verdict =
  | { readonly kind: 'spike' }
  | { readonly kind: 'undecided'; readonly doubt: Doubt }
  /** It stood: `level` is what at least two readings have reached, or the jump itself where only one followed. */
  | { readonly kind: 'confirmed'; readonly level: number };

/** A reading that falls back by more than this share of the jump calls it a spike: water drains slower. */
const SPIKE_RETURN_SHARE = 2 / 3;
/** A jump must have stood for so long, ms: three reports of a gauge that reports each five seconds. */
const CONFIRM_MIN_MS = 14_000;
/** A gauge that spiked within so many of its reports, and so long, ms, is believed at the second word. */
const SPIKED_LATELY_INTERVALS = 50;
const SPIKED_LATELY_MAX_MS = 6 * 3_600_000;
/** After so many jumps to the same level that were all taken back, another device or a loose plug says it. */
const KNOWN_SPIKES = 2;
/** The same level, as a share of what is a jump. */
const SAME_SHARE = 0.5;

/** Far beyond anything known, a jump is believed at the fourth word, or at the second after an hour. */
const FAR_WORDS = 4;
const FAR_MAX_MS = 3_600_000;
/** … and not while it stands there without moving by more than this, m, as a sensor does that has died: water moves. */
const STILL = 0.003;

export function startDoubt(base: number, value: number, rank: Rank, at: number, isFar = false): Doubt {
  return { base, highest: value, rank, second: undefined, since: at, upheld: 0, ...(isFar ? { isFar } : {}) };
}

/** Readings that must uphold a jump at `at`, by when the last spike was. */
export function wordsNeeded(spikedAt: number | undefined, at: number, intervalMs: number): number {
  return isLately(spikedAt, at, intervalMs) ? 2 : 1;
}

function isLately(spikedAt: number | undefined, at: number, intervalMs: number): boolean {
  const lately = Math.min(SPIKED_LATELY_MAX_MS, SPIKED_LATELY_INTERVALS * intervalMs);
  return spikedAt !== undefined && at - spikedAt <= lately;
}

/** What was taken back before, with this jump that was. `jump`: no less is one. */
export function nextSpikes(
  { spikes, spikedAt }: { readonly spikes: Spikes | undefined; readonly spikedAt: number | undefined },
  { highest, upheld }: Doubt,
  at: number,
  intervalMs: number,
  jump: number,
): Spikes {
  const isAnother = !spikes || !isLately(spikedAt, at, intervalMs) || !isSame(spikes, highest, jump);
  if (isAnother) return { count: 1, value: highest, upheld };
  return { count: spikes.count + 1, value: highest, upheld: Math.max(spikes.upheld, upheld) };
}

/** How many readings must uphold a jump to `value` before it is told; undefined where it is told at once. */
export function claimsAfter(
  { spikes, spikedAt }: { readonly spikes: Spikes | undefined; readonly spikedAt: number | undefined },
  value: number,
  at: number,
  intervalMs: number,
  jump: number,
): number | undefined {
  const isKnown =
    spikes &&
    spikes.count >= KNOWN_SPIKES &&
    isLately(spikedAt, at, intervalMs) &&
    isSame(spikes, value, jump);
  return isKnown ? spikes.upheld + 1 : undefined;
}

function isSame({ value }: Spikes, other: number, jump: number): boolean {
  return Math.abs(other - value) <= SAME_SHARE * jump;
}

/** What a reading after the jump says of it. `rankOf` gives the rank that a level meets. */
export function judgeDoubt(
  doubt: Doubt,
  value: number,
  at: number,
  needed: number,
  rankOf: (level: number) => Rank,
): Verdict {
  const { base, highest, since } = doubt;
  if (highest - value > SPIKE_RETURN_SHARE * (highest - base)) return { kind: 'spike' };
  const upheld = doubt.upheld + 1;
  const second = value > highest ? highest : Math.max(value, doubt.second ?? value);
  const isAlive = doubt.isAlive === true || Math.abs(value - highest) > STILL;
  const hasWords = upheld >= FAR_WORDS || (upheld >= 2 && at - since >= FAR_MAX_MS);
  const isLong = !doubt.isFar || (hasWords && isAlive);
  if (upheld >= needed && isLong && at - since >= CONFIRM_MIN_MS) {
    return { kind: 'confirmed', level: upheld === 1 ? highest : second };
  }
  if (value <= highest)
    return { kind: 'undecided', doubt: { ...doubt, second, upheld, ...(isAlive ? { isAlive } : {}) } };
  return {
    kind: 'undecided',
    doubt: { ...doubt, highest: value, rank: rankOf(value), second, upheld, isAlive },
  };
}
