/**
 * Flapping: the same rule and subject that starts again and again.
 *
 * Invariant: remembers no more starts of each than it takes to tell.
 */
import type { Alert } from '../alert.ts';

/** So many starts of one rule and subject within the time are flapping. */
const FLAPPING_STARTS = 4;
const FLAPPING_WITHIN_MS = 60 * 60_000;

export class StartCounter {
  /** Of each rule and subject, epoch ms of our clock. */
  readonly #starts = new Map<string, number[]>();

  /** Whether one more start at `nowMs` is one too many. */
  isFlapping(rule: string, subject: string, nowMs: number): boolean {
    const starts = this.#starts.get(`${rule}|${subject}`) ?? [];
    return starts.filter((at) => at > nowMs - FLAPPING_WITHIN_MS).length + 1 >= FLAPPING_STARTS;
  }

  count({ rule, subject }: Pick<Alert, 'rule' | 'subject'>, at: number): void {
    const key = `${rule}|${subject}`;
    const starts = this.#starts.get(key) ?? [];
    starts.push(at);
    if (starts.length > FLAPPING_STARTS) starts.shift();
    this.#starts.set(key, starts);
  }
}
