/** The write-ahead log goes into the journal's file beside the commits, long before SQLite would do it in one. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { CheckpointThread } from '../../../../journal/sqlite/checkpoint-thread.ts';
import { openJournalFile } from '../../../../journal/sqlite/journal-file.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReadings,
  type JournalGround,
} from '../../../support/journal-fixture.ts';

/** What SQLite's own checkpoint would let it grow to, in bytes: 4,000 pages with their frames. */
const COMMIT_CHECKPOINT_BYTES = 4_000 * (4_096 + 24);
const COMMITS = 60;
const READINGS = 2_000;

/** Files of the journal that this process has open; only Linux tells. */
function openFiles({ file }: JournalGround): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(file) ? [target] : [];
    } catch {
      // The one that was opened to list them.
      return [];
    }
  });
}

describe("the journal's log", () => {
  it('is carried into the file before a commit has to', async () => {
    using ground = createJournalGround();
    await using journal = await ground.open();
    let logBytes = 0;
    for (let commit = 0; commit < COMMITS; commit++) {
      await journal.append(gaugeReadings(commit * READINGS, (commit + 1) * READINGS), []);
      logBytes = Math.max(logBytes, statSync(`${ground.file}-wal`).size);
    }
    // 120,000 readings are some 14 MB, and more than that in a log that was never carried over.
    expect(statSync(ground.file).size).toBeGreaterThan(8_000_000);
    expect(logBytes).toBeLessThan(COMMIT_CHECKPOINT_BYTES * 0.7);
  });

  it('loses nothing where the journal is salvaged while it works', async () => {
    using ground = createJournalGround();
    await using journal = await ground.open();
    const appends: Promise<unknown>[] = [];
    for (let commit = 0; commit < COMMITS; commit++) {
      appends.push(journal.append(gaugeReadings(commit * READINGS, (commit + 1) * READINGS), []));
      // By then the log is due to be carried; commits go on before and after.
      if (commit % 20 === 19) await journal.salvage('said by the test');
    }
    await Promise.all(appends);
    const seqs = (await allEntries(journal)).map(({ reading }) => reading.seq);
    expect(seqs).toEqual(Array.from({ length: COMMITS * READINGS }, (_, seq) => seq));
  });
});

const ignore = () => undefined;

describe('the thread of the checkpoints', () => {
  it('says that it cannot be had, once, where the system allows no more threads', async () => {
    using ground = createJournalGround();
    const told: Error[] = [];
    class Worker {
      constructor() {
        throw new Error('EAGAIN');
      }
    }
    vi.doMock('node:worker_threads', () => ({ Worker }));
    vi.resetModules();
    const refused = await import('../../../../journal/sqlite/checkpoint-thread.ts');
    vi.doUnmock('node:worker_threads');
    const thread = new refused.CheckpointThread(ground.file, (error) => told.push(error));
    expect(thread.start()).toBe(false);
    expect(thread.start()).toBe(false);
    expect(thread.isBusy).toBe(false);
    thread.close();
    expect(told.map(({ message }) => message)).toEqual(['EAGAIN']);
  });

  it.runIf(process.platform === 'linux')(
    'carries the log of another connection, and leaves nothing open behind that one',
    async () => {
      using ground = createJournalGround();
      using writer = openJournalFile(ground.file);
      writer.exec('create table filler (bytes blob)');
      const insert = writer.prepare('insert into filler values (zeroblob(100000))');
      const thread = new CheckpointThread(ground.file, ignore);
      const opened: number[] = [];
      for (let checkpoint = 0; checkpoint < 5; checkpoint++) {
        for (let row = 0; row < 10; row++) insert.run();
        expect(thread.start()).toBe(true);
        await expect.poll(() => thread.isBusy, { timeout: 10_000 }).toBe(false);
        opened.push(openFiles(ground).length);
      }
      expect(statSync(ground.file).size).toBeGreaterThan(5_000_000);
      // SQLite keeps a descriptor for the next, since to close it would drop the writer's locks: one, and no more.
      expect(new Set(opened).size).toBe(1);
      for (let row = 0; row < 10; row++) insert.run();
      const carriedBytes = statSync(ground.file).size;
      expect(thread.start()).toBe(true);
      expect(thread.isBusy).toBe(true);
      thread.close();
      // It has waited for the end of it.
      expect(statSync(ground.file).size).toBeGreaterThan(carriedBytes + 900_000);
      writer.close();
      expect(openFiles(ground)).toEqual([]);
      expect(thread.start()).toBe(false);
    },
  );

  it('is ready for the next one after a checkpoint that failed', async () => {
    using ground = createJournalGround();
    const thread = new CheckpointThread(`${ground.directory}/no/such/journal.db`, ignore);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(thread.start()).toBe(true);
      await expect.poll(() => thread.isBusy, { timeout: 10_000 }).toBe(false);
    }
    thread.close();
  });
});
