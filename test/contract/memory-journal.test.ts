/** The memory journal, on which other tests stand, keeps the journal's contract. */
import { createMemoryJournal } from '../support/memory-journal.ts';
import { describeJournal } from './journal.suite.ts';

describeJournal('the memory journal', async (options) => createMemoryJournal(options));
