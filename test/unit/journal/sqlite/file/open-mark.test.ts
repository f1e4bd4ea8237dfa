/** The journal's files are removed or replaced, while it is open and while it is not: nothing goes without a word. */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeftOpenReport } from '../../../../../journal/sqlite/journal-messages.ts';
import { eventually } from '../../../../support/eventually.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
} from '../../../../support/journal-fixture.ts';

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

const leftOpen = () =>
  ground.logged.flatMap((line) => (line['leftOpen'] ? [line['leftOpen'] as LeftOpenReport] : []));

describe('a file that is gone while the journal is open', () => {
  it.each(['journal.db', 'journal.db-wal'])('(%s) keeps readings waiting until it is back', async (name) => {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    const path = `${ground.directory}/${name}`;
    renameSync(path, `${path}.away`);
    let isSettled = false;
    const waiting = journal.append(gaugeReadings(10, 20), []).finally(() => {
      isSettled = true;
    });
    await eventually(() => expect(journal.problem).toContain('is not the one that is open'));
    expect(isSettled).toBe(false);
    renameSync(`${path}.away`, path);
    expect(await waiting).toEqual({ stored: 10, repeated: 0 });
    expect(journal.problem).toBeUndefined();
    expect((await allEntries(journal)).map(({ reading }) => reading)).toEqual(gaugeReadings(0, 20));
  });

  it('is said also where nothing is sent, and so is its return', async () => {
    await using journal = await ground.open();
    renameSync(ground.file, `${ground.file}.away`);
    await eventually(() => expect(journal.problem).toContain('is not the one that is open'));
    renameSync(`${ground.file}.away`, ground.file);
    await eventually(() => expect(journal.problem).toBeUndefined());
  });

  it('and another in its place: readings are refused at the close, and the next start says why', async () => {
    const journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    copyFileSync(ground.file, `${ground.file}.copy`);
    renameSync(`${ground.file}.copy`, ground.file);
    const refused = expect(journal.append([gaugeReading(10)], [])).rejects.toMatchObject({
      code: 'JOURNAL_CLOSED',
    });
    await eventually(() => expect(journal.problem).toBeDefined());
    await journal[Symbol.asyncDispose]();
    await refused;
    await using next = await ground.open();
    expect(leftOpen()).toMatchObject([{ fault: 'database-replaced' }]);
    await next.append([gaugeReading(10)], []);
    expect((await allEntries(next)).map(({ reading }) => reading)).toEqual(gaugeReadings(0, 11));
  });
});

describe('a journal that was left open', () => {
  const mark = () => `${ground.file}.open`;

  /** As a kill leaves it, but with all of its log in the file: what is in a log that is deleted differs each time. */
  async function leaveOpen(): Promise<void> {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    const text = readFileSync(mark());
    await journal[Symbol.asyncDispose]();
    expect(existsSync(mark())).toBe(false);
    writeFileSync(mark(), text);
  }

  it('and lost its log says so, and gives no id again that may have been given', async () => {
    await leaveOpen();
    await using journal = await ground.open();
    const [report] = leftOpen();
    expect(report).toMatchObject({ fault: 'log-gone' });
    expect(report?.skippedIds?.[0]).toBe(11);
    expect(journal.lastId).toBe(report?.skippedIds?.[1]);
    expect(await journal.append([gaugeReading(10)], [])).toEqual({ stored: 1, repeated: 0 });
    expect((await allEntries(journal)).map(({ reading }) => reading)).toEqual(gaugeReadings(0, 11));
    expect(await metricValue(ground.metrics, 'siaga_journal_damaged_total')).toBe(1);
  });

  it('and lost its file says so, and begins anew', async () => {
    await leaveOpen();
    rmSync(ground.file);
    await using journal = await ground.open();
    expect(leftOpen()).toEqual([{ fault: 'database-gone' }]);
    expect(await journal.append([gaugeReading(0)], [])).toEqual({ stored: 1, repeated: 0 });
  });

  it('and still has its log is what a kill leaves, and no fault', async () => {
    await leaveOpen();
    writeFileSync(`${ground.file}-wal`, '');
    await using journal = await ground.open();
    expect(leftOpen()).toEqual([]);
    expect(journal.lastId).toBe(10);
  });

  it.each(['', '{"database":', 'null'])(
    'whose mark was cut off (%j) had acknowledged nothing',
    async (text) => {
      await leaveOpen();
      writeFileSync(mark(), text);
      await using journal = await ground.open();
      expect(leftOpen()).toEqual([]);
      expect(journal.lastId).toBe(10);
    },
  );

  it('is not one that was closed in order, nor one that was restored after that', async () => {
    {
      await using journal = await ground.open();
      await journal.append(gaugeReadings(0, 10), []);
    }
    copyFileSync(ground.file, `${ground.file}.copy`);
    renameSync(`${ground.file}.copy`, ground.file);
    await using journal = await ground.open();
    expect(leftOpen()).toEqual([]);
    expect(statSync(mark()).mode & 0o777).toBe(0o600);
    expect(journal.lastId).toBe(10);
  });
});
