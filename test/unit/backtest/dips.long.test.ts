/** Dips put into floods: what docs/alerts.md says of false all-clears on real rivers holds. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DipReport, measureDips } from '../../../backtest/dips.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import { readLevelSeries } from '../../../tables/level-series.ts';
import { readTable } from '../../../tables/table.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? join(import.meta.dirname, '../../../../shared/data');
const CALDER = join(DATA_DIR, 'calder-mytholmroyd-stage-15min.csv');
const JAKARTA = join(DATA_DIR, 'jakarta-water-level-hourly.csv');

function countOf({ results }: DipReport, kinds?: readonly string[]) {
  const own = results.filter(({ kind }) => !kinds || kinds.includes(kind));
  const dips = own.reduce((sum, each) => sum + each.dips, 0);
  return { dips, falseClears: own.reduce((sum, each) => sum + each.falseClears.length, 0) };
}

/** A sensor that dies shows itself by its levels; one that reads too low by as much as the river falls does not. */
const DEAD = ['to zero', 'negative', 'to the ordinary level', 'random levels', 'alternating', 'in two steps'];

if (!existsSync(CALDER)) console.warn(`dips were not put into the Calder: ${CALDER} is not there`);

test.skipIf(!existsSync(CALDER))(
  'on the Calder no dip of any kind clears a flood, and ends are as prompt as they were',
  () => {
    const columns = { timeColumn: 'Time stamp', valueColumn: 'Value[m]' };
    const table = readTable(readFileSync(CALDER, 'utf8'), Object.values(columns));
    const { points } = readLevelSeries(table, { ...columns, unit: 'm', timeZone: 'UTC', dates: 'day-first' });
    const gauge = parseGauge({ id: 'calder', thresholds: '1.5,2.5,3.5,4.5', unit: 'm', hysteresisM: 0.1 });
    const report = measureDips(gauge, points);
    expect(countOf(report).falseClears).toBe(0);
    expect(report.clearDelaysMin.at(-1)).toBe(45);
  },
);

if (!existsSync(JAKARTA)) console.warn(`dips were not put into Jakarta's rivers: ${JAKARTA} is not there`);

describe.skipIf(!existsSync(JAKARTA))('Jakarta, each hour', () => {
  test.each([
    ['Depok', '200,270,350'],
    ['Manggarai', '750,850,950'],
  ])(
    'at %s no dead sensor clears a flood, and nine of ten ends come within six hours',
    (name, thresholds) => {
      const columns = { timeColumn: 'Tanggal', valueColumn: `${name} (air)` };
      const table = readTable(readFileSync(JAKARTA, 'utf8'), Object.values(columns));
      const { points } = readLevelSeries(table, { ...columns, unit: 'cm', timeZone: 'Asia/Jakarta' });
      const report = measureDips(parseGauge({ id: name, thresholds, unit: 'cm', hysteresisM: 0.1 }), points);
      expect(countOf(report, DEAD).falseClears).toBe(0);
      expect(countOf(report).falseClears / countOf(report).dips).toBeLessThan(0.01);
      expect(report.clearDelaysMin[Math.floor(0.9 * report.clearDelaysMin.length)]).toBeLessThanOrEqual(360);
    },
  );
});
