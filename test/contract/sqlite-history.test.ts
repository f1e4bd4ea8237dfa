/**
 * The embedded history under the contract, settled and not, and what is its own: following the journal,
 * being built again, retention.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../devices/reading.ts';
import {
  openSqliteHistory,
  type SqliteHistory,
  type SqliteHistoryOptions,
} from '../../history/open-sqlite-history.ts';
import type { Journal } from '../../journal/journal.ts';
import {
  createJournalGround,
  gaugeReading,
  gaugeReadings,
  type JournalGround,
  metricValue,
  TEST_START_MS,
} from '../support/journal-fixture.ts';
import { describeHistory, type HistoryUnderTest } from './history.suite.ts';

const DAY_MS = 86_400_000;

function openOn(
  ground: JournalGround,
  journal: Journal,
  options: Partial<SqliteHistoryOptions> = {},
): Promise<SqliteHistory> {
  return openSqliteHistory({
    file: join(ground.directory, 'history.db'),
    journalFile: ground.file,
    city: 'semarang',
    retentionMs: 400 * DAY_MS,
    maxBytes: 1024 ** 3,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    now: () => TEST_START_MS,
    salvageJournal: (cause) => journal.salvage(cause),
    ...options,
  });
}

async function openHouse(settles: (round: number) => boolean): Promise<HistoryUnderTest> {
  const ground = createJournalGround();
  const journal = await ground.open();
  const history = await openOn(ground, journal);
  let round = 0;
  return {
    history,
    async write(readings) {
      await journal.append(readings, []);
      if (settles(round++)) await history.settle();
    },
    async [Symbol.asyncDispose]() {
      await history[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      ground[Symbol.dispose]();
    },
  };
}

describeHistory('SQLite, settled', () => openHouse(() => true));
describeHistory('SQLite, not settled', () => openHouse(() => false));
describeHistory('SQLite, settled now and then', () => openHouse((round) => round % 2 === 0));

describe('the embedded history', () => {
  let ground: JournalGround;
  let journal: Journal;
  beforeEach(async () => {
    ground = createJournalGround();
    journal = await ground.open();
  });
  afterEach(async () => {
    await journal[Symbol.asyncDispose]();
    ground[Symbol.dispose]();
  });

  const levels = async (history: SqliteHistory, device = 'gauge-0') => {
    const range = { fromMs: 0, toMs: TEST_START_MS * 2, limit: 10_000 };
    const { points } = await history.raw({ kind: 'river-gauge', device, ...range });
    return points.map(({ values }) => values['levelM']);
  };
  const levelsOf = (readings: Reading[]) =>
    readings.filter(({ device }) => device === 'gauge-0').map(({ values }) => values['levelM']);

  it('answers the same from many chunks, after late readings fell into the middle of them', async () => {
    await using history = await openOn(ground, journal);
    const readings = gaugeReadings(0, 10_000);
    // Every tenth comes late, the newest of them first.
    const late = readings.filter((_, i) => i % 10 === 3).reverse();
    const inTime = readings.filter((_, i) => i % 10 !== 3);
    for (const part of [inTime.slice(0, 4_000), inTime.slice(4_000), late]) {
      await journal.append(part, []);
      await history.settle();
    }
    expect(history.settledThroughId).toBe(10_000);
    expect(await levels(history)).toEqual(levelsOf(readings));
  });

  it('counts points by kind and day, each instant of a device once, settled or not', async () => {
    const dayOf = (n: number) => TEST_START_MS + n * DAY_MS;
    const device = { device: 'gauge-a' };
    const days = [
      ...gaugeReadings(0, 200),
      ...[0, 1, 2].map((n) => gaugeReading(n, { ...device, measuredAt: dayOf(1) + n })),
      gaugeReading(9, { ...device, kind: 'ambulance', measuredAt: dayOf(1), values: { lat: 1, lng: 2 } }),
      gaugeReading(9, { ...device, city: 'elsewhere', measuredAt: dayOf(1) }),
    ];
    await journal.append(days, []);
    await using history = await openOn(ground, journal);
    await history.settle();
    // The correction of one of them, and one more.
    const later = [{ levelM: 5 }, { levelM: 6 }].map((values, n) =>
      gaugeReading(n, { ...device, measuredAt: dayOf(1) + 2 + n, values }),
    );
    await journal.append(later, []);
    const range = { fromMs: dayOf(0), toMs: dayOf(2) };
    expect(await history.countDays({ kind: 'river-gauge', ...range })).toEqual([
      { dayMs: dayOf(0), points: 200 },
      { dayMs: dayOf(1), points: 4 },
    ]);
    expect(await history.countDays({ kind: 'ambulance', ...range })).toEqual([
      { dayMs: dayOf(1), points: 1 },
    ]);
    expect(await history.countDays({ kind: 'hospital', ...range })).toEqual([]);
    const inside = { fromMs: dayOf(1) + 1, toMs: dayOf(1) + 3 };
    expect(await history.countDays({ kind: 'river-gauge', ...inside })).toEqual([
      { dayMs: dayOf(1), points: 2 },
    ]);
  });

  it('keeps what is settled over a restart, and settles on from there', async () => {
    await journal.append(gaugeReadings(0, 100), []);
    {
      await using history = await openOn(ground, journal);
      await history.settle();
    }
    await journal.append(gaugeReadings(100, 200), []);
    await using history = await openOn(ground, journal);
    expect(history.settledThroughId).toBe(100);
    expect(await levels(history)).toEqual(levelsOf(gaugeReadings(0, 200)));
    await history.settle();
    expect(history.settledThroughId).toBe(200);
    expect(await levels(history)).toEqual(levelsOf(gaugeReadings(0, 200)));
  });

  it('is built again from the journal when its file is lost, damaged, or of another journal', async () => {
    await journal.append(gaugeReadings(0, 3_000), []);
    const expected = levelsOf(gaugeReadings(0, 3_000));
    const file = join(ground.directory, 'history.db');
    {
      await using history = await openOn(ground, journal);
      await history.settle();
    }
    rmSync(file);
    {
      await using history = await openOn(ground, journal);
      expect(await levels(history)).toEqual(expected);
      await history.settle();
    }
    writeFileSync(file, Buffer.alloc(statSync(file).size, 0x55));
    const metrics = new Registry();
    {
      await using history = await openOn(ground, journal, { metrics });
      expect(await metricValue(metrics, 'siaga_history_rebuilt_total')).toBe(1);
      expect(await levels(history)).toEqual(expected);
      await history.settle();
    }
    await journal[Symbol.asyncDispose]();
    for (const suffix of ['', '-wal', '-shm']) rmSync(ground.file + suffix, { force: true });
    journal = await ground.open();
    await journal.append(gaugeReadings(5_000, 5_010), []);
    await using history = await openOn(ground, journal);
    expect(await levels(history)).toEqual(levelsOf(gaugeReadings(5_000, 5_010)));
  });

  it('is built again, the old file kept, when the journal was restored from an older backup', async () => {
    const backup = join(ground.directory, 'backup.db');
    await journal.append(gaugeReadings(0, 60), []);
    await journal.backup(backup);
    await journal.append(gaugeReadings(60, 100), []);
    {
      await using history = await openOn(ground, journal);
      await history.settle();
    }
    await journal[Symbol.asyncDispose]();
    for (const suffix of ['-wal', '-shm']) rmSync(ground.file + suffix, { force: true });
    renameSync(backup, ground.file);
    journal = await ground.open();
    await using history = await openOn(ground, journal);
    // Ids 61 to 100 once more, for other readings and another device.
    await journal.append(gaugeReadings(200, 239), []);
    await journal.append([gaugeReading(240, { device: 'gauge-new' })], []);
    await history.settle();
    expect(history.settledThroughId).toBe(100);
    expect(await levels(history)).toEqual(levelsOf([...gaugeReadings(0, 60), ...gaugeReadings(200, 239)]));
    expect(await levels(history, 'gauge-new')).toEqual([2.4]);
    expect(readdirSync(ground.directory)).toContainEqual(expect.stringMatching(/^history\.damaged-.*\.db$/));
  });

  it('is built again where a journal that was put back has been filled up again with other numbers for its names', async () => {
    await journal.append([gaugeReading(0)], []);
    const backup = join(ground.directory, 'backup.db');
    await journal.backup(backup);
    await journal.append([gaugeReading(1), gaugeReading(2)], []);
    {
      await using history = await openOn(ground, journal);
      await history.settle();
    }
    await journal[Symbol.asyncDispose]();
    for (const suffix of ['-wal', '-shm']) rmSync(ground.file + suffix, { force: true });
    renameSync(backup, ground.file);
    journal = await ground.open();
    await journal.append([gaugeReading(2), gaugeReading(1)], []);
    const metrics = new Registry();
    await using history = await openOn(ground, journal, { metrics });
    expect(await metricValue(metrics, 'siaga_history_rebuilt_total')).toBe(1);
    for (const n of [0, 1, 2]) expect(await levels(history, `gauge-${n}`)).toEqual([n / 100]);
  });

  it('begins anew when damage in its chunks shows in an answer', async () => {
    await journal.append(gaugeReadings(0, 5_000), []);
    const file = join(ground.directory, 'history.db');
    {
      await using history = await openOn(ground, journal);
      await history.settle();
    }
    const content = readFileSync(file);
    content.fill(0xa5, 8 * 4096);
    writeFileSync(file, content);
    const metrics = new Registry();
    await using history = await openOn(ground, journal, { metrics });
    expect(await levels(history)).toEqual(levelsOf(gaugeReadings(0, 5_000)));
    expect(await metricValue(metrics, 'siaga_history_rebuilt_total')).toBe(1);
  });

  it('follows the journal through a salvage', async () => {
    await journal.append(gaugeReadings(0, 500), []);
    await using history = await openOn(ground, journal);
    await history.settle();
    await journal.salvage('a test asks for it');
    await journal.append(gaugeReadings(500, 600), []);
    expect(await levels(history)).toEqual(levelsOf(gaugeReadings(0, 600)));
    await history.settle();
    expect(history.settledThroughId).toBe(600);
  });

  it('deletes by age and by bytes, the oldest first', async () => {
    await using history = await openOn(ground, journal, { retentionMs: 10 * DAY_MS, maxBytes: 500_000 });
    const daily = Array.from({ length: 20_000 }, (_, n) =>
      gaugeReading(n, { device: 'gauge-0', measuredAt: TEST_START_MS + n * 100_000 }),
    );
    for (let from = 0; from < daily.length; from += 5_000)
      await journal.append(daily.slice(from, from + 5_000), []);
    await history.settle();
    const now = TEST_START_MS + 11 * DAY_MS;
    const byAge = await history.trim(now);
    expect(byAge).toBeGreaterThan(5);
    const { points } = await history.raw({
      kind: 'river-gauge',
      device: 'gauge-0',
      fromMs: 0,
      toMs: TEST_START_MS * 2,
      limit: 1,
    });
    const oldest = points[0]?.atMs as number;
    expect(oldest).toBeGreaterThan(TEST_START_MS + DAY_MS);
    expect(await levels(history)).toContain(199.99);
    expect(await history.trim(now)).toBe(0);
  });

  it('thins tracks as the journal does, so that history built again from a thinned journal is the same', async () => {
    await using history = await openOn(ground, journal);
    // A day and a half: the unit stands, and drives a circle each hour.
    const fixes = Array.from({ length: 6 * 60 * 36 }, (_, n): Reading => {
      const angle = n % 360 < 60 ? (Math.PI * (n % 360)) / 30 : 0;
      const values = {
        lat: -6.99 + 0.01 * Math.sin(angle),
        lng: 110.42 + 0.01 * Math.cos(angle),
        status: 'available',
      };
      const measuredAt = TEST_START_MS + n * 10_000;
      return { ...gaugeReading(n, { kind: 'ambulance', device: 'motor-01' }), measuredAt, values };
    });
    for (let from = 0; from < fixes.length; from += 5_000)
      await journal.append(fixes.slice(from, from + 5_000), []);
    await history.settle();
    const raw = async (of: SqliteHistory) => {
      const range = {
        kind: 'ambulance',
        device: 'motor-01',
        fromMs: 0,
        toMs: TEST_START_MS * 2,
        limit: 20_000,
      };
      return (await of.raw(range)).points;
    };
    const whole = await raw(history);
    const beforeMs = TEST_START_MS + DAY_MS;
    const removed = await history.thin({ kinds: ['ambulance'], beforeMs });
    const thinned = await raw(history);
    expect(thinned.length).toBe(whole.length - removed);
    const inPast = thinned.filter(({ atMs }) => atMs < beforeMs);
    // One a minute, the first of each ten, and the turns of a circle each hour.
    expect(inPast.length).toBeGreaterThan(1_440 + 144);
    expect(inPast.length).toBeLessThan(1_440 + 144 + 24 * 60);
    expect(thinned.filter(({ atMs }) => atMs >= beforeMs)).toEqual(
      whole.filter(({ atMs }) => atMs >= beforeMs),
    );
    expect(await history.thin({ kinds: ['ambulance'], beforeMs })).toBe(0);

    await journal.thinTracks({ kinds: ['ambulance'], beforeMs, keepAfterId: journal.lastId });
    await using again = await openOn(ground, journal, { file: join(ground.directory, 'again.db') });
    await again.settle();
    expect(await raw(again)).toEqual(thinned);
  });

  it('finds after a start what came late for days that were thinned', async () => {
    const fix = (n: number): Reading => ({
      ...gaugeReading(n, { kind: 'ambulance', device: 'motor-01' }),
      ...{ measuredAt: TEST_START_MS + n * 10_000, values: { lat: -6.99, lng: 110.42 } },
    });
    const order = { kinds: ['ambulance'], beforeMs: TEST_START_MS + DAY_MS };
    const fixes = Array.from({ length: 360 }, (_, n) => fix(n));
    await journal.append(fixes.slice(180), []);
    {
      await using history = await openOn(ground, journal);
      await history.settle();
      expect(await history.thin(order)).toBe(3 * (60 - 11));
      await journal.append(fixes.slice(0, 180), []);
      await history.settle();
    }
    await using history = await openOn(ground, journal);
    expect(await history.thin(order)).toBe(3 * (60 - 11));
  });
});
