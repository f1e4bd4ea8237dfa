/** The three gauges on the Ciliwung, whose real levels the back-tests read. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../../shared/data`;
const GAUGES_CSV = `${DATA_DIR}/jakarta-gauges.csv`;

const gauges = new Map(
  loadCity('jakarta')
    .devices.filter(isRiverGauge)
    .map((each) => [each.id, each]),
);

describe('Jakarta', () => {
  test('has Katulampa, Depok and Manggarai, from the hills to the city', () => {
    expect([...gauges.keys()]).toEqual(['katulampa', 'depok', 'manggarai']);
    expect(gauges.get('depok')?.upstream.map((each) => each.gauge)).toEqual(['katulampa']);
    expect(gauges.get('manggarai')?.upstream).toContainEqual({ gauge: 'katulampa', lagMin: 11 * 60 });
  });

  test('counts its levels downwards: Siaga 1 is the highest', () => {
    for (const { id, thresholds } of gauges.values()) {
      expect(
        thresholds.map((each) => [each.severity, each.label.id]),
        id,
      ).toEqual([
        ['moderate', 'Siaga 3'],
        ['severe', 'Siaga 2'],
        ['extreme', 'Siaga 1'],
      ]);
    }
  });

  test.each([
    ['a typing error of 55.70 m', 55.7],
    ['a typing error of 65.55 m', 65.55],
    ['a single drop to 0.70 m', 0.7],
  ])('Manggarai cannot have seen %s', (_, levelM) => {
    const [lowest, highest] = gauges.get('manggarai')?.sensorRangeM ?? [0, 0];
    expect(levelM < lowest || levelM > highest).toBe(true);
  });

  test.skipIf(!existsSync(GAUGES_CSV))(
    `stands where the published list puts it, with its thresholds (skipped without ${GAUGES_CSV})`,
    () => {
      const [, ...rows] = readFileSync(GAUGES_CSV, 'utf8').trim().split(/\r?\n/);
      expect(rows).toHaveLength(3);
      for (const row of rows) {
        const [name = '', ...numbers] = row.split(',');
        const [lat, lng, siaga3Cm = 0, siaga2Cm = 0, siaga1Cm = 0] = numbers.map(Number);
        const gauge = gauges.get(name.trim().toLowerCase());
        expect(gauge, name).toMatchObject({ lat, lng });
        expect(gauge?.thresholds.map((each) => each.levelM)).toEqual([
          siaga3Cm / 100,
          siaga2Cm / 100,
          siaga1Cm / 100,
        ]);
      }
    },
  );
});
