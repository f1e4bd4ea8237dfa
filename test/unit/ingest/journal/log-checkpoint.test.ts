/** The write-ahead log goes into the journal's file between commits, long before SQLite would do it in one. */
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createJournalGround, gaugeReadings } from '../../../support/journal-fixture.ts';

/** What SQLite's own checkpoint would let it grow to, in bytes: 4,000 pages with their frames. */
const COMMIT_CHECKPOINT_BYTES = 4_000 * (4_096 + 24);
const COMMITS = 60;
const READINGS = 2_000;

describe("the journal's log", () => {
  it('is carried into the file between commits, so that no commit has to', async () => {
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
});
