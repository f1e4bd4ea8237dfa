/** Status and ack in the SQLite journal: over restarts, kills, migration, damage, bounds. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceMessage } from '../../../../../journal/device-messages.ts';
import { salvageJournal } from '../../../../../journal/sqlite/salvage/salvage.ts';
import { MAX_MESSAGES } from '../../../../../journal/sqlite/writing/message-bounds.ts';
import {
  allEntries,
  createJournalGround,
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

const ack = (n: number, changes: Partial<DeviceMessage> = {}): DeviceMessage => ({
  channel: 'ack',
  device: 'motor-1',
  receivedAt: TEST_START_MS + n,
  topic: 'siaga/semarang/ambulance/motor-1/ack',
  clientId: 'motor-1',
  payload: Buffer.from(`{"assignment":"${n}","ack":"accepted"}`),
  isReplay: false,
  ...changes,
});
const status = (n: number, device: string, word: string) =>
  ack(n, { channel: 'status', device, payload: Buffer.from(word) });

/** What a crash leaves: the file and its log. */
function copyAsCrashed(name: string): string {
  const copy = join(ground.directory, name);
  copyFileSync(ground.file, copy);
  if (existsSync(`${ground.file}-wal`)) copyFileSync(`${ground.file}-wal`, `${copy}-wal`);
  return copy;
}

/** The journal as the first version left it: without their table. */
function makeFirstVersion(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('drop table messages; drop index rejections_by_device; pragma user_version = 1');
  database.close();
}

describe('messages of the SQLite journal', () => {
  it('are on disk when their append resolves, with their ids, and in memory no more', async () => {
    await using journal = await ground.open();
    await journal.append(gaugeReadings(0, 3), [], [ack(1), status(2, 'gauge-1', 'sleeping')]);
    await journal.append([], [], [ack(3)]);
    await using survivor = await ground.open({ file: copyAsCrashed('crashed.db') });
    expect(survivor.messages.lastId).toBe(3);
    const entries = await survivor.messages.readAfter(1, 10);
    expect(entries.map(({ id, message }) => `${id} ${Buffer.from(message.payload)}`)).toEqual([
      '2 sleeping',
      '3 {"assignment":"3","ack":"accepted"}',
    ]);
    expect(await survivor.latestStatuses()).toMatchObject([{ id: 2, message: { device: 'gauge-1' } }]);
    await survivor.append([], [], [ack(4)]);
    expect((await survivor.messages.readAfter(0, 10)).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it('find a place in a journal of the first version, which keeps what it has', async () => {
    const old = await ground.open();
    await old.append(gaugeReadings(0, 50), [rejectedMessage(1)]);
    await old[Symbol.asyncDispose]();
    makeFirstVersion(ground.file);
    await using journal = await ground.open();
    expect(await allEntries(journal)).toHaveLength(50);
    expect(await journal.rejections({ limit: 10 })).toHaveLength(1);
    expect(journal.messages.lastId).toBe(0);
    await journal.append(gaugeReadings(50, 51), [], [ack(1)]);
    expect(await journal.messages.readAfter(0, 10)).toHaveLength(1);
    expect(journal.lastId).toBe(51);
    expect(ground.logged).toEqual([]);
  });

  it.each([
    ['of this version', false, 2],
    ['of the first version', true, 0],
  ])(
    'survive the salvage of a journal %s, and their ids are not given again',
    async (_name, isFirst, rows) => {
      const damaged = await ground.open();
      await damaged.append(gaugeReadings(0, 5), [], [status(1, 'gauge-1', 'online'), ack(2)]);
      await damaged[Symbol.asyncDispose]();
      if (isFirst) makeFirstVersion(ground.file);
      const report = salvageJournal({ file: ground.file, cause: 'a test', atMs: TEST_START_MS });
      expect(report).toMatchObject({ readings: 5, messages: rows });
      await using journal = await ground.open();
      expect(await allEntries(journal)).toHaveLength(5);
      expect(journal.messages.lastId).toBe(rows);
      expect(await journal.latestStatuses()).toHaveLength(isFirst ? 0 : 1);
    },
  );

  it('are counted by channel, and so is what retention takes', async () => {
    await using journal = await ground.open({ retentionMs: 1_000 });
    await journal.append([], [], [ack(1), status(2, 'gauge-1', 'online'), status(3, 'gauge-1', 'offline')]);
    const stored = await ground.metrics.getSingleMetric('siaga_journal_messages_stored_total')?.get();
    const byChannel = stored?.values.map(({ labels, value }) => [labels['channel'], value]);
    expect(byChannel).toEqual([
      ['ack', 1],
      ['status', 2],
    ]);
    expect(await metricValue(ground.metrics, 'siaga_journal_messages')).toBe(3);
    expect(await journal.trim(0, TEST_START_MS + 60_000, 3)).toBe(2);
    expect(await metricValue(ground.metrics, 'siaga_journal_messages_trimmed_total')).toBe(2);
    expect(await metricValue(ground.metrics, 'siaga_journal_messages')).toBe(1);
  });

  it('above their bound go, the oldest first, and above twice that no more are taken until they were followed', async () => {
    await using journal = await ground.open();
    const flood = async (count: number) => {
      for (let n = 0; n < count; n += 10_000) {
        await journal.append(
          [],
          [],
          Array.from({ length: 10_000 }, (_, i) => status(n + i, 'gauge-1', 'online')),
        );
      }
    };
    await journal.append([], [], [status(0, 'gauge-2', 'sleeping'), ack(1)]);
    await flood(MAX_MESSAGES);
    expect(journal.isOverBound).toBe(true);
    expect(await journal.trim(0, TEST_START_MS)).toBe(0);
    await flood(MAX_MESSAGES);
    const refused = { code: 'JOURNAL_FULL' };
    await expect(journal.append([], [], [ack(2)])).rejects.toMatchObject(refused);
    // Readings are not held up by it.
    await journal.append(gaugeReadings(0, 1), []);
    expect(await metricValue(ground.metrics, 'siaga_journal_refused_total')).toBe(1);
    expect(await journal.trim(0, TEST_START_MS, journal.messages.lastId)).toBe(MAX_MESSAGES + 2);
    expect(journal.isOverBound).toBe(false);
    await journal.append([], [], [ack(2)]);
    const latest = await journal.latestStatuses();
    expect(latest.map(({ message }) => message.device)).toEqual(['gauge-2', 'gauge-1']);
  });
});
