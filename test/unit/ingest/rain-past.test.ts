import { expect, test } from 'vitest';
import { mostRainMm } from '../../../devices/rain-rate.ts';
import { QualityFlag, type Reading, type Values } from '../../../devices/reading.ts';
import { assessRain, createRainPast } from '../../../ingest/rain-past.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 15, 2, 30);

function flagsOf(...reports: readonly (readonly [minute: number, values: Values])[]): boolean[] {
  const past = createRainPast();
  return reports.map(([minute, values]) => {
    const measuredAt = START + minute * MINUTE;
    const reading: Reading = {
      ...{ city: 'semarang', kind: 'river-gauge', device: 'hulu', measuredAt, receivedAt: measuredAt },
      ...{ simulated: false, quality: 0, values },
    };
    return assessRain(past, reading) === QualityFlag.rainDoubted;
  });
}

test('the records of the world are what can fall: 53 mm in a minute, 116 in five, 389 in an hour', () => {
  expect([1, 5, 60].map((minutes) => Math.round(mostRainMm(minutes * MINUTE)))).toEqual([53, 116, 389]);
});

test('300 mm since a report of five minutes ago are doubted, of an hour ago they are not', () => {
  expect(flagsOf([0, { rainMm: 0 }], [5, { rainMm: 300 }])).toEqual([false, true]);
  expect(flagsOf([0, { rainMm: 0 }], [60, { rainMm: 300 }])).toEqual([false, false]);
  expect(flagsOf([0, { rainMm: 30 }], [5, { rainMm: 20 }])).toEqual([false, false]);
});

test('a counter that was set is doubted once, and counts on from there', () => {
  const totals = [12, 12.2, 8042, 8042.2, 3, 3.2].map(
    (rainTotalMm, index) => [index * 5, { rainTotalMm }] as const,
  );
  expect(flagsOf(...totals)).toEqual([false, false, true, false, false, false]);
});

test('a counter that began anew at a large number is doubted, and its first total never is', () => {
  expect(flagsOf([0, { rainTotalMm: 9_000 }], [5, { rainTotalMm: 8_000 }])).toEqual([false, true]);
});

test('readings without rain say nothing of it', () => {
  expect(flagsOf([0, { levelM: 1 }], [5, { levelM: 1 }])).toEqual([false, false]);
});
