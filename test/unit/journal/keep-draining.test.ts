/** keepDraining beside a real journal: what it does where there is nothing to read, and when the journal ends. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../../journal/journal.ts';
import { keepDraining } from '../../../journal/keep-draining.ts';
import {
  createJournalGround,
  gaugeReadings,
  type JournalGround,
  metricValue,
  TEST_START_MS,
} from '../../support/journal-fixture.ts';

let ground: JournalGround;
let threads: Worker[];
const remember = (thread: Worker) => void threads.push(thread);
beforeEach(() => {
  ground = createJournalGround();
  threads = [];
  // Node tells of every thread that it starts: the first is the one that writes.
  process.on('worker', remember);
});
afterEach(() => {
  process.off('worker', remember);
  ground[Symbol.dispose]();
});

/** A consumer that collects ids from the journal's beginning; `told` is what readiness would hear. */
function drain(journal: Journal, signal: AbortSignal) {
  const ids: number[] = [];
  const told: (string | undefined)[] = [];
  const heard = Promise.withResolvers<void>();
  const done = keepDraining({
    journal,
    consumer: {
      name: 'test',
      loadCursor: async () => 0,
      consume: async (entries) => void ids.push(...entries.map(({ id }) => id)),
    },
    signal,
    log: pino({ level: 'silent' }),
    random: () => 0,
    onOutcome(problem) {
      told.push(problem);
      if (problem !== undefined) heard.resolve();
    },
  });
  return { ids, told, done, hasHeardOfAProblem: heard.promise };
}

describe('where ids were given and nothing lies behind them', () => {
  it('a consumer looks at the disk once, and goes on with what comes', async () => {
    await using journal = await ground.open({ retentionMs: 1 });
    await journal.append(gaugeReadings(0, 10), []);
    await journal.trim(10, TEST_START_MS * 2);
    const abort = new AbortController();
    const { ids, done } = drain(journal, abort.signal);
    // A turn of the reading thread is behind each of these: time enough to look again and again.
    for (let i = 0; i < 20; i++) await journal.rejections({ limit: 1 });
    expect(await metricValue(ground.metrics, 'siaga_journal_disk_reads_total')).toBe(1);
    await journal.append(gaugeReadings(10, 15), []);
    await nextTurn();
    expect(ids).toEqual([11, 12, 13, 14, 15]);
    abort.abort();
    await done;
  });
});

describe('when the thread of the journal has died', () => {
  it('reading on rejects, and whoever watches is told once', async () => {
    const deaths: string[] = [];
    await using journal = await ground.open({ onDeath: ({ message }) => deaths.push(message) });
    await journal.append(gaugeReadings(0, 10), []);
    await threads[0]?.terminate();
    await expect(journal.waitForEntry(10, new AbortController().signal)).rejects.toMatchObject({
      code: 'JOURNAL_IO',
    });
    await expect(journal.readAfter(10, 100)).rejects.toMatchObject({ code: 'JOURNAL_IO' });
    await expect(journal.append(gaugeReadings(10, 11), [])).rejects.toMatchObject({ code: 'JOURNAL_IO' });
    expect(deaths).toEqual([expect.stringContaining("the journal's thread died")]);
    expect(journal.problem).toContain("the journal's thread died");
  });

  it('a consumer that has caught up says so and leaves the event loop to others', async () => {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    const abort = new AbortController();
    const { ids, told, done, hasHeardOfAProblem } = drain(journal, abort.signal);
    await nextTurn();
    await threads[0]?.terminate();
    await hasHeardOfAProblem;
    // Would never come where the consumer asks again and again without a pause.
    await nextTurn();
    expect(told.at(-1)).toContain("the journal's thread died");
    expect(ids).toHaveLength(10);
    abort.abort();
    await done;
  });

  it('closing a journal tells nobody of a death', async () => {
    const deaths: Error[] = [];
    const journal = await ground.open({ onDeath: (error) => deaths.push(error) });
    await journal[Symbol.asyncDispose]();
    expect(deaths).toEqual([]);
  });
});
