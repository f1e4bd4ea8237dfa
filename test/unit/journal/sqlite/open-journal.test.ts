/** The journal as its users see it: appended, read in order, once each, and there again after a restart. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAILED_QUALITY, QualityFlag, type Reading } from '../../../../devices/reading.ts';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
  rejectedMessage,
  TEST_START_MS,
} from '../../../support/journal-fixture.ts';

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

describe('appending', () => {
  it('gives entries with ascending ids in the order in which they were appended', async () => {
    await using journal = await ground.open();
    const outcomes = await Promise.all([
      journal.append(gaugeReadings(0, 3), []),
      journal.append(gaugeReadings(3, 5), []),
    ]);
    expect(outcomes).toEqual([
      { stored: 3, repeated: 0 },
      { stored: 2, repeated: 0 },
    ]);
    const entries = await journal.readAfter(0, 100);
    expect(entries.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(entries.map(({ reading }) => reading)).toEqual(gaugeReadings(0, 5));
    expect(journal.lastId).toBe(5);
    expect(journal.waitingBytes).toBe(0);
  });

  it('stores a repeated reading once and says which one was repeated', async () => {
    const repeats: string[] = [];
    await using journal = await ground.open({ onRepeat: (device) => repeats.push(device) });
    await journal.append(gaugeReadings(0, 4), []);
    const again = gaugeReading(2, { receivedAt: TEST_START_MS + 999_000, seq: 77 });
    const [mixed, inOneBatch] = await Promise.all([
      journal.append([gaugeReading(10), again, gaugeReading(11)], []),
      journal.append([gaugeReading(11), gaugeReading(12), gaugeReading(12)], []),
    ]);
    expect(mixed).toEqual({ stored: 2, repeated: 1 });
    expect(inOneBatch).toEqual({ stored: 1, repeated: 2 });
    expect(repeats).toEqual([again.device, gaugeReading(11).device, gaugeReading(12).device]);
    expect((await allEntries(journal)).map(({ id, reading }) => [id, reading.seq])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 10],
      [6, 11],
      [7, 12],
    ]);
    expect(await metricValue(ground.metrics, 'siaga_journal_repeated_total')).toBe(3);
  });

  it('knows a reading again whatever the order of its values, and after a restart', async () => {
    {
      await using journal = await ground.open();
      await journal.append([gaugeReading(1, { values: { levelM: 1, rainMm: 2 } })], []);
      const turned = gaugeReading(1, { values: { rainMm: 2, levelM: 1 } });
      expect(await journal.append([turned], [])).toEqual({ stored: 0, repeated: 1 });
    }
    await using journal = await ground.open();
    const turned = gaugeReading(1, { values: { rainMm: 2, levelM: 1 } });
    expect(await journal.append([turned], [])).toEqual({ stored: 0, repeated: 1 });
  });

  it('keeps two readings of one instant whose values differ', async () => {
    await using journal = await ground.open();
    const first = gaugeReading(1, { values: { levelM: 1 } });
    const second = gaugeReading(1, { values: { levelM: 1.001 } });
    const third = gaugeReading(1, { values: { rainMm: 1 } });
    expect(await journal.append([first, second, third], [])).toEqual({ stored: 3, repeated: 0 });
  });

  it('keeps every field of a reading on disk, words and absent fields too', async () => {
    const { seq: _, ...withoutSeq } = gaugeReading(3);
    const readings: Reading[] = [
      withoutSeq,
      gaugeReading(4, { simulated: true, quality: QualityFlag.late | QualityFlag.unknownFields }),
      gaugeReading(5, { kind: 'ambulance', values: { lat: -6.98, lng: 110.4, status: 'en-route' } }),
      gaugeReading(6, { kind: 'ambulance', values: { status: 'off-duty', lat: 0 } }),
      gaugeReading(7, { device: 'gauge-5', kind: 'wifi-access-point', values: { rxBytes: 2 ** 53 - 1 } }),
      gaugeReading(8, { city: 'jakarta' }),
    ];
    {
      await using journal = await ground.open();
      await journal.append(readings, []);
    }
    await using journal = await ground.open();
    expect((await allEntries(journal)).map(({ reading }) => reading)).toStrictEqual(readings);
  });

  it('refuses a reading whose time is no number, and takes the next one', async () => {
    await using journal = await ground.open();
    await expect(async () =>
      journal.append([gaugeReading(1, { measuredAt: Number.NaN })], []),
    ).rejects.toThrow(RangeError);
    expect(await journal.append([gaugeReading(2)], [])).toEqual({ stored: 1, repeated: 0 });
    expect((await allEntries(journal)).map(({ reading }) => reading)).toEqual([gaugeReading(2)]);
  });

  it('resolves an empty append at once', async () => {
    await using journal = await ground.open();
    expect(await journal.append([], [])).toEqual({ stored: 0, repeated: 0 });
  });

  it('commits what waits before it closes, and refuses what comes after', async () => {
    const journal = await ground.open();
    const pending = Promise.all([1, 2, 3].map((n) => journal.append([gaugeReading(n)], [])));
    await journal[Symbol.asyncDispose]();
    expect(await pending).toHaveLength(3);
    await expect(journal.append([gaugeReading(4)], [])).rejects.toMatchObject({ code: 'JOURNAL_CLOSED' });
    await using reopened = await ground.open();
    expect(reopened.lastId).toBe(3);
  });

  it('refuses appends with JOURNAL_FULL beyond twice the bytes that may wait', async () => {
    await using journal = await ground.open({ maxWaitingBytes: 10_000 });
    const appends = Array.from({ length: 100 }, (_, i) =>
      journal.append(gaugeReadings(i * 10, i * 10 + 10), []),
    );
    expect(journal.waitingBytes).toBeGreaterThan(20_000);
    const settled = await Promise.allSettled(appends);
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'JOURNAL_FULL' } });
    const stored = settled.length - refused.length;
    expect(await allEntries(journal)).toHaveLength(stored * 10);
    expect(await metricValue(ground.metrics, 'siaga_journal_refused_total')).toBe(refused.length * 10);
    expect(await journal.append([gaugeReading(99_999)], [])).toEqual({ stored: 1, repeated: 0 });
  });
});

describe('reading on', () => {
  it('gives the same entries from memory and from disk', async () => {
    await using journal = await ground.open({ recentEntries: 100 });
    for (let from = 0; from < 1_000; from += 50) await journal.append(gaugeReadings(from, from + 50), []);
    const fromDisk = await journal.readAfter(0, 950);
    expect(await metricValue(ground.metrics, 'siaga_journal_disk_reads_total')).toBe(1);
    const fromMemory = await journal.readAfter(950, 1_000);
    expect(await metricValue(ground.metrics, 'siaga_journal_disk_reads_total')).toBe(1);
    const entries = [...fromDisk, ...fromMemory];
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    expect(entries.map(({ reading }) => reading)).toEqual(gaugeReadings(0, 1_000));
  });

  it('wakes the one who waits when an entry comes, and when its signal aborts', async () => {
    await using journal = await ground.open();
    const abort = new AbortController();
    const woken = journal.waitForEntry(0, abort.signal);
    const never = journal.waitForEntry(1, abort.signal);
    await journal.append([gaugeReading(1)], []);
    await woken;
    abort.abort();
    await never;
    await journal.waitForEntry(0, new AbortController().signal);
  });

  it('tells the latest good reading of each device, also after a restart', async () => {
    const late = gaugeReading(700, { device: 'gauge-0', quality: QualityFlag.late });
    const failed = gaugeReading(701, { device: 'gauge-0', quality: FAILED_QUALITY });
    const older = gaugeReading(7, { device: 'gauge-1', values: { levelM: 9 } });
    {
      await using journal = await ground.open();
      await journal.append(gaugeReadings(0, 70), []);
      await journal.append([late, failed, older], []);
      expect(latestSeqs(await journal.latest())).toEqual([63, 64, 65, 66, 67, 68, 69]);
    }
    await using journal = await ground.open();
    await journal.append([gaugeReading(77)], []);
    expect(latestSeqs(await journal.latest())).toEqual([64, 65, 66, 67, 68, 69, 77]);
  });
});

function latestSeqs(entries: readonly { reading: Reading }[]): (number | undefined)[] {
  return entries.map(({ reading }) => reading.seq).sort((a, b) => Number(a) - Number(b));
}

describe('rejections', () => {
  it('are kept with their payload, newest first, and can be asked for by device, reason and page', async () => {
    await using journal = await ground.open();
    const slab = Buffer.from('{"levelM":"seven"}');
    const appended = journal.append([gaugeReading(1)], [rejectedMessage(1, { payload: slab })]);
    slab.fill(0);
    await appended;
    const { device: _, ...nameless } = rejectedMessage(3, { reason: 'bad-topic' });
    await journal.append([], [rejectedMessage(2, { device: 'gauge-2' }), nameless]);
    const all = await journal.rejections({ limit: 10 });
    expect(all.map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(Buffer.from(all[2]?.payload ?? []).toString()).toBe('{"levelM":"seven"}');
    expect(all[0]).not.toHaveProperty('device');
    expect((await journal.rejections({ limit: 10, device: 'gauge-2' })).map(({ id }) => id)).toEqual([2]);
    expect((await journal.rejections({ limit: 10, reason: 'bad-topic' })).map(({ id }) => id)).toEqual([3]);
    expect((await journal.rejections({ limit: 1, before: 3 })).map(({ id }) => id)).toEqual([2]);
    await journal.markReplayed(2, TEST_START_MS);
    expect(await journal.rejections({ limit: 1, before: 3 })).toMatchObject([{ replayedAt: TEST_START_MS }]);
  });

  it('are bounded: the oldest go, and are counted', async () => {
    await using journal = await ground.open({ maxRejections: 10 });
    for (let n = 0; n < 5; n++)
      await journal.append(
        [],
        [1, 2, 3, 4].map((i) => rejectedMessage(n * 4 + i)),
      );
    const kept = await journal.rejections({ limit: 100 });
    expect(kept.map(({ id }) => id)).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
    expect(await metricValue(ground.metrics, 'siaga_journal_rejections_dropped_total')).toBe(10);
    expect(await metricValue(ground.metrics, 'siaga_journal_rejections_stored_total')).toBe(20);
  });
});
