/**
 * What InfluxDB, or what stands in its place, may do to the copy: the copy is degraded in words, journal and history go
 * on, memory stays bounded, and afterwards the copy is complete, value by value.
 *
 * On a real influxd. Skipped where it is not installed; with CI=true that is a failure.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../devices/reading.ts';
import { compareValues, countIn } from '../support/compare-copies.ts';
import { FAULTS, startFaultyInflux } from '../support/influx-faults.ts';
import { type InfluxHouse, openInfluxHouse, stageReading } from '../support/influx-house.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';
import { fillDisk, giveRoom, mountSmallDisk } from '../support/small-disk.ts';

/** Longer than the longest request. */
const PATIENT = { timeout: 90_000, interval: 50 };
const START_MS = Date.UTC(2026, 0, 15, 2, 30);
const DAY_MS = 86_400_000;
const MANY = 3_000;
const SMALL_DISK_BYTES = 48 * 1024 * 1024;
/** What a wrong server may cost, far below what it says. */
const MEMORY_BYTES = 400 * 1024 * 1024;

/** Of the eight gauges that the copies are compared by. */
const readingsOf = (first: number, count: number, startMs = START_MS): Reading[] =>
  Array.from({ length: count }, (_, index) =>
    stageReading(`gauge-${(first + index) % 8}`, startMs + Math.floor((first + index) / 8) * 1000, {
      levelM: (first + index) / 1000,
    }),
  );
const untilItSays = (house: InfluxHouse, words: RegExp) =>
  expect.poll(() => house.copy.problems.join('\n'), PATIENT).toMatch(words);
const inHistory = async ({ history }: InfluxHouse, device: string) =>
  (
    await history?.raw({
      ...{ kind: 'river-gauge', device, fromMs: 0, toMs: Date.now() + 2 * DAY_MS, limit: 10_000 },
    })
  )?.points.length;

async function expectComplete(house: InfluxHouse, url: string, count: number): Promise<void> {
  await house.caughtUp();
  expect(await countIn(url, 'river_gauge')).toBe(count);
  await expect.poll(() => inHistory(house, 'gauge-1'), PATIENT).toBe(count / 8);
  const { influx, own } = await compareValues(house, url);
  expect(influx.sort()).toEqual(own.sort());
  await expect.poll(() => house.copy.problems, PATIENT).toEqual([]);
}

describe.skipIf(influxdMissing())('the copy in InfluxDB', { timeout: 240_000 }, () => {
  let influxd: Influxd;
  afterEach(() => influxd[Symbol.asyncDispose]());

  describe('where something else answers', () => {
    beforeEach(async () => {
      influxd = await startInfluxd();
    });

    it.each(Object.keys(FAULTS))('is complete after a time in which it %s', async (fault) => {
      await using faulty = await startFaultyInflux(influxd.url);
      await using house = await openInfluxHouse(faulty.url);
      const { journal } = house;
      await journal.append(readingsOf(0, MANY), []);
      house.start();
      await house.caughtUp();
      const before = process.memoryUsage().rss;
      faulty.fault = fault;
      await journal.append(readingsOf(MANY, MANY), []);
      await untilItSays(house, /\w/);
      console.log(`${fault}: ${house.copy.problems.join('; ')}`);
      await journal.append(readingsOf(2 * MANY, MANY), []);
      await expect.poll(() => inHistory(house, 'gauge-1'), PATIENT).toBe((3 * MANY) / 8);
      expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY_BYTES);
      faulty.fault = undefined;
      await expectComplete(house, influxd.url, 3 * MANY);
    });

    it.each(Object.keys(FAULTS))('starts degraded where at first it %s', async (fault) => {
      await using faulty = await startFaultyInflux(influxd.url);
      faulty.fault = fault;
      await using house = await openInfluxHouse(faulty.url);
      await house.journal.append(readingsOf(0, MANY), []);
      house.start();
      await untilItSays(house, /\w/);
      console.log(`${fault}: ${house.copy.problems.join('; ')}`);
      faulty.fault = undefined;
      await expectComplete(house, influxd.url, MANY);
    });

    it('is complete after restarts in the middle of its writes', async () => {
      await using house = await openInfluxHouse(influxd.url);
      house.start();
      for (let round = 0; round < 4; round++) {
        await house.journal.append(readingsOf(round * 2 * MANY, 2 * MANY), []);
        await influxd.kill();
        await influxd.start();
      }
      await expectComplete(house, influxd.url, 8 * MANY);
    });

    it.each([365, -365])('is complete after our clock was %i days ahead', async (days) => {
      let aheadMs = days * DAY_MS;
      const now = () => Date.now() + aheadMs;
      await using house = await openInfluxHouse(influxd.url, { now, config: { INFLUX_RETENTION_DAYS: 30 } });
      await house.journal.append(readingsOf(0, MANY, Date.now() - DAY_MS), []);
      house.start();
      if (days < 0) await untilItSays(house, /older than its retention/);
      else await house.caughtUp();
      aheadMs = 0;
      await house.journal.append(readingsOf(MANY, MANY, Date.now() - DAY_MS), []);
      await expectComplete(house, influxd.url, 2 * MANY);
    });
  });

  it('is complete after its disk was full', async (context) => {
    let disk: Disposable | undefined;
    influxd = await startInfluxd((folder) => {
      disk ??= mountSmallDisk(`${folder}/disk`, SMALL_DISK_BYTES);
      return [];
    });
    if (!disk) return context.skip();
    using _disk = disk;
    const full = `${influxd.folder}/disk`;
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    await journal.append(readingsOf(0, MANY), []);
    house.start();
    await house.caughtUp();
    fillDisk('self', full);
    await journal.append(readingsOf(MANY, MANY), []);
    await untilItSays(house, /its disk is full: make room there, then restart it/);
    await expect.poll(() => inHistory(house, 'gauge-1'), PATIENT).toBe((2 * MANY) / 8);
    giveRoom('self', full);
    await influxd.kill();
    await influxd.start();
    await expectComplete(house, influxd.url, 2 * MANY);
    await influxd.kill();
  });
});
