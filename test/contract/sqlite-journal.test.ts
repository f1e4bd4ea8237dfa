/** The SQLite journal keeps the journal's contract. */
import { afterEach } from 'vitest';
import { createJournalGround, type JournalGround } from '../support/journal-fixture.ts';
import { describeJournal } from './journal.suite.ts';

const grounds: JournalGround[] = [];
afterEach(() => {
  for (const ground of grounds.splice(0)) ground[Symbol.dispose]();
});

describeJournal('the SQLite journal', (options) => {
  const ground = createJournalGround();
  grounds.push(ground);
  return ground.open(options);
});
