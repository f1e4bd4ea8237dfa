/**
 * A journal that has lost something takes it from the log in PostgreSQL: after its next catching up it holds all that
 * the log holds, once, under the log's ids, and the log gives on its ids without a leap.
 *
 * Each loss is done to the files, in the state in which a kill leaves them.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceMessage } from '../../journal/device-messages.ts';
import type { CopyingJournal } from '../../journal/journal-log.ts';
import { readEnds } from '../../journal/replica/catch-up.ts';
import { refillRunning } from '../../journal/replica/refill.ts';
import { BLOCK_IDS } from '../../journal/sqlite/file/left-out-ids.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  rejectedMessage,
  TEST_START_MS,
} from '../support/journal-fixture.ts';
import { createLog, nextCity, openReplicated, prepareLog } from '../support/journal-log.ts';
import {
  ALL,
  type Files,
  HALF,
  LOSSES,
  overwrite,
  pageWith,
  recordOf,
  takeLogInOf,
} from '../support/journal-losses.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';

const grounds: JournalGround[] = [];
/** Each owner has a later one than the owner before. */
let epoch = 1;
let postgres: Awaited<ReturnType<typeof startPostgres>>;

const ground = () => {
  const made = createJournalGround();
  grounds.push(made);
  return made;
};
const status = (n: number): DeviceMessage => ({
  ...{ channel: n % 3 === 0 ? 'status' : 'ack', device: `motor-${n % 5}`, receivedAt: TEST_START_MS + n },
  ...{ topic: `siaga/semarang/ambulance/motor-${n % 5}/status`, clientId: 'motor', isReplay: false },
  payload: Buffer.from(`{"n":${n}}`),
});

async function fill(journal: CopyingJournal, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 100) {
    const others = Array.from({ length: 10 }, (_, i) => n / 10 + i);
    await journal.append(
      gaugeReadings(n, n + 100),
      others.map((i) => rejectedMessage(i)),
      others.map(status),
    );
  }
}

/** All that a journal answers, as what the log's rows must say too. */
async function contentOf(journal: CopyingJournal) {
  const messages = await journal.messages.readAfter(0, 10_000);
  const rejections = await journal.rejections({ limit: 10_000 });
  const statuses = await journal.latestStatuses();
  const latest = (await journal.latest()).map(({ id }) => id).sort((a, b) => a - b);
  return {
    readings: (await allEntries(journal)).map(({ id, reading }) => `${id} ${reading.device} ${reading.seq}`),
    messages: messages.map(({ id, message }) => `${id} ${Buffer.from(message.payload)}`),
    rejections: rejections.map(({ id, detail }) => `${id} ${detail}`).reverse(),
    statuses: statuses.map(({ id }) => id),
    latest,
  };
}

async function contentOfLog(city: string) {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const read = async (series: string, text: (document: Record<string, string>) => string) => {
    const select = 'select id, document from journal_log where city = $1 and series = $2 order by id';
    const { rows } = await client.query<{ id: string; document: string }>(select, [city, series]);
    return rows.map(({ id, document }) => `${id} ${text(JSON.parse(document))}`);
  };
  const content = {
    readings: await read('readings', ({ device, seq }) => `${device} ${seq}`),
    messages: await read('messages', ({ payload }) => `${Buffer.from(payload as string, 'base64')}`),
    rejections: await read('rejections', ({ detail }) => detail as string),
  };
  await client.end();
  return content;
}

/** A journal of a killed owner, with the copy from when it was half as large. */
async function leaveKilled(city: string): Promise<{ damaged: JournalGround; files: Files }> {
  const [lived, damaged] = [ground(), ground()];
  const owner = await openReplicated(lived, createLog(postgres.url, { city }));
  const older = `${damaged.directory}/older.db`;
  const copyTo = (target: string) => {
    for (const suffix of ['', '-wal', '.open']) copyFileSync(lived.file + suffix, target + suffix);
  };
  await fill(owner.journal, 0, HALF);
  copyTo(older);
  await fill(owner.journal, HALF, ALL);
  copyTo(damaged.file);
  await owner.journal[Symbol.asyncDispose]();
  // The mark names the files that were open; those of the copy are others.
  const mark = { database: statSync(damaged.file).ino, log: statSync(`${damaged.file}-wal`).ino };
  writeFileSync(`${damaged.file}.open`, JSON.stringify(mark));
  return { damaged, files: { file: damaged.file, older } };
}

/**
 * The journal holds what the log does, the two are the same to an heir that begins with nothing, and it goes on behind.
 */
async function expectWhole(journal: CopyingJournal, city: string): Promise<void> {
  const content = await contentOf(journal);
  const { readings, messages, rejections } = content;
  const logged = await contentOfLog(city);
  expect({ readings, messages, rejections }).toEqual(logged);
  expect(await journal.lostIds()).toEqual({ readings: [], messages: [], rejections: [] });
  const [heir, reader] = [ground(), createLog(postgres.url, { city, epoch: ++epoch })];
  const { journal: other } = await openReplicated(heir, reader);
  expect(content).toEqual(await contentOf(other));
  expect(other.lastId).toBe(journal.lastId);
  await other[Symbol.asyncDispose]();
}

describe.skipIf(!hasPostgres)('a journal that follows the log in PostgreSQL', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
    await prepareLog(postgres.url);
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  afterEach(() => {
    for (const each of grounds.splice(0)) each[Symbol.dispose]();
  });

  test.each(Object.keys(LOSSES))('has all that the log has after its next start, where %s', async (loss) => {
    const city = nextCity();
    const { damaged, files } = await leaveKilled(city);
    LOSSES[loss]?.(files);
    const { journal } = await openReplicated(damaged, createLog(postgres.url, { city, epoch: ++epoch }));
    expect(journal.lastId).toBe(ALL);
    // And gives on the ids that follow: none was left out.
    await journal.append([gaugeReading(ALL), gaugeReading(3)], [rejectedMessage(ALL)], [status(ALL)]);
    expect((await allEntries(journal, ALL)).map(({ id, reading }) => [id, reading.seq])).toEqual([
      [ALL + 1, ALL],
    ]);
    await expectWhole(journal, city);
    await journal[Symbol.asyncDispose]();
    // The same from its file alone.
    const again = await openReplicated(damaged, createLog(postgres.url, { city, epoch: ++epoch }));
    await expectWhole(again.journal, city);
    await again.journal[Symbol.asyncDispose]();
  });

  test.each(['its log on the disk was deleted', 'its last page of readings was damaged'])(
    'has all of it also where it was used without the log after the loss: %s',
    async (loss) => {
      const city = nextCity();
      const { damaged, files } = await leaveKilled(city);
      LOSSES[loss]?.(files);
      {
        await using alone = await damaged.open();
        await alone.append([gaugeReading(ALL)], []);
        expect(alone.lastId).toBeGreaterThan(ALL);
      }
      const { journal } = await openReplicated(damaged, createLog(postgres.url, { city, epoch: ++epoch }));
      const readings = await allEntries(journal);
      expect(readings.map(({ reading }) => reading.seq)).toEqual(
        Array.from({ length: ALL + 1 }, (_, n) => n),
      );
      expect(readings.slice(0, ALL).map(({ id }) => id)).toEqual(
        Array.from({ length: ALL }, (_, n) => n + 1),
      );
      await journal[Symbol.asyncDispose]();
    },
  );

  test('has what an older Siaga left out and went on behind', async () => {
    const city = nextCity();
    const old = ground();
    const { journal } = await openReplicated(old, createLog(postgres.url, { city }));
    await fill(journal, 0, HALF);
    for (let n = HALF; n < HALF + 4 * BLOCK_IDS; n += 500)
      await journal.append(gaugeReadings(n, n + 500), []);
    const leapt = journal.lastId;
    await fill(journal, ALL + 4 * BLOCK_IDS, 2 * ALL + 4 * BLOCK_IDS);
    await journal[Symbol.asyncDispose]();
    using file = new DatabaseSync(old.file);
    const gone = file.prepare('delete from readings where id > ? and id <= ?').run(HALF, leapt).changes;
    expect(gone).toBe(4 * BLOCK_IDS);
    file.exec("delete from meta where key in ('lostIds', 'leftOutLookedThrough')");
    file.close();
    const again = await openReplicated(old, createLog(postgres.url, { city, epoch: ++epoch }));
    await expectWhole(again.journal, city);
    await again.journal[Symbol.asyncDispose]();
  });

  test('that is damaged while it runs is whole again without a restart', async () => {
    const city = nextCity();
    const outside = createLog(postgres.url, { city });
    const own = ground();
    const { journal } = await openReplicated(own, outside, { recentEntries: 1 });
    await fill(journal, 0, ALL);
    takeLogInOf(own.file);
    overwrite(own.file, pageWith(own.file, recordOf(HALF)));
    await journal.salvage('a page was damaged');
    expect((await allEntries(journal)).length).toBeLessThan(ALL);
    const appended = journal.append([gaugeReading(ALL)], []);
    await refillRunning(journal, outside, await readEnds(journal));
    await appended;
    await expectWhole(journal, city);
    await journal[Symbol.asyncDispose]();
  });

  test('that is killed again and again while it catches up has all of it in the end, once', async () => {
    const city = nextCity();
    const { damaged, files } = await leaveKilled(city);
    LOSSES['half of its file is missing']?.(files);
    for (const reads of [1, 4, 7, 10, 13]) {
      const child = fork(new URL('../support/killed-catch-up.ts', import.meta.url), {
        env: {
          ...process.env,
          KILLED: JSON.stringify({ url: postgres.url, city, file: damaged.file, reads }),
        },
      });
      const [, signal] = await once(child, 'exit');
      expect(signal).toBe('SIGKILL');
    }
    const { journal } = await openReplicated(damaged, createLog(postgres.url, { city, epoch: ++epoch }));
    expect(journal.lastId).toBe(ALL);
    await expectWhole(journal, city);
    await journal[Symbol.asyncDispose]();
  });
});
