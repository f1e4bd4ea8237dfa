/** The reading thread of the journal: there while somebody asks, and gone when nobody does. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { JournalReads } from '../../../../../journal/sqlite/following/journal-reads.ts';
import type { PackedEntries } from '../../../../../journal/sqlite/journal-messages.ts';
import {
  createJournalGround,
  gaugeReadings,
  type JournalGround,
} from '../../../../support/journal-fixture.ts';

let ground: JournalGround;
const threads: Worker[] = [];
const firstId = (packed: PackedEntries) => packed[0];
const note = (thread: Worker) => threads.push(thread);

beforeEach(async () => {
  ground = createJournalGround();
  await using journal = await ground.open();
  await journal.append(gaugeReadings(0, 3), []);
  threads.length = 0;
  process.on('worker', note);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  process.off('worker', note);
  ground[Symbol.dispose]();
});

it('ends when nobody has asked for a minute, which is no death, and is there again for the next question', async () => {
  const deaths: Error[] = [];
  const reads = new JournalReads(ground.file, (error) => deaths.push(error));
  await reads.readAfter({ afterId: 0, throughId: 3, limit: 10 });
  vi.advanceTimersByTime(59_000);
  expect(firstId(await reads.readAfter({ afterId: 1, throughId: 3, limit: 10 }))).toBe(2);
  vi.advanceTimersByTime(59_000);
  expect(threads).toHaveLength(1);
  expect(threads[0]?.threadId).toBeGreaterThan(0);

  const ended = once(threads[0] as Worker, 'exit');
  vi.advanceTimersByTime(1_000);
  await ended;
  expect(firstId(await reads.readAfter({ afterId: 0, throughId: 3, limit: 10 }))).toBe(1);
  expect(threads).toHaveLength(2);
  expect(deaths).toEqual([]);
  await reads.terminate();
});

it('does not end while a question waits for its answer', async () => {
  const reads = new JournalReads(ground.file, (error) => expect.unreachable(error.message));
  await reads.readAfter({ afterId: 0, throughId: 3, limit: 10 });
  const slow = reads.readAfter({ afterId: 0, throughId: 3, limit: 10 });
  vi.advanceTimersByTime(600_000);
  expect(firstId(await slow)).toBe(1);
  expect(threads).toHaveLength(1);
  await reads.terminate();
});

it('starts no thread once it is closed', async () => {
  const reads = new JournalReads(ground.file, (error) => expect.unreachable(error.message));
  await reads.terminate();
  await expect(reads.readAfter({ afterId: 0, throughId: 3, limit: 10 })).rejects.toThrow('closed');
  expect(threads).toEqual([]);
});
