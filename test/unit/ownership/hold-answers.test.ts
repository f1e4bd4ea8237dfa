import { Registry as Metrics } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import type { Journal } from '../../../journal/journal.ts';
import { outcomeOf, type Waiter } from '../../../journal/waiter.ts';
import { holdAnswers } from '../../../ownership/hold-answers.ts';

let isHeld: boolean;
let again: () => void;
/** The journal's own word, when the test has it say it. */
let waiters: Waiter[];
const journal: Pick<Journal, 'appendFor' | 'waitingBytes'> = {
  appendFor: (waiter) => void waiters.push(waiter),
  waitingBytes: 12,
};

beforeEach(() => {
  isHeld = true;
  waiters = [];
});

function open() {
  const metrics = new Metrics();
  const ownership = {
    get isHeld() {
      return isHeld;
    },
    onHeldAgain(listener: () => void) {
      again = listener;
    },
  };
  return { entry: holdAnswers(journal, ownership, metrics), metrics };
}

test('an owner answers as the journal does', async () => {
  const { entry } = open();
  const stored = outcomeOf((waiter) => entry.appendFor(waiter, [], []));
  const refused = outcomeOf((waiter) => entry.appendFor(waiter, [], []));
  waiters[0]?.stored(3, 1, 0);
  waiters[1]?.refused(new Error('full'));
  expect(await stored).toEqual({ stored: 3, repeated: 1, rejected: 0 });
  await expect(refused).rejects.toThrow('full');
  expect(entry.waitingBytes).toBe(12);
});

test('in doubt nothing is answered and nothing more is read; confirmed, all of it goes out in order', async () => {
  const { entry, metrics } = open();
  const said: string[] = [];
  const tell = (name: string): Waiter => ({
    stored: () => void said.push(name),
    refused: (error) => void said.push(`${name} ${error.message}`),
  });
  for (const name of ['a', 'b', 'c']) entry.appendFor(tell(name), [], []);
  isHeld = false;
  waiters[0]?.stored(1, 0, 0);
  waiters[1]?.refused(new Error('full'));
  expect(said).toEqual([]);
  expect(entry.waitingBytes).toBe(Number.POSITIVE_INFINITY);
  expect(await metrics.metrics()).toContain('siaga_ownership_held_answers 2');
  isHeld = true;
  // Not before those that came first.
  waiters[2]?.stored(1, 0, 0);
  expect(said).toEqual([]);
  again();
  expect(said).toEqual(['a', 'b full', 'c']);
  expect(entry.waitingBytes).toBe(12);
});

test('more than the bound is refused and counted', async () => {
  const { entry, metrics } = open();
  isHeld = false;
  let refused = 0;
  const waiter: Waiter = { stored: () => undefined, refused: () => void refused++ };
  for (let n = 0; n < 100_002; n++) {
    entry.appendFor(waiter, [], []);
    waiters.pop()?.stored(1, 0, 0);
  }
  expect(refused).toBe(2);
  expect(await metrics.metrics()).toContain('siaga_ownership_refused_answers_total 2');
});
