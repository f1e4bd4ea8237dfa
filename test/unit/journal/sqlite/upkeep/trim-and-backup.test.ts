/** Retention in small steps, and a copy while the journal is being written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupDatabaseFile, JOURNAL_TABLES } from '../../../../../journal/sqlite/upkeep/backup-journal.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
  rejectedMessage,
  TEST_START_MS,
} from '../../../../support/journal-fixture.ts';

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

describe('retention', () => {
  it('deletes what is older than its age, by the time of receipt', async () => {
    await using journal = await ground.open({ retentionMs: 1_000_000 });
    await journal.append(gaugeReadings(0, 5_000), []);
    const now = gaugeReading(3_500).receivedAt + 1_000_000;
    expect(await journal.trim(5_000, now)).toBe(3_500);
    expect(await journal.trim(5_000, now)).toBe(0);
    expect((await journal.readAfter(0, 1))[0]?.id).toBe(3_501);
    expect(await metricValue(ground.metrics, 'siaga_journal_trimmed_total')).toBe(3_500);
    await journal[Symbol.asyncDispose]();
    await using reopened = await ground.open();
    expect((await reopened.readAfter(0, 1))[0]?.id).toBe(3_501);
  });

  it('never deletes what a consumer has yet to read, and says so', async () => {
    await using journal = await ground.open({ retentionMs: 1 });
    await journal.append(gaugeReadings(0, 3_000), []);
    expect(await journal.trim(1_234, TEST_START_MS * 2)).toBe(1_234);
    expect(ground.logged.some(({ msg }) => String(msg).includes('consumer that is behind'))).toBe(true);
  });

  it('gives no id again after everything was deleted, also after a restart', async () => {
    {
      await using journal = await ground.open({ retentionMs: 1 });
      await journal.append(gaugeReadings(0, 100), []);
      expect(await journal.trim(100, TEST_START_MS * 2)).toBe(100);
    }
    await using journal = await ground.open();
    expect(journal.lastId).toBe(100);
    await journal.append([gaugeReading(7)], []);
    expect(journal.lastId).toBe(101);
  });

  it('keeps the readings within their bytes, the oldest go first', async () => {
    await using journal = await ground.open({ maxBytes: 1_000_000 });
    for (let from = 0; from < 20_000; from += 5_000)
      await journal.append(gaugeReadings(from, from + 5_000), []);
    const trimmed = await journal.trim(20_000, TEST_START_MS);
    expect(trimmed).toBeGreaterThan(5_000);
    await journal[Symbol.asyncDispose]();
    await using reopened = await ground.open();
    const entries = await allEntries(reopened);
    expect(entries[0]?.id).toBe(trimmed + 1);
    expect(entries.at(-1)?.id).toBe(20_000);
  });

  it('knows after each commit, and at the start, whether the readings take more than their bytes', async () => {
    const bound = { maxBytes: 1_000_000 };
    {
      await using journal = await ground.open(bound);
      await journal.append(gaugeReadings(0, 1_000), []);
      expect(journal.isOverBound).toBe(false);
      await journal.append(gaugeReadings(1_000, 6_000), []);
      await journal.append(gaugeReadings(6_000, 11_000), []);
      expect(journal.isOverBound).toBe(true);
    }
    await using journal = await ground.open(bound);
    expect(journal.isOverBound).toBe(true);
    // A consumer that is behind keeps it so.
    expect(await journal.trim(10, TEST_START_MS)).toBe(10);
    expect(journal.isOverBound).toBe(true);
    await journal.trim(journal.lastId, TEST_START_MS);
    expect(journal.isOverBound).toBe(false);
    // The pages that became free count no more, and take what comes.
    await journal.append(gaugeReadings(20_000, 20_100), []);
    expect(journal.isOverBound).toBe(false);
  });

  it('lets appends through between its steps', async () => {
    await using journal = await ground.open({ retentionMs: 1 });
    // So many that a busy machine has its turn too before they are gone.
    const count = 60_000;
    for (let from = 0; from < count; from += 5_000)
      await journal.append(gaugeReadings(from, from + 5_000), []);
    let isTrimmed = false;
    const trimming = journal.trim(count, TEST_START_MS * 2).then((count) => {
      isTrimmed = true;
      return count;
    });
    await journal.append([gaugeReading(count)], []);
    expect(isTrimmed).toBe(false);
    expect(await trimming).toBe(count);
  });
});

describe('a backup', () => {
  it('taken while readings come in opens as a journal with all that was acknowledged before', async () => {
    const copy = join(ground.directory, 'copy.db');
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 3_000), [rejectedMessage(1)]);
    const appending = (async () => {
      for (let n = 3_000; n < 3_200; n++) await journal.append([gaugeReading(n)], []);
    })();
    await journal.backup(copy);
    await appending;
    expect(journal.lastId).toBe(3_200);
    await using restored = await ground.open({ file: copy });
    const entries = await allEntries(restored);
    expect(entries.length).toBeGreaterThanOrEqual(3_000);
    expect(entries.map(({ reading }) => reading)).toEqual(gaugeReadings(0, entries.length));
    expect(await restored.rejections({ limit: 5 })).toHaveLength(1);
    expect(await restored.append([gaugeReading(5)], [])).toEqual({ stored: 0, repeated: 1 });
  });

  it('never overwrites, and leaves nothing behind when it fails', async () => {
    const copy = join(ground.directory, 'copy.db');
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    await journal.backup(copy);
    const { mtimeMs } = statSync(copy);
    await expect(journal.backup(copy)).rejects.toThrow('never overwrites');
    expect(statSync(copy).mtimeMs).toBe(mtimeMs);
    await expect(journal.backup(join(ground.directory, 'no-such', 'copy.db'))).rejects.toThrow(Error);
    const from = join(ground.directory, 'none.db');
    const nothing = backupDatabaseFile({ from, to: `${copy}2`, tables: JOURNAL_TABLES });
    await expect(nothing).rejects.toThrow('nothing to copy');
    expect(existsSync(`${copy}2`)).toBe(false);
    expect(readdirSync(ground.directory).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
