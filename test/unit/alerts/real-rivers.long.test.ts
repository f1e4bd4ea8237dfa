/**
 * The alarms on real floods: three gauges of the Ciliwung in Jakarta and the Calder at Mytholmroyd.
 *
 * The series are not part of the project; without them these tests say so and skip.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runBacktest } from '../../../backtest/backtest.ts';
import { buildForecastTable } from '../../../backtest/forecast-table.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import { buildReport } from '../../../backtest/report.ts';

import { SEVERITIES } from '../../../devices/site.ts';

import { type LevelPoint, readLevelSeries } from '../../../tables/level-series.ts';
import { readTable } from '../../../tables/table.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? join(import.meta.dirname, '../../../../shared/data');
const JAKARTA = join(DATA_DIR, 'jakarta-water-level-hourly.csv');
const CALDER = join(DATA_DIR, 'calder-mytholmroyd-stage-15min.csv');
const HOUR = 3_600_000;

const GAUGES = [
  { name: 'Katulampa', thresholds: '80,150,200' },
  { name: 'Depok', thresholds: '200,270,350' },
  { name: 'Manggarai', thresholds: '750,850,950' },
] as const;

function readJakarta(name: string): readonly LevelPoint[] {
  const columns = { timeColumn: 'Tanggal', valueColumn: `${name} (air)` };
  const table = readTable(readFileSync(JAKARTA, 'utf8'), Object.values(columns));
  return readLevelSeries(table, { ...columns, unit: 'cm', timeZone: 'Asia/Jakarta' }).points;
}

function judge(name: string, thresholds: string, points: readonly LevelPoint[]) {
  const gauge = parseGauge({ id: name.toLowerCase(), thresholds, unit: 'cm', hysteresisM: 0.1 });
  const run = runBacktest({ gauge, points });
  return { gauge, run, levels: run.alerts.filter((alert) => alert.rule === 'river-level') };
}

const wib = (text: string) => Date.parse(`${text}+07:00`);

if (!existsSync(JAKARTA)) console.warn(`the alarms were not run on Jakarta: ${JAKARTA} is not there`);

describe.skipIf(!existsSync(JAKARTA))('Jakarta, 2021 to 2025', () => {
  test.each(GAUGES)(
    'every episode of $name that lasts two readings gives one alert that got as high',
    ({ name, thresholds }) => {
      const points = readJakarta(name);
      const { gauge, levels } = judge(name, thresholds, points);
      const lowestM = gauge.thresholds[0]?.levelM ?? 0;
      const stood = levels.filter((alert) => alert.state !== 'withdrawn');
      const episodes = collectEpisodes(points, lowestM).filter((episode) => episode.points.length >= 2);
      expect(episodes.length).toBeGreaterThan(40);
      for (const episode of episodes) {
        const from = (episode.points[0] as LevelPoint).atMs;
        const to = (episode.points.at(-1) as LevelPoint).atMs;
        const alerts = stood.filter(
          (alert) => alert.startedAt <= to && (alert.endedAt ?? Number.MAX_VALUE) > from,
        );
        expect(alerts.length, new Date(from).toISOString()).toBe(1);
        const [alert] = alerts;
        // An alert may have begun before: one low reading between two crests ends nothing.
        const during = points.filter(
          ({ atMs }) => atMs >= (alert?.startedAt ?? 0) && atMs < (alert?.endedAt ?? Number.MAX_VALUE),
        );
        const highestM = Math.max(...during.map((point) => point.levelM));
        const reached = gauge.thresholds.filter((each) => highestM >= each.levelM).at(-1);
        expect(alert?.highestSeverity, new Date(from).toISOString()).toBe(reached?.severity);
      }
    },
  );

  test('the dip of 2024-03-15 04:00 at Manggarai clears nothing', () => {
    const { levels } = judge('Manggarai', '750,850,950', readJakarta('Manggarai'));
    const at = wib('2024-03-15T04:00:00');
    const open = levels.filter((alert) => alert.startedAt < at && (alert.endedAt ?? 0) > at + 2 * HOUR);
    expect(open).toHaveLength(1);
  });

  test('no single outlier at Manggarai raises an alert that stands', () => {
    const points = readJakarta('Manggarai');
    const { levels } = judge('Manggarai', '750,850,950', points);
    const outliers = points.filter((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (!before || !after) return false;
      const [up, down] = [point.levelM - before.levelM, point.levelM - after.levelM];
      return up * down > 0 && Math.min(Math.abs(up), Math.abs(down)) >= 0.6;
    });
    expect(outliers.length).toBeGreaterThanOrEqual(28);
    for (const { atMs } of outliers) {
      const raised = levels.filter((alert) => alert.startedAt === atMs);
      for (const alert of raised) expect(alert.state, new Date(atMs).toISOString()).toBe('withdrawn');
    }
  });

  test('typing errors as other feeds of Manggarai have them raise nothing', () => {
    const points = readJakarta('Manggarai');
    const before = judge('Manggarai', '750,850,950', points).run.alerts.length;
    const wrong = points.map((point, index) =>
      index % 997 === 500 ? { ...point, levelM: index % 2 ? 55.7 : 65.55 } : point,
    );
    const { run, levels } = judge('Manggarai', '750,850,950', wrong);
    expect(run.outsideRange.length).toBe(31);
    const times = new Set(run.outsideRange.map((point) => point.atMs));
    expect(levels.filter((alert) => times.has(alert.startedAt))).toEqual([]);
    expect(run.alerts.length).toBeLessThanOrEqual(before);
  });
});

if (!existsSync(CALDER)) console.warn(`the alarms were not run on the Calder: ${CALDER} is not there`);

describe.skipIf(!existsSync(CALDER))('the Calder at Mytholmroyd, 2015 to 2016', () => {
  const columns = { timeColumn: 'Time stamp', valueColumn: 'Value[m]' };
  const text = existsSync(CALDER) ? readFileSync(CALDER, 'utf8') : 'Time stamp,Value[m]\n01/05/2015 00:00,1';
  const series = readLevelSeries(readTable(text, Object.values(columns)), {
    ...columns,
    unit: 'm',
    timeZone: 'UTC',
    dates: 'day-first',
  });
  const gauge = parseGauge({ id: 'mytholmroyd', thresholds: '1.5,2.5,3.5,4.5', unit: 'm', hysteresisM: 0.1 });
  const report = buildReport(gauge, series, runBacktest({ gauge, points: series.points }));

  test('3.5 m is foretold an hour ahead on Boxing Day, with no more false claims than true ones', () => {
    const crossed = Date.UTC(2015, 11, 26, 5, 15);
    const claim = report.claims.find((each) => each.levelM === 3.5 && each.until === crossed);
    expect(claim?.reached).toBe(true);
    expect(crossed - (claim?.since ?? crossed)).toBeGreaterThanOrEqual(HOUR);
    const threshold = report.thresholds.find((each) => each.levelM === 3.5);
    expect(threshold?.claims.missed).toBeLessThanOrEqual(threshold?.claims.reached ?? 0);
    expect(threshold?.claims.unannounced).toBe(0);
  });

  test('forecasts are worth what docs/alerts.md says: all floods, most of them an hour ahead, few false', () => {
    const { methods, reliability } = buildForecastTable(gauge, series.points, report.claims);
    const [ruler, , own] = methods;
    if (!ruler || !own) throw new Error('a method is missing');
    expect(own.foretold / own.floods).toBeGreaterThanOrEqual(0.97);
    expect(own.hourAheadOfThose / own.gaveAnHour).toBeGreaterThanOrEqual(0.5);
    expect(own.hourAhead).toBeGreaterThan(ruler.hourAhead);
    expect(own.falseClaims / own.trueClaims).toBeLessThanOrEqual(0.8);
    // Chances can be believed: within 15 points, where enough were stated to tell.
    const told = reliability.filter(({ stated }) => stated >= 50);
    expect(told.length).toBeGreaterThanOrEqual(5);
    for (const { meanPct, cameTruePct } of told)
      expect(Math.abs(meanPct - cameTruePct)).toBeLessThanOrEqual(15);
  });

  test.each([2, 4])('one reading in %d foretells too: each 30 and each 60 min', (every) => {
    const points = series.points.filter((_, index) => index % every === 0);
    const slow = buildReport(gauge, { ...series, points }, runBacktest({ gauge, points }));
    const [, , own] = buildForecastTable(gauge, points, slow.claims).methods;
    if (!own) throw new Error('the method is missing');
    expect(own.foretold / own.floods).toBeGreaterThanOrEqual(every === 2 ? 0.97 : 0.7);
    expect(own.falseClaims / own.trueClaims).toBeLessThanOrEqual(0.8);
  });

  test('66 crossings of 1.5 m are no more alerts than there were floods', () => {
    const [lowest] = report.thresholds;
    expect(lowest?.crossings).toBe(66);
    expect(lowest?.alerts).toBeLessThanOrEqual(lowest?.episodes ?? 0);
  });

  test('the rise of half a metre in a quarter of an hour is believed at once', () => {
    const at = Date.UTC(2015, 7, 14, 10, 30);
    const alert = report.alerts.find((each) => each.rule === 'river-level' && each.startedAt === at);
    expect(alert?.log[0]?.change).toBe('opened');
    expect(SEVERITIES.indexOf(alert?.highestSeverity ?? 'minor')).toBe(1);
  });
});

function collectEpisodes(points: readonly LevelPoint[], levelM: number): { points: LevelPoint[] }[] {
  const episodes: { points: LevelPoint[] }[] = [];
  let current: { points: LevelPoint[] } | undefined;
  for (const point of points) {
    if (point.levelM < levelM) current = undefined;
    else if (current) current.points.push(point);
    else {
      current = { points: [point] };
      episodes.push(current);
    }
  }
  return episodes;
}
