/** A disk without room: nothing is acknowledged, nothing is lost, and work goes on by itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  allEntries,
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
  rejectedMessage,
} from '../../../support/journal-fixture.ts';
import { fillDisk, giveRoom, mountSmallDisk } from '../../../support/small-disk.ts';

/** Room for some thousand readings with their log. */
const DISK_BYTES = 6 * 1024 * 1024;

let ground: JournalGround;
let disk: Disposable | undefined;
beforeEach(({ skip }) => {
  ground = createJournalGround();
  disk = mountSmallDisk(ground.directory, DISK_BYTES);
  if (!disk) skip();
});
afterEach(() => {
  disk?.[Symbol.dispose]();
  ground[Symbol.dispose]();
});

const fill = () => fillDisk('self', ground.directory);
const makeRoom = () => giveRoom('self', ground.directory);

/** Asks again and again: what is waited for happens in a thread with a clock of its own. */
async function eventually(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !holds(); attempt++) await delay(5);
  expect(holds()).toBe(true);
}

describe('a full disk', () => {
  it('keeps appends waiting, says since when, and goes on by itself when there is room', async () => {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 100), []);
    fill();
    let isSettled = false;
    const waiting = journal.append(gaugeReadings(100, 2_000), [rejectedMessage(1)]).finally(() => {
      isSettled = true;
    });
    await eventually(() => journal.problem !== undefined);
    expect(journal.problem).toBe('the disk is full since 2026-01-15T00:00:00.000Z');
    expect(journal.waitingBytes).toBeGreaterThan(1_900 * 50);
    expect(isSettled).toBe(false);
    expect(journal.lastId).toBe(100);
    expect(await allEntries(journal)).toHaveLength(100);
    const behind = journal.append([gaugeReading(5_000)], []);
    makeRoom();
    expect(await waiting).toEqual({ stored: 1_900, repeated: 0 });
    expect(await behind).toEqual({ stored: 1, repeated: 0 });
    expect(journal.problem).toBeUndefined();
    expect(journal.waitingBytes).toBe(0);
    const entries = await allEntries(journal);
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 2_001 }, (_, i) => i + 1));
    expect(await journal.rejections({ limit: 5 })).toHaveLength(1);
    expect(await metricValue(ground.metrics, 'siaga_journal_failed_commits_total')).toBeGreaterThan(0);
    expect(ground.logged.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  it('takes the names that it could not write with the first commit that succeeds', async () => {
    {
      await using journal = await ground.open();
      await journal.append(gaugeReadings(0, 10), []);
      fill();
      const readings = gaugeReadings(100, 1_000).map((reading, i) => ({ ...reading, device: `new-${i}` }));
      const waiting = journal.append(readings, []);
      await eventually(() => journal.problem !== undefined);
      makeRoom();
      await waiting;
    }
    await using journal = await ground.open();
    const devices = (await allEntries(journal)).slice(10).map(({ reading }) => reading.device);
    expect(devices).toEqual(Array.from({ length: 900 }, (_, i) => `new-${i}`));
  });

  it('makes a journal that closes reject what it could not store', async () => {
    const journal = await ground.open();
    await journal.append(gaugeReadings(0, 10), []);
    fill();
    const waiting = journal.append(gaugeReadings(100, 2_000), []);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'JOURNAL_CLOSED' });
    await eventually(() => journal.problem !== undefined);
    await journal[Symbol.asyncDispose]();
    await outcome;
    await using reopened = await ground.open();
    expect(reopened.lastId).toBe(10);
  });

  it('refuses retention, whose own log needs room, until there is some; then it trims and stores', async () => {
    await using journal = await ground.open({ retentionMs: 1_000 });
    await journal.append(gaugeReadings(0, 5_000), []);
    fill();
    const waiting = journal.append(gaugeReadings(5_000, 6_000), []);
    await eventually(() => journal.problem !== undefined);
    const trim = () => journal.trim(5_000, gaugeReading(5_000).receivedAt + 1_000);
    await expect(trim()).rejects.toMatchObject({ code: 'JOURNAL_IO' });
    makeRoom();
    expect(await trim()).toBe(5_000);
    expect(await waiting).toEqual({ stored: 1_000, repeated: 0 });
    expect((await journal.readAfter(0, 1))[0]?.id).toBe(5_001);
  });
});
