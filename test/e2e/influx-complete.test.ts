/** The copy in a real InfluxDB beside history: foreign writers, deletions, orders; in the end both hold the same. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Reading } from '../../devices/reading.ts';
import { placeOrder } from '../../influx/copy/copy-orders.ts';
import { askValues as ask, compareValues, countIn } from '../support/compare-copies.ts';
import { type InfluxHouse, openInfluxHouse, outcomesOf, stageReading } from '../support/influx-house.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';

const PATIENT = { timeout: 30_000 };
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Two days ago at noon, so that what is written is of one shard and of recent days. */
const START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS + DAY_MS / 2;

/** A reading of a gauge and one of an access point a minute; corrections, late ones and failed ones among them. */
const readingsOf = (first: number, count: number): Reading[] =>
  Array.from({ length: count }, (_, offset) => {
    const index = first + offset;
    const atMs = START_MS + Math.floor(index / 2) * MINUTE_MS - (index % 50 === 0 ? 5 * MINUTE_MS : 0);
    const reading = stageReading(`gauge-${index % 8}`, atMs, { levelM: index / 7, rainMm: 0.2 }, index % 3);
    return index % 2 === 0
      ? reading
      : { ...reading, kind: 'wifi-access-point', device: `ap-${index % 6}`, values: { clients: index % 40 } };
  });

async function expectTrue(house: InfluxHouse, url: string, points: number): Promise<void> {
  await expect.poll(() => house.copy.waitingEntries, PATIENT).toBe(0);
  const { influx, own } = await compareValues(house, url);
  expect(influx).toEqual(own);
  expect(own).toHaveLength(points);
}

describe.skipIf(influxdMissing())('the copy in a real InfluxDB', { timeout: 120_000 }, () => {
  let influxd: Influxd;
  beforeEach(async () => {
    influxd = await startInfluxd();
  });
  afterEach(() => influxd[Symbol.asyncDispose]());

  it('is complete again once a foreign line of another type is gone, with what went away beside it', async () => {
    await using house = await openInfluxHouse(influxd.url);
    await ask(influxd.url, 'CREATE DATABASE siaga');
    const foreign = `river_gauge,city=other,device=x levelM=1i ${START_MS}`;
    await fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body: foreign });
    house.start();
    await house.journal.append(readingsOf(0, 1_000), []);
    const why = /river_gauge that are right; they wait in the journal: .*field type conflict/;
    await expect.poll(() => house.copy.problems.join(), PATIENT).toMatch(why);
    // While it is held more comes, and nothing is set aside.
    await house.journal.append(readingsOf(1_000, 500), []);
    expect(await countIn(influxd.url, 'wifi_access_point')).toBe(500);
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    await expectTrue(house, influxd.url, 1_500);
    await expect.poll(() => house.copy.problems, PATIENT).toEqual([]);
  });

  it('that was complete before a foreign writer came gets back what mending him took away', async () => {
    await using house = await openInfluxHouse(influxd.url);
    house.start();
    await house.journal.append(readingsOf(0, 1_000), []);
    await expectTrue(house, influxd.url, 1_000);
    // A new shard, in which the stranger comes first.
    const later = START_MS + 8 * DAY_MS;
    await fetch(`${influxd.url}/write?db=siaga&precision=ms`, {
      method: 'POST',
      body: `river_gauge,city=other,device=x levelM=1i ${later}`,
    });
    await house.journal.append([stageReading('gauge-1', later, { levelM: 3.5 })], []);
    await expect.poll(() => house.copy.problems.join(), PATIENT).toMatch(/field type conflict/);
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    // All gauges of all time went with it; the comparison that follows the hold brings them back.
    await expect.poll(() => countIn(influxd.url, 'river_gauge'), PATIENT).toBe(501);
    await expectTrue(house, influxd.url, 1_001);
  });

  it('gets back points that somebody deleted, and a whole measurement, and says what was missing', async () => {
    await using house = await openInfluxHouse(influxd.url);
    house.start();
    await house.journal.append(readingsOf(0, 2_000), []);
    await expectTrue(house, influxd.url, 2_000);
    const until = START_MS + 200 * MINUTE_MS;
    await ask(influxd.url, `DELETE FROM river_gauge WHERE time < ${until}ms`);
    await ask(influxd.url, 'DROP MEASUREMENT wifi_access_point');
    await house.copy.compare();
    const [outcome] = await outcomesOf(house.database);
    expect(outcome).toMatch(
      /^2,000 points of history compared; InfluxDB had less \(river-gauge .*wifi-access-point/,
    );
    await expectTrue(house, influxd.url, 2_000);
    expect(house.copy.problems).toEqual([]);
  });

  it('is compared a second time without a word to say, and names what history does not have', async () => {
    await using house = await openInfluxHouse(influxd.url);
    house.start();
    await house.journal.append(readingsOf(0, 100), []);
    await expectTrue(house, influxd.url, 100);
    const foreign = `river_gauge,city=semarang,device=stranger quality=0 ${START_MS}`;
    await fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body: foreign });
    await house.copy.compare();
    const [outcome] = await outcomesOf(house.database);
    expect(outcome).toMatch(/InfluxDB has all of them; it has more than history.*river-gauge .*: 51 of 50$/);
  });

  it('is written again in a range by order, late readings among it, and nothing outside', async () => {
    await using house = await openInfluxHouse(influxd.url);
    house.start();
    await house.journal.append(readingsOf(0, 400), []);
    await house.journal.append([stageReading('gauge-9', START_MS, { levelM: 9 })], []);
    await expect.poll(() => house.copy.waitingEntries, PATIENT).toBe(0);
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    const fromMs = START_MS;
    const toMs = START_MS + 50 * MINUTE_MS;
    await placeOrder(house.database, { action: 'rewrite', fromMs, toMs, now: Date.now() });
    const [outcome] = await outcomesOf(house.database);
    const wanted = readingsOf(0, 400).filter(({ measuredAt }) => measuredAt >= fromMs && measuredAt < toMs);
    expect(outcome).toBe(`${wanted.length + 1} readings are written again`);
    const gauges = wanted.filter(isRiverGauge).length;
    expect(await countIn(influxd.url, 'river_gauge')).toBe(gauges + 1);
  });

  it('keeps the correction of a reading that is written again', async () => {
    await using house = await openInfluxHouse(influxd.url);
    house.start();
    await house.journal.append([stageReading('gauge-1', START_MS, { levelM: 1 })], []);
    await house.journal.append([stageReading('gauge-1', START_MS, { levelM: 2 })], []);
    await expect.poll(() => house.copy.waitingEntries, PATIENT).toBe(0);
    const range = { fromMs: START_MS, toMs: START_MS + 1 };
    await placeOrder(house.database, { action: 'rewrite', ...range, now: Date.now() });
    await outcomesOf(house.database);
    expect((await ask(influxd.url, 'SELECT last("levelM") FROM river_gauge'))[0]?.[1]).toBe(2);
  });

  it('writes what was set aside once the reason is gone, and leaves what is still refused', async () => {
    await using house = await openInfluxHouse(influxd.url);
    await ask(influxd.url, 'CREATE DATABASE siaga');
    for (const field of ['rainMm="wet"', 'batteryV="full"']) {
      const body = `river_gauge,device=x ${field} ${START_MS}`;
      await fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body });
    }
    house.start();
    const good = readingsOf(0, 100).map((each) => ({ ...each, values: { levelM: 1, clients: 1 } }));
    const bad = [
      stageReading('gauge-rain', START_MS, { levelM: 1, rainMm: 1 }),
      stageReading('gauge-battery', START_MS, { levelM: 1, batteryV: 12 }),
    ];
    await house.journal.append([...good, ...bad], []);
    await expect.poll(() => house.copy.waitingEntries, PATIENT).toBe(0);
    expect(await countIn(influxd.url, 'river_gauge')).toBe(50);
    await house.copy.replay();
    expect(await outcomesOf(house.database)).toEqual([
      '0 lines that were set aside are written, 2 are still refused',
    ]);
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    await house.copy.replay();
    expect((await outcomesOf(house.database)).at(-1)).toMatch(/^2 lines .* are written, 0 are still refused/);
  });
});
