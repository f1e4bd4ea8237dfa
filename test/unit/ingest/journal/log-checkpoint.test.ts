/** The write-ahead log goes into the journal's file beside the commits, long before SQLite would do it in one. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CheckpointThread } from '../../../../ingest/journal/checkpoint-thread.ts';
import { openJournalFile } from '../../../../ingest/journal/journal-file.ts';
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
  it('is carried into the file beside the commits, so that no commit has to', async () => {
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

  it('loses nothing where the journal is salvaged while it is carried', async () => {
    using ground = createJournalGround();
    await using journal = await ground.open();
    const appends: Promise<unknown>[] = [];
    for (let commit = 0; commit < COMMITS; commit++) {
      appends.push(journal.append(gaugeReadings(commit * READINGS, (commit + 1) * READINGS), []));
      // Commits go on before and after; the moments differ from run to run.
      if (commit % 12 === 11) await Promise.all([journal.salvage('said by the test'), delay(commit)]);
    }
    await Promise.all(appends);
    const seqs = (await allEntries(journal)).map(({ reading }) => reading.seq);
    expect(seqs).toEqual(Array.from({ length: COMMITS * READINGS }, (_, seq) => seq));
  });
});

describe('the thread of the checkpoints', () => {
  it.runIf(process.platform === 'linux')(
    'carries the log of another connection, and leaves nothing open behind that one',
    async () => {
      using ground = createJournalGround();
      using writer = openJournalFile(ground.file);
      writer.exec('create table filler (bytes blob)');
      const insert = writer.prepare('insert into filler values (zeroblob(100000))');
      const thread = new CheckpointThread(ground.file);
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
      expect(thread.start()).toBe(true);
      thread.close();
      writer.close();
      expect(openFiles(ground)).toEqual([]);
      expect(thread.start()).toBe(false);
    },
  );

  it('is ready for the next one after a checkpoint that failed', async () => {
    using ground = createJournalGround();
    const thread = new CheckpointThread(`${ground.directory}/no/such/journal.db`);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(thread.start()).toBe(true);
      await expect.poll(() => thread.isBusy, { timeout: 10_000 }).toBe(false);
    }
    thread.close();
  });
});
