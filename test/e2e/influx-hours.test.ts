/**
 * The hourly measurements in a real InfluxDB: the same figures as the readings give, and right again after whatever
 * happens to them: late readings, a restart, a wipe, a deletion.
 */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCity } from '../../cities/city.ts';
import { allDashboards } from '../../dashboards/grafana/catalogue.ts';
import type { Reading, Values } from '../../devices/reading.ts';
import { createFleet } from '../../fleet/fleet.ts';
import { openRegistry } from '../../fleet/registry.ts';
import type { InfluxCopy, InfluxCopyOptions } from '../../influx/open-influx-copy.ts';
import type { Journal } from '../../journal/journal.ts';
import { ask, queriesOf, type Situation } from '../support/grafana-variables.ts';
import { type InfluxHouse, openInfluxHouse } from '../support/influx-house.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';
import { createMemoryJournal } from '../support/memory-journal.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const FROM_MS = Date.UTC(2026, 0, 12);
const TO_MS = FROM_MS + 3 * DAY_MS;
const EVERY_MS = 10 * MINUTE_MS;
const city = loadCity('semarang');
const firstOf = (kind: string, count: number) =>
  city.devices.filter((each) => each.kind === kind).slice(0, count);
const GAUGES = firstOf('river-gauge', 2);
const ACCESS_POINTS = firstOf('wifi-access-point', 3);
const UNITS = firstOf('ambulance', 1);
const WORDS = ['available', 'en-route', 'on-scene', 'off-duty'];

const reading = (kind: string, device: string, atMs: number, values: Values, quality = 0): Reading => ({
  ...{ city: city.id, kind, device, measuredAt: atMs, receivedAt: atMs + 100, simulated: false },
  ...{ quality, values },
});

/** Three days, a report every ten minutes; every fiftieth is not sound, and far too high. */
function threeDays(): Reading[] {
  return Array.from({ length: (TO_MS - FROM_MS) / EVERY_MS }, (_, step) => {
    const atMs = FROM_MS + step * EVERY_MS;
    const quality = step % 50 === 7 ? 8 : 0;
    const excess = quality === 0 ? 0 : 50;
    return [
      ...GAUGES.map(({ id }, index) =>
        reading(
          'river-gauge',
          id,
          atMs,
          { levelM: ((step * 7 + index) % 90) / 10 + excess, rainMm: step % 3 },
          quality,
        ),
      ),
      ...ACCESS_POINTS.map(({ id }, index) =>
        reading('wifi-access-point', id, atMs, {
          clients: (step * 11 + index) % 40,
          txBytes: (step % 100) * 1000,
        }),
      ),
      // What it took today: it begins again each day, a while after midnight.
      reading('market-terminal', 'terminal', atMs, { amountTotalIdr: ((step + 140) % 144) * 500 }),
      ...UNITS.map(({ id }) =>
        reading('ambulance', id, atMs, {
          lat: -7,
          lng: 110,
          status: WORDS[Math.floor(step / 4) % 4] as string,
        }),
      ),
    ];
  }).flat();
}

describe.skipIf(influxdMissing())('the hourly measurements', () => {
  let influxd: Influxd;
  let journal: Journal;
  let house: InfluxHouse;
  let nowMs: number;
  const openHouse = (more: Partial<Omit<InfluxCopyOptions, 'config'>> = {}) =>
    openInfluxHouse(influxd.url, { journal, now: () => nowMs, metrics: new Registry(), ...more });
  beforeEach(async () => {
    influxd = await startInfluxd();
    journal = createMemoryJournal();
    nowMs = TO_MS + 2 * HOUR_MS;
    house = await openHouse();
  }, 60_000);
  afterEach(async () => {
    await house[Symbol.asyncDispose]();
    await influxd[Symbol.asyncDispose]();
  });

  const copyAll = async (copy: InfluxCopy) => {
    await copy.catchUp();
    nowMs += 2 * MINUTE_MS;
    await copy.writeHours();
  };
  const highest = async (hourMs: number) => {
    const statement = `SELECT "levelM", "samples" FROM "river_gauge_1h" WHERE time = ${hourMs}ms AND "device" = 'g'`;
    return (await ask(influxd.url, statement))[0]?.values[0]?.slice(1);
  };
  const append = (...levels: readonly (readonly [atMs: number, levelM: number])[]) =>
    journal.append(
      levels.map(([atMs, levelM]) => reading('river-gauge', 'g', atMs, { levelM })),
      [],
    );

  /** What a panel's query gives, in either grain: by series and time. */
  const figures = async (uid: string, panel: RegExp, grain: '0' | '1', interval = '1d') => {
    const dashboard = allDashboards().find((each) => each.uid === uid) as Dashboard;
    const values = new Map<string, string | string[]>([
      ['city', city.id],
      ['grain', grain],
      ...['device', 'river', 'place', 'vehicle', 'kind'].map((name) => [name, '.*'] as [string, string]),
      ['above', 'none'],
      ['lag', '30m'],
    ]);
    const situation: Situation = { fromMs: FROM_MS, toMs: TO_MS - 1, interval, everyPanel: true, values };
    const rows = [];
    for (const { where, query } of queriesOf(dashboard, situation)) {
      if (!panel.test(where)) continue;
      for (const { tags, columns, values: found } of await ask(influxd.url, query)) {
        for (const row of found) {
          for (const [at, value] of row.entries()) {
            if (columns[at] === 'time' || value === null || value === tags?.['device']) continue;
            const shown = typeof value === 'number' ? Number(value.toPrecision(12)) : value;
            rows.push(`${JSON.stringify(tags)} ${row[0]} ${columns[at]}=${shown}`);
          }
        }
      }
    }
    return rows.sort();
  };

  it('give the figures of the readings: maxima, sums, states, counts, growth, availability, coverage', async () => {
    const registry = await openRegistry(city, house.database);
    const fleet = createFleet(registry);
    const readings = threeDays();
    await journal.append(readings, []);
    const byTime = Map.groupBy(readings, ({ measuredAt }) => measuredAt);
    await house.copy.catchUp();
    for (const [atMs, found] of byTime) {
      nowMs = atMs;
      // The last one is away for the whole of the second day.
      const isAway = ({ device }: Reading) =>
        device === ACCESS_POINTS.at(-1)?.id && Math.floor((atMs - FROM_MS) / DAY_MS) === 1;
      for (const each of found) if (!isAway(each)) fleet.observe(each);
      await house.copy.sampleLiveness(fleet);
    }
    nowMs = TO_MS + 2 * HOUR_MS;
    await house.copy.writeHours();
    const same = [
      ['siaga-rivers', /· (Stage|Rain) ·/],
      ['siaga-public-wifi', /· (Availability|Coverage|Worst ten|Availability and coverage|Loss by uplink) ·/],
      ['siaga-ambulances', /· Utilisation ·/],
      ['siaga-ambulances', /· What each unit does ·/],
      ['siaga-every-kind', /· (levelM|rainMm|clients|status|amount) ·/],
    ] as const;
    for (const [uid, panel] of same) {
      const rows = await figures(uid, panel, '0');
      expect(rows.length, String(panel)).toBeGreaterThan(0);
      expect(await figures(uid, panel, '1'), String(panel)).toEqual(rows);
    }
  }, 120_000);

  it('take an hour again for a reading that comes late, also one that corrects another', async () => {
    await append([FROM_MS, 1], [FROM_MS + MINUTE_MS, 2]);
    await copyAll(house.copy);
    expect(await highest(FROM_MS)).toEqual([2, 2]);
    await append([FROM_MS + 2 * MINUTE_MS, 5]);
    await copyAll(house.copy);
    expect(await highest(FROM_MS)).toEqual([5, 3]);
    await append([FROM_MS + 2 * MINUTE_MS, 4]);
    await copyAll(house.copy);
    expect(await highest(FROM_MS)).toEqual([4, 3]);
  }, 60_000);

  it('show the hour that runs, and then all of it', async () => {
    nowMs = FROM_MS + 5 * MINUTE_MS;
    await append([FROM_MS + MINUTE_MS, 1]);
    await house.copy.catchUp();
    nowMs = FROM_MS + 20 * MINUTE_MS;
    await house.copy.writeHours();
    expect(await highest(FROM_MS)).toEqual([1, 1]);
    await append([FROM_MS + 50 * MINUTE_MS, 3]);
    await house.copy.catchUp();
    nowMs = FROM_MS + HOUR_MS + 2 * MINUTE_MS;
    await house.copy.writeHours();
    expect(await highest(FROM_MS)).toEqual([3, 2]);
  }, 60_000);

  it('are written of what stood there before, and of what came before a restart that forgot it', async () => {
    await append([FROM_MS - 300 * DAY_MS, 1], [FROM_MS, 2]);
    await house.copy.catchUp();
    const restarted = await openHouse({ database: house.database });
    await copyAll(restarted.copy);
    expect(await highest(FROM_MS - 300 * DAY_MS)).toEqual([1, 1]);
    expect(await highest(FROM_MS)).toEqual([2, 1]);
    await append([FROM_MS + MINUTE_MS, 3]);
    await restarted.copy.catchUp();
    await restarted[Symbol.asyncDispose]();
    const again = await openHouse({ database: house.database });
    await copyAll(again.copy);
    expect(await highest(FROM_MS)).toEqual([3, 2]);
    // A correction is as many readings as before.
    await append([FROM_MS + MINUTE_MS, 7]);
    await again.copy.catchUp();
    await again[Symbol.asyncDispose]();
    const last = await openHouse({ database: house.database });
    await copyAll(last.copy);
    await last[Symbol.asyncDispose]();
    expect(await highest(FROM_MS)).toEqual([7, 2]);
  }, 60_000);

  it('come back to a server that was wiped, and after somebody removed them', async () => {
    await append([FROM_MS, 1], [FROM_MS + HOUR_MS, 2]);
    await copyAll(house.copy);
    await ask(influxd.url, 'DROP MEASUREMENT "river_gauge_1h"');
    await house.copy.compare();
    await copyAll(house.copy);
    expect(await highest(FROM_MS)).toEqual([1, 1]);
    await ask(influxd.url, 'DROP DATABASE "siaga"');
    await house.copy.checkMark();
    await copyAll(house.copy);
    expect(await highest(FROM_MS)).toEqual([1, 1]);
    expect(await highest(FROM_MS + HOUR_MS)).toEqual([2, 1]);
  }, 60_000);

  it('are written beside what is new, and go on by themselves after an outage', async () => {
    const patient = { timeout: 90_000 };
    await append([FROM_MS, 1]);
    house.start();
    await house.caughtUp();
    nowMs += 2 * MINUTE_MS;
    await expect.poll(() => highest(FROM_MS), patient).toEqual([1, 1]);
    await influxd.kill();
    await append([FROM_MS, 2], [FROM_MS + HOUR_MS, 3]);
    await expect.poll(() => house.copy.problems.length, patient).toBeGreaterThan(0);
    await influxd.start();
    await house.caughtUp();
    nowMs += 2 * MINUTE_MS;
    await expect.poll(() => highest(FROM_MS), patient).toEqual([2, 1]);
    await expect.poll(() => highest(FROM_MS + HOUR_MS), patient).toEqual([3, 1]);
    await expect.poll(() => house.copy.problems, patient).toEqual([]);
  }, 240_000);

  it('are read from two days on, once they are complete', async () => {
    const registry = await openRegistry(city, house.database);
    const fleet = createFleet(registry);
    const grainOf = async (rangeMs: number) => {
      const where = `"city" = '${city.id}' AND "minRangeMs" <= (${FROM_MS + rangeMs} - ${FROM_MS})`;
      const found = await ask(influxd.url, `SELECT last("grain") FROM "siaga_grain" WHERE ${where}`);
      return found[0]?.values[0]?.[1];
    };
    await house.copy.catchUp();
    await house.copy.sampleLiveness(fleet);
    expect([await grainOf(HOUR_MS), await grainOf(7 * DAY_MS)]).toEqual(['0', '0']);
    await house.copy.writeHours();
    await house.copy.sampleLiveness(fleet);
    expect([await grainOf(HOUR_MS), await grainOf(7 * DAY_MS)]).toEqual(['0', '1']);
  }, 60_000);
});
