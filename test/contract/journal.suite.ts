/**
 * What every journal does, whatever it is made of: run by the SQLite journal and by the memory journal of the tests.
 *
 * Durability is not in it: that is for adapters that have a disk. Invariant: nothing here knows of an adapter.
 */
import { describe, expect, it } from 'vitest';
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import type { DeviceMessage, MessageEntry } from '../../journal/device-messages.ts';
import type { Journal } from '../../journal/journal.ts';
import { outcomeOf, type Waiter } from '../../journal/waiter.ts';
import {
  allEntries,
  gaugeReading,
  gaugeReadings,
  rejectedMessage,
  TEST_START_MS,
} from '../support/journal-fixture.ts';

export interface JournalSuiteOptions {
  readonly retentionMs: number;
  readonly maxRejections: number;
}

export type OpenJournalForSuite = (options?: Partial<JournalSuiteOptions>) => Promise<Journal>;

const NEVER = new AbortController().signal;

function status(n: number, presence: string, changes: Partial<DeviceMessage> = {}): DeviceMessage {
  return {
    channel: 'status',
    device: 'gauge-1',
    receivedAt: TEST_START_MS + n,
    topic: 'siaga/semarang/river-gauge/gauge-1/status',
    clientId: `client-${n}`,
    payload: Buffer.from(presence),
    isReplay: false,
    ...changes,
  };
}

function ack(n: number, device = 'motor-1'): DeviceMessage {
  const topic = `siaga/semarang/ambulance/${device}/ack`;
  return status(n, `{"assignment":"${n}","ack":"accepted"}`, { channel: 'ack', device, topic });
}

const textOf = ({ payload }: DeviceMessage) => Buffer.from(payload).toString();

export function describeJournal(name: string, openJournal: OpenJournalForSuite): void {
  describe(`${name}: readings`, () => {
    it('have ids from 1 in the order of their appends, and come back as they were', async () => {
      await using journal = await openJournal();
      expect(journal.lastId).toBe(0);
      expect(await journal.append(gaugeReadings(0, 3), [])).toEqual({ stored: 3, repeated: 0 });
      expect(await journal.append(gaugeReadings(3, 5), [])).toEqual({ stored: 2, repeated: 0 });
      const expected = gaugeReadings(0, 5).map((reading, i) => ({ id: i + 1, reading }));
      expect(await journal.readAfter(0, 100)).toEqual(expected);
      expect(await journal.readAfter(2, 2)).toEqual(expected.slice(2, 4));
      expect(await journal.readAfter(2, 0)).toEqual([]);
      expect(await journal.readAfter(5, 100)).toEqual([]);
      expect(journal.lastId).toBe(5);
    });

    it('are known again by device, time and values, whatever else differs and in whatever order', async () => {
      await using journal = await openJournal();
      const first = gaugeReading(1, { values: { levelM: 1, rainMm: 2 } });
      const again = {
        ...first,
        values: { rainMm: 2, levelM: 1 },
        seq: 9,
        receivedAt: first.receivedAt + 5_000,
      };
      expect(await journal.append([first, first], [])).toEqual({ stored: 1, repeated: 1 });
      expect(await journal.append([again], [])).toEqual({ stored: 0, repeated: 1 });
      const others = [
        { ...first, values: { levelM: 1 } },
        { ...first, values: { levelM: 1, rainMm: 2.5 } },
        { ...first, measuredAt: first.measuredAt + 1 },
        { ...first, device: 'gauge-other' },
        { ...first, city: 'jakarta' },
      ];
      expect(await journal.append(others, [])).toEqual({ stored: 5, repeated: 0 });
    });

    it('are the journal’s own: what the caller changes later is not in it', async () => {
      await using journal = await openJournal();
      const values = { levelM: 1 };
      await journal.append([gaugeReading(1, { values })], []);
      values.levelM = 7;
      const [entry] = await journal.readAfter(0, 1);
      expect(entry?.reading.values).toEqual({ levelM: 1 });
    });

    it('that have no finite time are refused with all of their append', async () => {
      await using journal = await openJournal();
      const broken = gaugeReading(2, { measuredAt: Number.NaN });
      await expect(
        journal.append([gaugeReading(1), broken], [rejectedMessage(1)], [ack(1)]),
      ).rejects.toThrow();
      await journal.append([gaugeReading(3)], []);
      expect((await allEntries(journal)).map(({ reading }) => reading.seq)).toEqual([3]);
      expect(await journal.rejections({ limit: 10 })).toEqual([]);
      expect(await journal.messages.readAfter(0, 10)).toEqual([]);
    });

    it('of each device: the latest is the newest by its own time that is sound and not late', async () => {
      await using journal = await openJournal();
      const at = (n: number, quality = 0) => gaugeReading(n, { device: 'gauge-1', quality });
      await journal.append(
        [at(5), at(3), at(6, QualityFlag.outsideSensorRange), at(7, QualityFlag.late)],
        [],
      );
      await journal.append([gaugeReading(1, { device: 'gauge-2', quality: QualityFlag.late })], []);
      await journal.append(
        [gaugeReading(2, { device: 'gauge-3' }), gaugeReading(2, { device: 'gauge-1', city: 'x' })],
        [],
      );
      const latest = await journal.latest();
      expect(latest.map(({ reading }) => `${reading.city} ${reading.device} ${reading.seq}`).sort()).toEqual([
        'semarang gauge-1 5',
        'semarang gauge-3 2',
        'x gauge-1 2',
      ]);
    });

    it('of one instant: the later one is the latest', async () => {
      await using journal = await openJournal();
      const first = gaugeReading(1, { values: { levelM: 1 } });
      await journal.append([first, { ...first, values: { levelM: 2 } }], []);
      expect((await journal.latest()).map(({ id }) => id)).toEqual([2]);
    });
  });

  describe(`${name}: waiters`, () => {
    it('are told in the order of their appends, when it can be read', async () => {
      await using journal = await openJournal();
      const told: string[] = [];
      const waiter = (label: string): Waiter => ({
        stored: (...counts) =>
          told.push(`${label} ${counts.join()} at ${journal.lastId}/${journal.messages.lastId}`),
        refused: (error) => told.push(`${label} ${error.message}`),
      });
      journal.appendFor(waiter('a'), gaugeReadings(0, 2), [rejectedMessage(1)]);
      journal.appendFor(waiter('b'), gaugeReadings(1, 3), [], [ack(1), status(1, 'online')]);
      await outcomeOf((last) => journal.appendFor(last, [], [rejectedMessage(2)]));
      expect(told.map((each) => each.slice(0, 7))).toEqual(['a 2,0,1', 'b 1,1,0']);
      expect(journal.messages.lastId).toBe(2);
    });

    it('of nothing at all are told so', async () => {
      await using journal = await openJournal();
      expect(await journal.append([], [])).toEqual({ stored: 0, repeated: 0 });
    });

    it('are refused after the end, and whoever follows hears of it', async () => {
      const journal = await openJournal();
      await journal.append([gaugeReading(1)], [], [ack(1)]);
      const waiting = [journal, journal.messages].map((log) => log.waitForEntry(1, NEVER));
      await journal[Symbol.asyncDispose]();
      await Promise.allSettled(waiting);
      const closed = { code: 'JOURNAL_CLOSED' };
      await expect(journal.append([gaugeReading(2)], [])).rejects.toMatchObject(closed);
      await expect(journal.append([], [], [ack(2)])).rejects.toMatchObject(closed);
      await expect(journal.append([], [])).rejects.toMatchObject(closed);
      for (const log of [journal, journal.messages]) {
        await expect(log.readAfter(0, 1)).rejects.toMatchObject(closed);
        await expect(log.waitForEntry(1, NEVER)).rejects.toMatchObject(closed);
      }
    });
  });

  describe(`${name}: those who follow`, () => {
    it('are woken by an entry above theirs, of their own log', async () => {
      await using journal = await openJournal();
      await journal.append([gaugeReading(1)], []);
      await journal.waitForEntry(0, NEVER);
      let isMessageThere = false;
      const message = journal.messages.waitForEntry(0, NEVER).then(() => {
        isMessageThere = true;
      });
      const reading = journal.waitForEntry(1, NEVER);
      await journal.append([gaugeReading(2)], []);
      await reading;
      expect(isMessageThere).toBe(false);
      await journal.append([], [], [ack(1)]);
      await message;
    });

    it('wait no longer when their signal aborts', async () => {
      await using journal = await openJournal();
      const ending = new AbortController();
      const waiting = [
        journal.waitForEntry(0, ending.signal),
        journal.messages.waitForEntry(0, ending.signal),
      ];
      ending.abort();
      await Promise.all(waiting);
      await journal.waitForEntry(0, ending.signal);
    });
  });

  describe(`${name}: messages`, () => {
    it('have ids of their own, in their order, and come back as they were', async () => {
      await using journal = await openJournal();
      await journal.append([gaugeReading(1)], [], [status(1, 'online')]);
      const payload = Buffer.from('{"assignment":"7","ack":"refused"}');
      await journal.append([], [], [{ ...ack(2), payload }, status(3, 'offline', { device: 'gauge-2' })]);
      payload.fill(0);
      const entries = await journal.messages.readAfter(0, 10);
      expect(entries.map(({ id }) => id)).toEqual([1, 2, 3]);
      expect(entries.map(({ message }) => textOf(message))).toEqual([
        'online',
        '{"assignment":"7","ack":"refused"}',
        'offline',
      ]);
      const { payload: _, ...told } = (entries[1] as MessageEntry).message;
      const { payload: __, ...said } = ack(2);
      expect(told).toEqual(said);
      expect(await journal.messages.readAfter(1, 1)).toHaveLength(1);
      expect(await journal.messages.readAfter(3, 10)).toEqual([]);
      expect({ readings: journal.lastId, messages: journal.messages.lastId }).toEqual({
        readings: 1,
        messages: 3,
      });
    });

    it('are entries each, also where a device says the same again', async () => {
      await using journal = await openJournal();
      await journal.append([], [], [ack(1), ack(1)]);
      expect(await journal.messages.readAfter(0, 10)).toHaveLength(2);
    });

    it('give the newest status of each device; a replayed one that is older is not it', async () => {
      await using journal = await openJournal();
      await journal.append([], [], [status(1, 'online'), status(5, 'sleeping'), ack(6, 'gauge-1')]);
      await journal.append(
        [],
        [],
        [status(3, 'offline', { isReplay: true }), status(2, 'online', { device: 'gauge-2' })],
      );
      // Our clock was set back: what comes live is news all the same.
      await journal.append([], [], [status(1, 'offline', { device: 'gauge-2' })]);
      const latest = await journal.latestStatuses();
      expect(latest.map(({ id, message }) => `${id} ${message.device} ${textOf(message)}`)).toEqual([
        '2 gauge-1 sleeping',
        '6 gauge-2 offline',
      ]);
      await journal.append([], [], [status(5, 'online', { isReplay: true })]);
      expect((await journal.latestStatuses()).map(({ id }) => id)).toEqual([6, 7]);
    });
  });

  describe(`${name}: rejections`, () => {
    it('are kept with their payload, newest first, by device and by reason', async () => {
      await using journal = await openJournal();
      const payload = Buffer.from('{"levelM":');
      const { device: _, ...nobody } = rejectedMessage(3, { reason: 'bad-topic' });
      await journal.append([], [rejectedMessage(1, { payload }), rejectedMessage(2, { device: 'gauge-2' })]);
      payload.fill(0);
      await journal.append([], [nobody]);
      const all = await journal.rejections({ limit: 10 });
      expect(all.map(({ id }) => id)).toEqual([3, 2, 1]);
      expect(Buffer.from(all[2]?.payload ?? []).toString()).toBe('{"levelM":');
      expect(all[0]).not.toHaveProperty('device');
      const idsOf = async (query: Parameters<Journal['rejections']>[0]) =>
        (await journal.rejections(query)).map(({ id }) => id);
      expect(await idsOf({ device: 'gauge-1', limit: 10 })).toEqual([1]);
      expect(await idsOf({ reason: 'bad-topic', limit: 10 })).toEqual([3]);
      expect(await idsOf({ before: 3, limit: 1 })).toEqual([2]);
      expect(await idsOf({ device: '', limit: 10 })).toEqual([]);
    });

    it('are marked when they were replayed', async () => {
      await using journal = await openJournal();
      await journal.append([], [rejectedMessage(1), rejectedMessage(2)]);
      await journal.markReplayed(1, TEST_START_MS + 9);
      const marks = (await journal.rejections({ limit: 10 })).map(({ replayedAt }) => replayedAt);
      expect(marks).toEqual([undefined, TEST_START_MS + 9]);
    });

    it('above their bound push out the oldest, and ids are not given again', async () => {
      await using journal = await openJournal({ maxRejections: 3 });
      for (let n = 1; n <= 5; n++) await journal.append([], [rejectedMessage(n)]);
      expect((await journal.rejections({ limit: 10 })).map(({ id }) => id)).toEqual([5, 4, 3]);
    });
  });

  describe(`${name}: tracks`, () => {
    const fix = (n: number): Reading => ({
      ...gaugeReading(n, { kind: 'ambulance', device: `motor-${n % 2}` }),
      ...{ measuredAt: TEST_START_MS + n * 5_000, values: { lat: -6.99, lng: 110.42, status: 'available' } },
    });

    it('are thinned to the minute before a time, and nothing else is', async () => {
      await using journal = await openJournal();
      const level = gaugeReading(0);
      // An hour, the two units by turns; what a unit says in ten minutes is 60 fixes.
      await journal.append([level, ...Array.from({ length: 720 }, (_, n) => fix(n))], []);
      const order = { kinds: ['ambulance'], beforeMs: TEST_START_MS + 20 * 60_000, keepAfterId: 721 };
      // Of each ten minutes of each unit the first and ten others stay.
      expect(await journal.thinTracks(order)).toBe(2 * 2 * (60 - 11));
      expect(await journal.thinTracks(order)).toBe(0);
      const left = await allEntries(journal);
      expect(left).toHaveLength(721 - 2 * 2 * (60 - 11));
      expect(left[0]?.reading).toEqual(level);
      const after = left.filter(({ reading }) => reading.measuredAt >= order.beforeMs);
      expect(after).toHaveLength(480);
      expect(journal.lastId).toBe(721);
    });

    it('wait for whoever has yet to read them, and keep the newest id', async () => {
      await using journal = await openJournal();
      await journal.append(
        Array.from({ length: 240 }, (_, n) => fix(n)),
        [],
      );
      const beforeMs = TEST_START_MS + 86_400_000;
      expect(await journal.thinTracks({ kinds: ['ambulance'], beforeMs, keepAfterId: 0 })).toBe(0);
      await journal.thinTracks({ kinds: ['ambulance'], beforeMs, keepAfterId: 240 });
      expect((await allEntries(journal)).at(-1)?.id).toBe(240);
      expect(await journal.append([fix(240)], [])).toEqual({ stored: 1, repeated: 0 });
      expect(journal.lastId).toBe(241);
    });
  });

  describe(`${name}: retention`, () => {
    it('takes what is past its age, nothing above what is kept, and gives no id again', async () => {
      await using journal = await openJournal({ retentionMs: 60_000 });
      await journal.append(gaugeReadings(0, 10), []);
      const much = TEST_START_MS + 600_000;
      expect(await journal.trim(4, much)).toBe(4);
      expect(await journal.trim(10, TEST_START_MS + 10_000)).toBe(0);
      expect((await allEntries(journal)).map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10]);
      expect(await journal.trim(10, much)).toBe(6);
      expect(journal.lastId).toBe(10);
      // Who is gone is not known any more.
      expect(await journal.append([gaugeReading(0)], [])).toEqual({ stored: 1, repeated: 0 });
      expect((await allEntries(journal)).map(({ id }) => id)).toEqual([11]);
    });

    it('of messages goes by an id of their own, and leaves the newest status of each device', async () => {
      await using journal = await openJournal({ retentionMs: 60_000 });
      await journal.append(
        [gaugeReading(1)],
        [],
        [status(1, 'online'), ack(2), status(3, 'sleeping'), ack(4)],
      );
      const much = TEST_START_MS + 600_000;
      expect(await journal.trim(0, much)).toBe(0);
      expect(await journal.trim(0, much, 3)).toBe(2);
      expect((await journal.messages.readAfter(0, 10)).map(({ id }) => id)).toEqual([3, 4]);
      expect(await journal.trim(0, much, 4)).toBe(1);
      await journal.append([], [], [ack(5)]);
      expect((await journal.messages.readAfter(0, 10)).map(({ id }) => id)).toEqual([3, 5]);
      expect((await journal.latestStatuses()).map(({ id }) => id)).toEqual([3]);
      expect(await allEntries(journal)).toHaveLength(1);
    });
  });
}
