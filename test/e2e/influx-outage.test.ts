import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../devices/reading.ts';
import { LINE_FORM } from '../../influx/copy/reading-lines.ts';
import { rewindCursors } from '../../journal/rewind-cursors.ts';
import { cursorOf, openInfluxHouse, stageReading } from '../support/influx-house.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';

/** A batch is written within some 100 ms here; a busy machine gets a hundred times that. */
const PATIENT = { timeout: 30_000 };
const START_MS = Date.UTC(2026, 0, 15, 2, 30);
const readingsOf = (first: number, count: number): Reading[] =>
  Array.from({ length: count }, (_, index) =>
    stageReading(`gauge-${(first + index) % 40}`, START_MS + Math.floor((first + index) / 40) * 1000, {
      levelM: (first + index) / 1000,
    }),
  );

/**
 * Asks or tells the server, as an engineer would; the first value of the answer. InfluxDB 1.x sends the headers
 * before it does the statement: only the end of the body says that it is done.
 */
async function ask(url: string, statement: string): Promise<unknown> {
  const response = await fetch(
    `${url}/query?${new URLSearchParams({ db: 'siaga', epoch: 'ms', q: statement })}`,
    { method: 'POST' },
  );
  const body = (await response.json()) as {
    results?: { series?: { values: unknown[][] }[]; error?: string }[];
  };
  if (body.results?.[0]?.error) throw new Error(body.results[0].error);
  return body.results?.[0]?.series?.[0]?.values[0]?.[1];
}
const write = async (url: string, line: string) => {
  const response = await fetch(`${url}/write?db=siaga&precision=ms`, { method: 'POST', body: line });
  expect(response.status, await response.text()).toBe(204);
};
const lastMark = (url: string) => ask(url, 'SELECT last("position") FROM siaga_cursor');
const countIn = (url: string) => ask(url, 'SELECT count("levelM") FROM river_gauge');

describe.skipIf(influxdMissing())('an outage of InfluxDB', { timeout: 120_000 }, () => {
  let influxd: Influxd;
  beforeEach(async () => {
    influxd = await startInfluxd();
  });
  afterEach(async () => {
    await influxd[Symbol.asyncDispose]();
  });

  it('loses nothing when the server is killed while readings flow, and catches up when it is back', async () => {
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    await journal.append(readingsOf(0, 30_000), []);
    house.start();
    await expect.poll(() => cursorOf(house.database), { ...PATIENT, interval: 1 }).toBeGreaterThan(0);
    expect(house.copy.name).toMatch(/^InfluxDB 1\./);
    await influxd.kill();
    await journal.append(readingsOf(30_000, 5_000), []);
    await influxd.start();
    await journal.append(readingsOf(35_000, 1_000), []);
    await house.caughtUp();
    expect(await countIn(influxd.url)).toBe(36_000);
  });

  it('writes the journal again to a server that came back with an empty disk', async () => {
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    await journal.append(readingsOf(0, 20_000), []);
    house.start();
    await house.caughtUp();
    expect(await countIn(influxd.url)).toBe(20_000);
    await house.database
      .insertInto('cursors')
      .values({ consumer: 'influx-incidents', position: 7 })
      .execute();
    await influxd.kill();
    await influxd.wipe();
    await influxd.start();
    // No reading comes: the minute's look at the mark finds it.
    await house.copy.checkMark();
    await expect.poll(() => countIn(influxd.url), PATIENT).toBe(20_000);
    const rewinds = await house.metrics.getSingleMetric('siaga_influx_rewinds_total')?.get();
    expect(rewinds?.values[0]?.value).toBe(1);
    // The logs of alerts and incidents are copied again as well.
    const copies = await house.database.selectFrom('cursors').selectAll().execute();
    expect(copies.map(({ consumer }) => consumer)).not.toContain('influx-incidents');
  });

  it('goes back to the mark that a server restored from an older backup holds', async () => {
    await using ground = await openInfluxHouse(influxd.url);
    const { journal, database } = ground;
    await journal.append(readingsOf(0, 9_000), []);
    {
      await using before = await openInfluxHouse(influxd.url, { database, journal });
      before.start();
      await before.caughtUp();
    }
    await ask(influxd.url, 'DROP MEASUREMENT siaga_cursor');
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    await write(influxd.url, `siaga_cursor,city=semarang position=4000 ${Date.now()}`);
    await using after = await openInfluxHouse(influxd.url, { database, journal });
    await after.copy.catchUp();
    expect(await countIn(influxd.url)).toBe(5_000);
  });

  it('notices a server swapped for an older backup between two writes, none of which failed', async () => {
    await using house = await openInfluxHouse(influxd.url);
    const { journal, copy, database, metrics } = house;
    const rewinds = async () =>
      (await metrics.getSingleMetric('siaga_influx_rewinds_total')?.get())?.values[0]?.value;
    await journal.append(readingsOf(0, 2_000), []);
    house.start();
    await house.caughtUp();
    await expect.poll(() => lastMark(influxd.url), PATIENT).toBe(2_000);
    await database.insertInto('cursors').values({ consumer: 'influx-incidents', position: 7 }).execute();
    await copy.checkMark();
    await journal.append(readingsOf(2_000, 100), []);
    await house.caughtUp();
    await expect.poll(() => lastMark(influxd.url), PATIENT).toBe(2_100);
    expect(await rewinds()).toBe(0);

    // What was lately written is gone, and what is left says so.
    await ask(influxd.url, 'DROP MEASUREMENT siaga_cursor');
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    await write(influxd.url, `siaga_cursor,city=semarang position=1000 ${Date.now() - 3_600_000}`);
    await copy.checkMark();
    await expect.poll(() => countIn(influxd.url), PATIENT).toBe(1_100);
  });

  it('believes a mark from before an older journal was restored only as far as that journal reached', async () => {
    await using ground = await openInfluxHouse(influxd.url);
    const { journal, database } = ground;
    // The cursor and the mark are at 9,000; of these readings the restored journal has the first 3,000.
    const cursors = [
      { consumer: 'influx', position: 9_000 },
      { consumer: 'influx-form', position: LINE_FORM },
    ];
    await database.insertInto('cursors').values(cursors).execute();
    await journal.append(readingsOf(0, 3_000), []);
    const now = Date.now;
    await rewindCursors({ journal, database, consumers: ['influx'], log: pino({ level: 'silent' }), now });
    await ask(influxd.url, 'CREATE DATABASE siaga');
    await write(influxd.url, `siaga_cursor,city=semarang position=9000 ${now() - 120_000}`);
    await journal.append(readingsOf(20_000, 8_000), []);
    {
      await using before = await openInfluxHouse(influxd.url, { database, journal });
      before.start();
      await before.caughtUp();
    }
    expect(await countIn(influxd.url)).toBe(8_000);
    // InfluxDB comes back from a backup of the time of the first journal.
    await ask(influxd.url, 'DROP MEASUREMENT siaga_cursor');
    await ask(influxd.url, 'DROP MEASUREMENT river_gauge');
    await write(influxd.url, `siaga_cursor,city=semarang position=9000 ${now() - 120_000}`);
    await using after = await openInfluxHouse(influxd.url, { database, journal });
    await after.copy.catchUp();
    expect(await countIn(influxd.url)).toBe(8_000);
  });

  it('starts while the server is away, says so, and fills it when it comes', async () => {
    await influxd.kill();
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    await journal.append(readingsOf(0, 100), []);
    house.start();
    await expect.poll(() => house.copy.problems.join(), PATIENT).toContain('ECONNREFUSED 127.0.0.1');
    await influxd.start();
    await house.caughtUp();
    await expect.poll(() => house.copy.problems, PATIENT).toEqual([]);
    expect(await countIn(influxd.url)).toBe(100);
  });

  it('writes nothing again after a clean restart of Siaga', async () => {
    await using ground = await openInfluxHouse(influxd.url);
    const { journal, database } = ground;
    await journal.append(readingsOf(0, 9_000), []);
    {
      await using before = await openInfluxHouse(influxd.url, { database, journal });
      before.start();
      await before.caughtUp();
    }
    await using after = await openInfluxHouse(influxd.url, { database, journal });
    await after.copy.catchUp();
    const lines = await after.metrics.getSingleMetric('siaga_influx_lines_total')?.get();
    expect(lines?.values.find(({ labels }) => labels['outcome'] === 'written')).toBeUndefined();
  });

  it('sets the one line aside that the server refuses, and writes the others', async () => {
    // A field that someone wrote as text before: from now on every number in it conflicts, within its shard.
    await ask(influxd.url, 'CREATE DATABASE siaga');
    await write(influxd.url, `river_gauge,device=x rainMm="wet" ${START_MS}`);
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    const readings = readingsOf(0, 3_000);
    readings[1_234] = stageReading('gauge-poison', START_MS, { levelM: 7, rainMm: 1 });
    await journal.append(readings, []);
    house.start();
    await house.caughtUp();
    expect(await countIn(influxd.url)).toBe(2_999);
    const kept = (await readFile(`${house.folder}/influx-set-aside.jsonl`, 'utf8')).trim().split('\n');
    expect(kept).toHaveLength(1);
    expect(JSON.parse(kept[0] as string)).toMatchObject({
      line: expect.stringContaining('gauge-poison'),
      reason: expect.stringContaining('field type conflict'),
    });
  });

  it('leaves out what is older than the retention and goes on', async () => {
    await using house = await openInfluxHouse(influxd.url, { config: { INFLUX_RETENTION_DAYS: 7 } });
    const { journal } = house;
    const nowMs = Date.now();
    await journal.append(
      [
        stageReading('gauge-1', nowMs - 30 * 86_400_000, { levelM: 1 }),
        stageReading('gauge-1', nowMs, { levelM: 2 }),
      ],
      [],
    );
    house.start();
    await house.caughtUp();
    expect(await countIn(influxd.url)).toBe(1);
    const lines = await house.metrics.getSingleMetric('siaga_influx_lines_total')?.get();
    const byOutcome = Object.fromEntries(
      (lines?.values ?? []).map((each) => [each.labels['outcome'], each.value]),
    );
    expect(byOutcome).toMatchObject({ written: 1, expired: 1, 'set-aside': 0 });
  });

  it('keeps the later of two readings of the same instant, though batches travel together', async () => {
    await using house = await openInfluxHouse(influxd.url);
    const { journal } = house;
    // Each reading of the first 2,000 is corrected by one in a later batch.
    const first = readingsOf(0, 6_000);
    const corrections = first.slice(0, 2_000).map((each) => ({ ...each, values: { levelM: 9.5 } }));
    await journal.append([...first, ...corrections], []);
    house.start();
    await house.caughtUp();
    expect(await countIn(influxd.url)).toBe(6_000);
    expect(await ask(influxd.url, 'SELECT count("levelM") FROM river_gauge WHERE "levelM" = 9.5')).toBe(
      2_000,
    );
  });
});
