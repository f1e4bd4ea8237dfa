/**
 * A real InfluxDB and the embedded history are twins, value by value, after whatever befalls the copy while readings
 * come, late ones and corrections among them: kills of either side, wipes, deletions, foreign writers. So are the hours
 * that are made of it.
 *
 * SIAGA_TEST_ROUNDS sets how many faults there are, SIAGA_TEST_SEED repeats those of a run.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../devices/reading.ts';
import { askValues, compareValues } from '../support/compare-copies.ts';
import { type InfluxHouse, openInfluxHouse, outcomesOf, stageReading } from '../support/influx-house.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';

const ROUNDS = Number(process.env['SIAGA_TEST_ROUNDS'] ?? 6);
const SEED = Number(process.env['SIAGA_TEST_SEED'] ?? Date.now() % 1_000_000);
const PATIENT = { timeout: 120_000, interval: 200 };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A round takes five hours of readings: room for ninety before today, within the days that are compared. */
const START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS;

/** Numbers in [0, 1) that a seed repeats. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.skipIf(influxdMissing())('a real InfluxDB and history', () => {
  let influxd: Influxd;
  let house: InfluxHouse;
  let copy: InfluxHouse['copy'];
  let successors: InfluxHouse[] = [];
  const clock = { aheadMs: 0 };
  const random = randomOf(SEED);
  const now = () => Date.now() + clock.aheadMs;
  beforeEach(async () => {
    influxd = await startInfluxd();
    house = await openInfluxHouse(influxd.url, { now, hoursPollMs: 200 });
    copy = house.copy;
    copy.start();
  }, 60_000);
  afterEach(async () => {
    for (const each of successors) await each[Symbol.asyncDispose]();
    successors = [];
    await house[Symbol.asyncDispose]();
    await influxd[Symbol.asyncDispose]();
  });

  let step = 0;
  /** Of two minutes each: gauges and access points by turns, some of an earlier hour, some again with other values. */
  const someReadings = (count: number): Reading[] =>
    Array.from({ length: count }, () => {
      step++;
      const backMin = random() < 0.1 ? Math.floor(random() * 600) : 0;
      const atMs = START_MS + Math.max(0, Math.floor(step / 4) - backMin) * MINUTE_MS;
      const stage = stageReading(`gauge-${step % 8}`, atMs, { levelM: random() * 5, rainMm: 0.2 }, step % 3);
      return step % 2 === 0
        ? stage
        : { ...stage, kind: 'wifi-access-point', device: `ap-${step % 6}`, values: { clients: step % 40 } };
    });
  const append = () => house.journal.append(someReadings(400), []);
  const write = (body: string) =>
    fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body });

  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    async 'InfluxDB is killed'() {
      await influxd.kill();
      await append();
      await influxd.start();
    },
    async 'InfluxDB is wiped'() {
      await influxd.kill();
      await influxd.wipe();
      await append();
      await influxd.start();
    },
    async 'the database is dropped'() {
      await askValues(influxd.url, 'DROP DATABASE "siaga"');
      await append();
      await copy.checkMark();
    },
    async 'Siaga begins anew'() {
      await copy[Symbol.asyncDispose]();
      await append();
      const { journal, database, history } = house;
      const countDays = (question: Parameters<NonNullable<typeof history>['countDays']>[0]) =>
        (history as NonNullable<typeof history>).countDays(question);
      const next = await openInfluxHouse(influxd.url, {
        now,
        hoursPollMs: 200,
        journal,
        database,
        countDays,
      });
      successors.push(next);
      copy = next.copy;
      copy.start();
    },
    async 'points are deleted'() {
      await expect.poll(() => copy.waitingEntries, PATIENT).toBe(0);
      // A comparison that runs may have counted already, and an order for another is then the same one.
      await outcomesOf(house.database);
      const untilMs = START_MS + Math.floor((random() * step) / 4) * MINUTE_MS;
      await askValues(influxd.url, `DELETE FROM river_gauge WHERE time < ${untilMs}ms`);
      await copy.compare();
      await outcomesOf(house.database);
    },
    async 'hours are deleted'() {
      await askValues(influxd.url, 'DROP MEASUREMENT "wifi_access_point_1h"').catch(() => undefined);
      await copy.compare();
    },
    async 'a stranger writes another type'() {
      await influxd.kill();
      await influxd.wipe();
      await influxd.start();
      await askValues(influxd.url, 'CREATE DATABASE "siaga"');
      expect((await write(`river_gauge,city=other,device=x levelM=1i ${START_MS}`)).status).toBe(204);
      await append();
      await expect.poll(() => copy.problems.join(), PATIENT).toMatch(/field type conflict/);
      await askValues(influxd.url, 'DROP MEASUREMENT river_gauge');
    },
  };

  const twins = async () => {
    const { influx, own } = await compareValues(house, influxd.url);
    const missing = own.length - influx.length;
    return missing === 0 && influx.every((value, at) => value === own[at]) ? 'equal' : `${missing} missing`;
  };
  /** By device and hour, what the readings give and what the hours say. */
  const hours = async (measurement: string, field: string) => {
    const tail = `WHERE time >= ${START_MS}ms AND time < ${START_MS + 20 * DAY_MS}ms GROUP BY time(1h), "device" fill(none)`;
    const raw = `SELECT max("${field}"), count("sound") FROM "${measurement}"`;
    const hourly = `SELECT max("${field}"), sum("samples") FROM "${measurement}_1h"`;
    return {
      readings: await askValues(influxd.url, `${raw} ${tail.replace('WHERE', 'WHERE "sound" = 1 AND')}`),
      hours: await askValues(influxd.url, `${hourly} ${tail}`),
    };
  };

  it(
    `are twins after ${ROUNDS} faults (seed ${SEED})`,
    async () => {
      const names = Object.keys(faults);
      for (let round = 0; round < ROUNDS; round++) {
        const name = names[Math.floor(random() * names.length)] as string;
        await append();
        await faults[name]?.();
        await append();
        await expect.poll(() => copy.waitingEntries, PATIENT).toBe(0);
        await expect.poll(twins, { ...PATIENT, message: `round ${round}: ${name}` }).toBe('equal');
      }
      clock.aheadMs += 10 * MINUTE_MS;
      for (const [measurement, field] of [
        ['river_gauge', 'levelM'],
        ['wifi_access_point', 'clients'],
      ] as const) {
        const areEqual = async () => {
          const { readings, hours: found } = await hours(measurement, field);
          return readings.length > 0 && JSON.stringify(readings) === JSON.stringify(found);
        };
        await expect.poll(areEqual, { ...PATIENT, message: `hours of ${measurement}` }).toBe(true);
      }
      await expect.poll(() => copy.problems, PATIENT).toEqual([]);
    },
    ROUNDS * 120_000 + 240_000,
  );
});
