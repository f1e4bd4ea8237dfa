/** What ingest and the present make of readings while our own clock is set, and after a restart by such a clock. */
import { describe, expect, test } from 'vitest';
import { formatQuality, QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createFleet } from '../../../fleet/fleet.ts';
import { restorePresent } from '../../../fleet/live-consumer.ts';
import { openRegistry } from '../../../fleet/registry.ts';
import { createQuality } from '../../../ingest/quality.ts';
import { readingOf, START_MS } from '../../support/alert-house.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
import { createMemoryJournal } from '../../support/memory-journal.ts';
import { smallCity } from '../../support/small-city.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A reading of a gauge without a clock. */
const undated = (atMs: number, levelM: number): Reading =>
  readingOf('bendung', atMs, { levelM }, { quality: QualityFlag.serverTime });

describe('after a step back of our clock', () => {
  test.each([
    ['a day', DAY],
    ['an hour', DAY / 24],
    ['three seconds', 3_000],
    ['a year', 365 * DAY],
  ])('of %s a reading without a time of its own is not late', (_, aheadMs) => {
    const quality = createQuality();
    quality.assess(undated(START_MS + aheadMs, 1));
    quality.clockSet(START_MS + 1, -aheadMs);
    const next = quality.assess(undated(START_MS + 2, 1.1));
    expect(next).toMatchObject({ measuredAt: START_MS + 2, quality: QualityFlag.serverTime });
  });

  test('a position without a time of its own is not late either, nor too far from where it was tomorrow', () => {
    const quality = createQuality();
    const fix = (atMs: number, lat: number) =>
      readingOf('motor-1', atMs, { lat, lng: 110.4 }, { quality: QualityFlag.serverTime });
    quality.assess(fix(START_MS + DAY, -6.98));
    quality.clockSet(START_MS, -DAY);
    expect(formatQuality(quality.assess(fix(START_MS + 5_000, -6.981)).quality)).toEqual(['serverTime']);
  });

  test('a repeat is known for ten minutes, and not for the day that was taken back', () => {
    const quality = createQuality();
    const counted = (atMs: number) => ({ ...undated(atMs, 1), seq: 1 });
    const first = quality.assess(counted(START_MS + DAY));
    quality.clockSet(START_MS, -DAY);
    expect(quality.assess(counted(START_MS + MINUTE)).measuredAt).toBe(first.measuredAt);
    expect(quality.assess(counted(START_MS + 11 * MINUTE)).measuredAt).toBe(START_MS + 11 * MINUTE);
  });

  test('a device whose clock was right all the time is neither off nor set', () => {
    const quality = createQuality();
    const dated = (trueMs: number, aheadMs: number) =>
      quality.assess({
        ...readingOf('bendung', trueMs, { levelM: trueMs % 7 }),
        receivedAt: trueMs + aheadMs,
      });
    for (let minute = 0; minute < 10; minute++) dated(START_MS + minute * MINUTE, 0);
    quality.clockSet(START_MS + 10 * MINUTE + DAY, DAY);
    for (let minute = 10; minute < 20; minute++) dated(START_MS + minute * MINUTE, DAY);
    quality.clockSet(START_MS + 20 * MINUTE, -DAY);
    for (let minute = 20; minute < 30; minute++) {
      expect(dated(START_MS + minute * MINUTE, 0)).toMatchObject({
        measuredAt: START_MS + minute * MINUTE,
        quality: 0,
      });
    }
  });
});

async function openPresent() {
  const database = await openMemoryDatabase();
  const fleet = createFleet(await openRegistry(smallCity, database));
  return { fleet, quality: createQuality(), [Symbol.asyncDispose]: () => database.destroy() };
}

describe('the present', () => {
  test('is no later than now after a step back, and the next reading is it', async () => {
    await using house = await openPresent();
    house.fleet.observe(undated(START_MS + DAY, 1));
    house.fleet.clockSet(START_MS, -DAY);
    expect(house.fleet.now('bendung')?.last).toMatchObject({ measuredAt: START_MS, receivedAt: START_MS });
    expect(house.fleet.observe(undated(START_MS + 1_000, 1.1))).toBe(true);
  });

  test('keeps the time of a device that has its own, ahead by a little', async () => {
    await using house = await openPresent();
    house.fleet.observe(readingOf('bendung', START_MS + 30_000, { levelM: 1 }));
    house.fleet.clockSet(START_MS, -1_000);
    expect(house.fleet.now('bendung')?.last?.measuredAt).toBe(START_MS + 30_000);
  });

  test('is the last reading of before a restart that is not of tomorrow, though an older run called it late', async () => {
    await using house = await openPresent();
    const journal = createMemoryJournal();
    await journal.append([undated(START_MS + DAY, 1)], []);
    const late = undated(START_MS - MINUTE, 2);
    await journal.append([{ ...late, quality: late.quality | QualityFlag.late }], []);
    await restorePresent({ journal, ...house, nowMs: START_MS });
    expect(house.fleet.now('bendung')?.last).toMatchObject({
      measuredAt: START_MS - MINUTE,
      values: { levelM: 2 },
    });
    expect(house.quality.assess(undated(START_MS + 1, 2.1)).quality).toBe(QualityFlag.serverTime);
  });

  test('is the one of tomorrow, told as of now, where there is no other', async () => {
    await using house = await openPresent();
    const journal = createMemoryJournal();
    await journal.append([undated(START_MS + DAY, 1)], []);
    await restorePresent({ journal, ...house, nowMs: START_MS });
    expect(house.fleet.now('bendung')).toMatchObject({
      last: { measuredAt: START_MS },
      lastHeardAt: START_MS,
    });
    expect(house.fleet.observe(undated(START_MS + 1, 1.1))).toBe(true);
  });

  test('knows after a restart whose clock is off: ingest and fleet recall it from the journal', async () => {
    await using house = await openPresent();
    const journal = createMemoryJournal();
    const before = createQuality();
    const said = (minute: number) => ({
      ...readingOf('bendung', START_MS + (minute - 120) * MINUTE, { levelM: 1 + minute / 100 }),
      receivedAt: START_MS + minute * MINUTE,
    });
    for (let minute = 0; minute < 8; minute++) await journal.append([before.assess(said(minute))], []);
    await restorePresent({ journal, ...house, nowMs: START_MS + 8 * MINUTE });
    expect(house.quality.assess(said(8))).toMatchObject({
      measuredAt: START_MS + 8 * MINUTE,
      quality: QualityFlag.clockOff,
    });
    expect(house.fleet.now('bendung')?.health.clock).toMatchObject({ isOff: true, leastLagMs: 120 * MINUTE });
  });
});
