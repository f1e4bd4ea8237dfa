/** Banjarmasin: everything on the tide, the levels of its floods on record, and an honest disclaimer. */
import { expect, test } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';

const city = loadCity('banjarmasin');
const gauges = city.devices.filter(isRiverGauge);

test('its rivers and canals follow the tide, and each has a gauge', () => {
  expect(city.rivers.every(({ tidal }) => tidal) && gauges.every(({ tidal }) => tidal)).toBe(true);
  expect(city.rivers.filter(({ id }) => id.startsWith('kanal-'))).toHaveLength(2);
  expect(new Set(gauges.map(({ river }) => river))).toEqual(new Set(city.rivers.map(({ id }) => id)));
});

test('floods begin at 2.5 m, and 3.0 m stands knee-deep in the streets', () => {
  for (const { id, thresholds } of gauges) {
    expect(
      thresholds.map(({ severity, levelM }) => [severity, levelM]),
      id,
    ).toEqual([
      ['moderate', 2.5],
      ['severe', 3],
    ]);
  }
});

test('says that its positions are approximate, in both languages', () => {
  expect(city.disclaimer.id).toMatch(/perkiraan/i);
  expect(city.disclaimer.en).toMatch(/approximate/);
});
