/**
 * The SQLite journal with the log in PostgreSQL around it keeps the journal's contract, and what the log adds to it:
 * the same ids in every journal, nothing twice, nothing by an owner of before.
 */

import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { JournalError } from '../../journal/journal.ts';
import { trimStatement } from '../../journal/replica/log-statements.ts';
import { eventually } from '../support/eventually.ts';
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
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { describeJournal } from './journal.suite.ts';

const grounds: JournalGround[] = [];
let postgres: Awaited<ReturnType<typeof startPostgres>>;

const ground = () => {
  const made = createJournalGround();
  grounds.push(made);
  return made;
};
const ack = (n: number) => ({
  channel: 'ack' as const,
  device: 'motor-1',
  receivedAt: TEST_START_MS + n,
  topic: 'siaga/semarang/ambulance/motor-1/ack',
  clientId: 'motor-1',
  payload: Buffer.from(`{"assignment":"${n}"}`),
  isReplay: false,
});

describe.skipIf(!hasPostgres)('with a log in PostgreSQL', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
    await prepareLog(postgres.url);
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());
  afterEach(() => {
    for (const each of grounds.splice(0)) each[Symbol.dispose]();
  });

  describeJournal('the replicated journal', async (options) => {
    const outside = createLog(postgres.url, { city: nextCity() });
    return (await openReplicated(ground(), outside, options)).journal;
  });

  test('an empty journal takes all of it, in order and under the same ids', async () => {
    const city = nextCity();
    const first = await openReplicated(ground(), createLog(postgres.url, { city }));
    await first.journal.append(gaugeReadings(0, 3), [rejectedMessage(1)], [ack(1)]);
    await first.journal.append([gaugeReading(1), gaugeReading(9), gaugeReading(9)], [], [ack(2), ack(3)]);
    const second = await openReplicated(ground(), createLog(postgres.url, { city, epoch: 2 }));
    expect(await allEntries(second.journal)).toEqual(await allEntries(first.journal));
    expect(second.journal.lastId).toBe(4);
    const messages = await second.journal.messages.readAfter(0, 10);
    expect(messages.map(({ id, message }) => [id, Buffer.from(message.payload).toString()])).toEqual([
      [1, '{"assignment":"1"}'],
      [2, '{"assignment":"2"}'],
      [3, '{"assignment":"3"}'],
    ]);
    expect(await second.journal.rejections({ limit: 5 })).toMatchObject([
      { id: 1, reason: 'not-json', clientId: 'client-1' },
    ]);
    // And goes on behind it.
    await second.journal.append([gaugeReading(20), gaugeReading(0)], [rejectedMessage(2)]);
    expect((await allEntries(second.journal)).map(({ id, reading }) => [id, reading.seq]).at(-1)).toEqual([
      5, 20,
    ]);
    await second.journal[Symbol.asyncDispose]();
    await first.journal[Symbol.asyncDispose]();
  });

  test('an owner of before stores and acknowledges nothing any more, and is told', async () => {
    const city = nextCity();
    const lost: string[] = [];
    const onLost = ({ message }: Error) => void lost.push(message);
    const first = await openReplicated(ground(), createLog(postgres.url, { city, onLost }));
    await first.journal.append([gaugeReading(1)], []);
    const second = await openReplicated(ground(), createLog(postgres.url, { city, epoch: 2 }));
    await expect(first.journal.append([gaugeReading(2)], [])).rejects.toThrow('another server owns');
    expect(lost).toHaveLength(1);
    expect(first.journal.lastId).toBe(1);
    await second.journal.append([gaugeReading(3)], []);
    expect((await allEntries(second.journal)).map(({ reading }) => reading.seq)).toEqual([1, 3]);
    await first.journal[Symbol.asyncDispose]();
    await second.journal[Symbol.asyncDispose]();
  });

  test('the log begins behind a journal that has readings; another journal with readings is refused', async () => {
    const city = nextCity();
    const [old, foreign] = [ground(), ground()];
    for (const each of [old, foreign]) {
      await using alone = await each.open();
      const from = each === old ? 0 : 100;
      await alone.append(gaugeReadings(from, from + 50), [rejectedMessage(from)], [ack(from)]);
    }
    const first = await openReplicated(old, createLog(postgres.url, { city }));
    await first.journal.append([gaugeReading(50), gaugeReading(3)], []);
    expect((await allEntries(first.journal)).map(({ id }) => id)).toEqual(
      Array.from({ length: 51 }, (_, i) => i + 1),
    );
    await first.journal.append(gaugeReadings(51, 90), []);
    await first.journal[Symbol.asyncDispose]();
    {
      await using alone = await foreign.open();
      await alone.append(gaugeReadings(150, 160), []);
    }
    const attempt = openReplicated(foreign, createLog(postgres.url, { city, epoch: 2 }));
    await expect(attempt).rejects.toThrow(JournalError);
    const heir = await openReplicated(ground(), createLog(postgres.url, { city, epoch: 3 }));
    // The repeat too: this heir has not got what the log does not hold.
    expect((await allEntries(heir.journal)).map(({ id }) => id)).toEqual(
      Array.from({ length: 41 }, (_, i) => i + 51),
    );
    await heir.journal[Symbol.asyncDispose]();
  });

  test('a commit whose outcome nobody heard is in both once', async () => {
    const city = nextCity();
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const { journal } = await openReplicated(
      ground(),
      createLog(`${postgres.url}?application_name=${city}`, { city }),
    );
    await journal.append([gaugeReading(0)], []);
    // Written, and committed behind a lock that holds back the answer until the connection is gone.
    await client.query('begin; lock table log_ends in exclusive mode');
    const appended = journal.append(gaugeReadings(1, 4), [rejectedMessage(1)], [ack(1)]);
    const waits = `select pid from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`;
    await eventually(async () => expect((await client.query(waits, [city])).rowCount).toBe(1));
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      city,
    ]);
    await client.query('commit');
    expect(await appended).toEqual({ stored: 3, repeated: 0 });
    const { rows } = await client.query(
      'select series, count(*)::int as n from journal_log where city = $1 group by series order by series',
      [city],
    );
    expect(rows).toEqual([
      { series: 'messages', n: 1 },
      { series: 'readings', n: 4 },
      { series: 'rejections', n: 1 },
    ]);
    expect(journal.problem).toBeUndefined();
    await journal[Symbol.asyncDispose]();
    await client.end();
  });

  test('retention takes what is old, and earlier what two journals have; never what a consumer has yet to read', async () => {
    const city = nextCity();
    const outside = createLog(postgres.url, { city });
    const { journal } = await openReplicated(ground(), outside);
    await journal.append(gaugeReadings(0, 10), []);
    const now = TEST_START_MS + 100_000;
    const all = Number.MAX_SAFE_INTEGER;
    expect(trimStatement('readings')).toContain('min(readings)');
    // Old are the first four; nothing of them is settled above the second.
    const old = TEST_START_MS + 4_000;
    expect(await outside.trimStep('readings', 2, 100, [old, 0, 0])).toBe(2);
    await outside.noteCopy('one', { readings: 10, messages: 0, rejections: 0 }, now);
    expect(await outside.trimStep('readings', all, 100, [0, now, 0])).toBe(0);
    await outside.noteCopy('two', { readings: 5, messages: 0, rejections: 0 }, now);
    // A copy that is not heard of any more does not count.
    expect(await outside.trimStep('readings', all, 100, [0, now, now + 1])).toBe(0);
    expect(await outside.trimStep('readings', all, 100, [0, now, 0])).toBe(3);
    expect((await outside.readAfter('readings', 0, 100)).map(({ id }) => id)).toEqual([6, 7, 8, 9, 10]);
    await journal[Symbol.asyncDispose]();
  });
});
