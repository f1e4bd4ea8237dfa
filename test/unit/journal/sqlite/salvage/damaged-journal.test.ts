/**
 * A journal whose file was damaged on purpose, case by case: it opens, says what it lost, and serves the rest.
 * Pages are told apart by what they hold: damage is done where a known reading lies.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../../../../journal/journal.ts';
import type { LostLogReport, SalvageReport } from '../../../../../journal/sqlite/journal-messages.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
  rejectedMessage,
} from '../../../../support/journal-fixture.ts';

const PAGE_BYTES = 4096;
const READINGS = 2_000;

let ground: JournalGround;
beforeEach(async () => {
  ground = createJournalGround();
  await using journal = await ground.open();
  await journal.append(gaugeReadings(0, READINGS), [rejectedMessage(1)]);
});
afterEach(() => ground[Symbol.dispose]());

function setAsideFiles(): string[] {
  return readdirSync(ground.directory).filter((name) => /\.damaged-.*\.db$/.test(name));
}

function salvageReport(): SalvageReport {
  const line = ground.logged.find(({ salvage }) => salvage !== undefined);
  return line?.['salvage'] as SalvageReport;
}

/** The page that holds a row of `table` whose content contains `needle`. */
function pageWith(needle: Buffer): number {
  const content = readFileSync(ground.file);
  const at = content.indexOf(needle);
  expect(at).toBeGreaterThan(0);
  return Math.floor(at / PAGE_BYTES);
}

/** The stored values of one reading: seq, flags, mask and level follow each other as float64. */
function recordOf(n: number): Buffer {
  return Buffer.from(Float64Array.of(gaugeReading(n).receivedAt, n).buffer);
}

function overwrite(offset: number, bytes: Uint8Array): void {
  const content = readFileSync(ground.file);
  content.set(bytes, offset);
  writeFileSync(ground.file, content);
}

/** The journal opens and takes new readings; returns the seqs it has kept. */
async function seqsServed(): Promise<Set<number | undefined>> {
  await using journal = await ground.open();
  const before = journal.lastId;
  expect(before).toBeGreaterThanOrEqual(READINGS);
  expect(await journal.append([gaugeReading(1_000_000)], [])).toEqual({ stored: 1, repeated: 0 });
  expect(journal.lastId).toBe(before + 1);
  const entries = await allEntries(journal);
  for (const { id, reading } of entries) {
    if (reading.seq !== 1_000_000) expect(reading).toEqual(gaugeReading(id - 1));
  }
  expect(journal.problem).toBeUndefined();
  return new Set(entries.map(({ reading }) => reading.seq));
}

describe('a damaged journal', () => {
  it('whose leaf page was overwritten with noise loses the readings of that page and no other', async () => {
    const page = pageWith(recordOf(1_000));
    overwrite(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));
    const served = await seqsServed();
    expect(served.has(1_000)).toBe(false);
    expect(served.size).toBeGreaterThan(READINGS - 80);
    expect(setAsideFiles()).toHaveLength(1);
    const report = salvageReport();
    expect(report.readings).toBe(served.size - 1);
    const [first, last] = report.unreadable[0] as [number, number];
    expect([first <= 1_001, last >= 1_001, report.unreadable.length]).toEqual([true, true, 1]);
    expect(last - first + 1).toBe(READINGS - report.readings);
    expect(report.rejections).toBe(1);
    expect(await metricValue(ground.metrics, 'siaga_journal_damaged_total')).toBe(1);
  });

  it('whose last leaf page was lost never gives an id again that was given', async () => {
    const page = pageWith(recordOf(READINGS - 1));
    overwrite(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));
    const served = await seqsServed();
    expect(served.has(READINGS - 1)).toBe(false);
    expect(served.has(1_000)).toBe(true);
  });

  it('whose header was overwritten finds every reading again, and keeps the header that was there', async () => {
    overwrite(0, new Uint8Array(PAGE_BYTES).fill(0xff));
    expect((await seqsServed()).size).toBe(READINGS + 1);
    const [setAside = ''] = setAsideFiles();
    expect(readFileSync(join(ground.directory, `${setAside}.header`))[0]).toBe(0xff);
  });

  it('of which the second half is missing serves the first', async () => {
    truncateSync(ground.file, Math.floor(statSync(ground.file).size / 2 / PAGE_BYTES) * PAGE_BYTES);
    const served = await seqsServed();
    expect(served.size).toBeGreaterThan(READINGS / 10);
    expect(served.has(0)).toBe(true);
    expect(setAsideFiles()).toHaveLength(1);
  });

  it('cut in the middle of a page serves what stands before', async () => {
    truncateSync(ground.file, statSync(ground.file).size - 1_000);
    expect((await seqsServed()).size).toBeGreaterThan(READINGS - 200);
  });

  it('that is no database at all is set aside, and a new one begins with ids never given', async () => {
    writeFileSync(ground.file, Buffer.alloc(200_000, 'not a journal '));
    const served = await seqsServed();
    expect([...served]).toEqual([1_000_000]);
    const [setAside = ''] = setAsideFiles();
    expect(statSync(join(ground.directory, setAside)).size).toBe(200_000);
  });

  it('whose index of identities is damaged keeps every reading and still knows repeats', async () => {
    const root = indexRoot();
    overwrite((root - 1) * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0x11));
    expect((await seqsServed()).size).toBe(READINGS + 1);
    await using journal = await ground.open();
    expect(await journal.append([gaugeReading(5)], [])).toEqual({ stored: 0, repeated: 1 });
  });

  it('of which one bit of a value turned loses that reading alone when it is salvaged', async () => {
    const content = readFileSync(ground.file);
    const at = content.indexOf(recordOf(1_500)) + 4 * 8;
    content[at + 3] = (content[at + 3] as number) ^ 0x10;
    writeFileSync(ground.file, content);
    // SQLite does not see it; the salvage that the lost header brings about does.
    overwrite(0, new Uint8Array(PAGE_BYTES));
    const served = await seqsServed();
    expect(served.has(1_500)).toBe(false);
    expect(served.size).toBe(READINGS);
  });

  it('of zero bytes is a new one', async () => {
    truncateSync(ground.file, 0);
    await using journal = await ground.open();
    expect(journal.lastId).toBe(0);
    expect(await journal.append([gaugeReading(1)], [])).toEqual({ stored: 1, repeated: 0 });
  });

  it('whose salvage was interrupted between its two renames is completed at the next start', async () => {
    renameSync(ground.file, `${ground.file}.salvaged`);
    expect((await seqsServed()).size).toBe(READINGS + 1);
    expect(existsSync(`${ground.file}.salvaged`)).toBe(false);
  });

  it('whose salvage was interrupted while it copied is salvaged from the start', async () => {
    writeFileSync(`${ground.file}.salvaging`, 'half of something');
    overwrite(0, new Uint8Array(PAGE_BYTES));
    expect((await seqsServed()).size).toBe(READINGS + 1);
    expect(existsSync(`${ground.file}.salvaging`)).toBe(false);
  });

  it('that shows while it is read is salvaged while it runs, and the reader gets the rest', async () => {
    await using journal = await ground.open({ recentEntries: 10 });
    const page = pageWith(recordOf(1_000));
    overwrite(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));
    const entries = await allEntries(journal);
    expect(entries.length).toBeGreaterThan(READINGS - 80);
    expect(entries.length).toBeLessThan(READINGS);
    expect(await journal.append([gaugeReading(READINGS), gaugeReading(3)], [])).toEqual({
      stored: 1,
      repeated: 1,
    });
    expect(journal.lastId).toBe(READINGS + 1);
    expect(setAsideFiles()).toHaveLength(1);
  });

  describe('that cannot be salvaged while it runs', () => {
    async function damageAndRead(journal: Journal): Promise<void> {
      const page = pageWith(recordOf(1_000));
      overwrite(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));
      await expect(allEntries(journal)).rejects.toMatchObject({ code: 'JOURNAL_IO' });
    }

    async function expectWell(journal: Journal): Promise<void> {
      expect(journal.problem).toBeUndefined();
      const entries = await allEntries(journal);
      expect(entries.length).toBeGreaterThan(READINGS - 80);
      expect(entries.at(-1)?.reading).toEqual(gaugeReading(READINGS));
      expect(journal.lastId).toBe(READINGS + 1);
      expect(setAsideFiles()).toHaveLength(1);
    }

    it('refuses readings and says why, until the salvage succeeds', async () => {
      await using journal = await ground.open({ recentEntries: 10 });
      mkdirSync(`${ground.file}.salvaging`);
      await damageAndRead(journal);
      expect(journal.problem).toContain('the journal is damaged and cannot be salvaged');
      await expect(journal.append([gaugeReading(READINGS)], [])).rejects.toMatchObject({
        code: 'JOURNAL_IO',
        message: expect.stringContaining('.salvaging') as string,
      });
      expect(journal.problem).toBeDefined();
      rmdirSync(`${ground.file}.salvaging`);
      expect(await journal.append([gaugeReading(READINGS)], [])).toEqual({ stored: 1, repeated: 0 });
      await expectWell(journal);
    });

    it('lets readings wait where there is no place for the new file, and goes on by itself', async () => {
      await using journal = await ground.open({ recentEntries: 10 });
      // SQLite cannot create its log of the new file.
      mkdirSync(`${ground.file}.salvaging-journal`);
      await damageAndRead(journal);
      const names = gaugeReading(READINGS, { device: 'named-meanwhile' });
      let isSettled = false;
      const waiting = journal.append([names, gaugeReading(READINGS)], []).finally(() => {
        isSettled = true;
      });
      await expect(allEntries(journal)).rejects.toMatchObject({ code: 'JOURNAL_IO' });
      expect(isSettled).toBe(false);
      expect(journal.problem).toContain('the journal is damaged and cannot be salvaged');
      rmdirSync(`${ground.file}.salvaging-journal`);
      expect(await waiting).toEqual({ stored: 2, repeated: 0 });
      expect(journal.problem).toBeUndefined();
      const last = (await allEntries(journal)).slice(-2).map(({ reading }) => reading);
      expect(last).toEqual([names, gaugeReading(READINGS)]);
    });
  });

  function indexRoot(): number {
    const database = new DatabaseSync(ground.file, { readOnly: true });
    const row = database.prepare("select rootpage from sqlite_schema where name = 'readings_identity'").get();
    database.close();
    return Number(row?.['rootpage']);
  }
});

describe('a journal whose log is damaged', () => {
  const FRAME_BYTES = 24 + PAGE_BYTES;
  let crashed: string;
  /** A log of eleven commits, the first with the schema, as a crash leaves it. */
  beforeEach(async () => {
    crashed = join(ground.directory, 'crashed.db');
    const fresh = join(ground.directory, 'fresh.db');
    await using journal = await ground.open({ file: fresh });
    for (let n = 0; n < 10; n++) await journal.append(gaugeReadings(n * 100, n * 100 + 100), []);
    for (const suffix of ['', '-wal']) copyFileSync(fresh + suffix, crashed + suffix);
  });

  function damageLogAt(share: number): void {
    const log = readFileSync(`${crashed}-wal`);
    const frame = Math.floor(((log.length - 32) / FRAME_BYTES) * share);
    log.fill(0xa5, 32 + frame * FRAME_BYTES + 500, 32 + frame * FRAME_BYTES + 600);
    writeFileSync(`${crashed}-wal`, log);
  }

  it('says how many commits were lost, keeps a copy of the log, and skips the ids that they may have had', async () => {
    damageLogAt(0.6);
    const before = readFileSync(`${crashed}-wal`);
    await using journal = await ground.open({ file: crashed });
    const line = ground.logged.find(({ lostLog }) => lostLog !== undefined)?.['lostLog'] as LostLogReport;
    const entries = await allEntries(journal);
    expect(entries.length % 100).toBe(0);
    expect(entries.length).toBeLessThan(1_000);
    expect(line.commits).toBe(10 - entries.length / 100);
    expect(readFileSync(line.setAside).equals(before)).toBe(true);
    expect(line.skippedIds?.[0]).toBe(entries.length + 1);
    expect(journal.lastId).toBe(line.skippedIds?.[1]);
    expect(journal.lastId).toBeGreaterThan(1_000);
    expect(await journal.append(gaugeReadings(0, 1_000), [])).toEqual({
      stored: 1_000 - entries.length,
      repeated: entries.length,
    });
    expect((await allEntries(journal)).map(({ reading }) => reading)).toEqual(gaugeReadings(0, 1_000));
    expect(await metricValue(ground.metrics, 'siaga_journal_damaged_total')).toBe(1);
  });

  it('in its header too, knows that there were commits', async () => {
    const log = readFileSync(`${crashed}-wal`);
    log.fill(0, 0, 32);
    writeFileSync(`${crashed}-wal`, log);
    await using journal = await ground.open({ file: crashed });
    expect(ground.logged.some(({ lostLog }) => lostLog !== undefined)).toBe(true);
    expect(journal.lastId).toBeGreaterThan(1_000);
  });

  it('only in its last commit, is what a crash leaves and no damage', async () => {
    damageLogAt(0.999);
    await using journal = await ground.open({ file: crashed });
    expect(journal.lastId).toBe(900);
    expect(ground.logged.some(({ level }) => level === 50)).toBe(false);
  });
});

describe('a journal that is salvaged while it works', () => {
  it('loses nothing of what is appended meanwhile', async () => {
    const commits = 60;
    const readings = 2_000;
    await using journal = await ground.open();
    const appends: Promise<unknown>[] = [];
    for (let commit = 0; commit < commits; commit++) {
      appends.push(journal.append(gaugeReadings(commit * readings, (commit + 1) * readings), []));
      // Between two of them the log is carried into the file; commits go on before and after.
      if (commit % 20 === 19) await journal.salvage('said by the test');
    }
    await Promise.all(appends);
    const seqs = (await allEntries(journal)).map(({ reading }) => reading.seq);
    expect(seqs).toEqual(Array.from({ length: commits * readings }, (_, seq) => seq));
  });
});

describe('a journal that must not be opened', () => {
  it('is refused with JOURNAL_TOO_NEW when a later version wrote it, and stays as it is', async () => {
    const database = new DatabaseSync(ground.file);
    database.exec('pragma user_version = 999');
    database.close();
    const before = readFileSync(ground.file);
    await expect(ground.open()).rejects.toMatchObject({
      code: 'JOURNAL_TOO_NEW',
      message: expect.stringContaining('schema 999') as unknown,
    });
    expect(readFileSync(ground.file).equals(before)).toBe(true);
    expect(setAsideFiles()).toEqual([]);
  });

  it('is refused when it is the SQLite file of something else', async () => {
    const other = join(ground.directory, 'other.db');
    const database = new DatabaseSync(other);
    database.exec('create table cats (name text)');
    database.close();
    copyFileSync(other, ground.file);
    await expect(ground.open()).rejects.toMatchObject({
      code: 'JOURNAL_IO',
      message: expect.stringContaining('not a journal') as unknown,
    });
  });
});
