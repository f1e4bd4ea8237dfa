/**
 * holdAnswers: what the journal has taken is acknowledged while this server owns the city, and not a moment longer.
 *
 * Stands between the pipeline and the journal. In doubt the answers wait, in order, and go out once the ownership is
 * confirmed; where it is lost the process ends with them, and the devices send again to the next owner. Invariant: no
 * PUBACK, and no answer to a device over HTTP, leaves a server that is not sure to be the owner.
 */
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { type Journal, JournalError } from '../journal/journal.ts';
import type { Waiter } from '../journal/waiter.ts';
import type { Ownership } from './ownership.ts';

/** Answers that wait: 12,000 devices with 8 each; some 15 MB. Sockets are paused long before. */
export const MAX_HELD = 100_000;

export interface HeldAnswers extends Pick<Journal, 'appendFor'> {
  /** What the broker stops reading for: everything, while an owner is in doubt. */
  readonly waitingBytes: number;
}

type Answer = () => void;

export function holdAnswers(
  journal: Pick<Journal, 'appendFor' | 'waitingBytes'>,
  ownership: Pick<Ownership, 'isHeld' | 'onHeldAgain'>,
  metrics: Metrics,
): HeldAnswers {
  let held: Answer[] = [];
  const refusals = new Counter({
    name: 'siaga_ownership_refused_answers_total',
    help: 'Messages not acknowledged since too many waited for the ownership to be confirmed.',
    registers: [metrics],
  });
  new Gauge({
    name: 'siaga_ownership_held_answers',
    help: 'Answers to devices that wait until the ownership is confirmed.',
    registers: [metrics],
    collect() {
      this.set(held.length);
    },
  });
  ownership.onHeldAgain(() => {
    const due = held;
    held = [];
    for (const answer of due) answer();
  });

  /** `answer` now, or when this is the owner's to say; `refuse` where too many wait. */
  function say(answer: Answer, refuse: (error: Error) => void): void {
    if (ownership.isHeld && held.length === 0) answer();
    else if (held.length < MAX_HELD) held.push(answer);
    else {
      refusals.inc();
      refuse(new JournalError('JOURNAL_CLOSED', 'too many answers wait until the ownership is confirmed'));
    }
  }

  return {
    appendFor(waiter, readings, rejections, messages) {
      const told: Waiter = {
        stored: (...outcome) =>
          say(
            () => waiter.stored(...outcome),
            (error) => waiter.refused(error),
          ),
        // Also what is refused: the broker looks whether to read on when something is settled.
        refused: (error) =>
          say(
            () => waiter.refused(error),
            () => waiter.refused(error),
          ),
      };
      journal.appendFor(told, readings, rejections, messages);
    },
    get waitingBytes() {
      return ownership.isHeld ? journal.waitingBytes : Number.POSITIVE_INFINITY;
    },
  };
}
