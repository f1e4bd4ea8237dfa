/**
 * ChannelHealth: which ways out fail, in a sentence for readiness.
 *
 * Told by the outbox of every attempt. Invariant: a channel that cannot be reached is a problem until it takes
 * a notice; a single refused notice is lost by itself, and its channel works: on a quiet day nothing else
 * would clear it. Several in a row are a wrong address or chat, and a problem.
 */

/** So many notices refused with none taken between them: it is the channel that is wrong. */
const REFUSED_IN_A_ROW = 3;

export class ChannelHealth {
  /** By channel: what its last failure said. */
  readonly #problems = new Map<string, string>();
  /** By channel: notices refused since it last took one. */
  readonly #refused = new Map<string, number>();

  /** Undefined when all is well, else a sentence. */
  get problem(): string | undefined {
    return this.#problems.size === 0 ? undefined : [...this.#problems.values()].join('; ');
  }

  noteTaken(channel: string): void {
    this.#problems.delete(channel);
    this.#refused.delete(channel);
  }

  noteFailed(channel: string, message: string): void {
    this.#problems.set(channel, `notices by ${channel} fail: ${message}`);
  }

  noteRefused(channel: string, message: string): void {
    const refused = (this.#refused.get(channel) ?? 0) + 1;
    this.#refused.set(channel, refused);
    if (refused >= REFUSED_IN_A_ROW) this.noteFailed(channel, message);
    else this.#problems.delete(channel);
  }
}
