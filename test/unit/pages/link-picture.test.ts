/** The picture of a river's link: what stands where, by the colours of its pixels. */
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { drawLinkPicture } from '../../../pages/link-picture.ts';
import type { GaugeNow } from '../../../pages/public-city.ts';
import { measureText, writeText } from '../../../pages/stroke-font.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 2, 30);
const HALF_HOUR_MS = 30 * 60_000;
const label = { id: 'x', en: 'x' };
const steps = (['minor', 'severe'] as const).map((severity, index) => ({
  ...{ severity, label, levelM: 2 + index, comparator: '>=' as const },
}));
const site = { thresholds: steps, normalLevelM: 1 };
const gaugeOf = (more: Partial<GaugeNow>) => ({ site, levelM: undefined, ...more }) as GaugeNow;
/** Two days of one level, without the half hours that `isHole` names. */
const points = (levelM: number, isHole: (index: number) => boolean = () => false) =>
  Array.from({ length: 96 }, (_, index) => ({ atMs: NOW_MS - (95 - index) * HALF_HOUR_MS, levelM })).filter(
    (_, index) => !isHole(index),
  );

/** The ground of a pixel: its place in the palette without the ink's coverage. */
async function draw(gauge: GaugeNow, of: ReturnType<typeof points>) {
  const png = await drawLinkPicture(gauge, of, NOW_MS);
  const at = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const pixel = (x: number, y: number) => rows[y * 1_201 + 1 + x] as number;
  const column = (x: number, fromY: number) =>
    Array.from({ length: 630 - fromY }, (_, y) => pixel(x, fromY + y));
  return {
    head: pixel(5, 5) >> 4,
    inkOf: (x: number) => column(x, 220).some((each) => (each & 15) === 15),
    isHatched: (x: number) => column(x, 220).some((each) => each >> 4 === 2),
    groundsOf: (x: number) => new Set(column(x, 220).map((each) => each >> 4)),
  };
}

test('a calm river and a flood differ in the colour of the head, and both have a line', async () => {
  const calm = await draw(gaugeOf({ levelM: 1, trend: 'steady' }), points(1));
  const flood = await draw(gaugeOf({ levelM: 3.2, step: steps[1], trend: 'steep-rise' }), points(3.2));
  expect([calm.head, flood.head]).toEqual([3, 6]);
  for (const picture of [calm, flood]) {
    expect(picture.inkOf(500)).toBe(true);
    expect(picture.isHatched(500)).toBe(false);
    // Below all steps, and a band and a rule for each step.
    expect(picture.groundsOf(3)).toEqual(new Set([8, 9, 11, 4, 6]));
  }
});

test('a time without readings is hatched and has no line; silence until now as well', async () => {
  const picture = await draw(
    gaugeOf({}),
    points(1, (index) => (index > 20 && index < 50) || index > 80),
  );
  const x = (index: number) => 30 + Math.round((index / 95) * 1_020);
  expect(picture.head).toBe(1);
  expect([10, 35, 65, 92].map((index) => picture.isHatched(x(index)))).toEqual([false, true, false, true]);
  expect([10, 35, 65, 92].map((index) => picture.inkOf(x(index)))).toEqual([true, false, true, false]);
});

test('a gauge without any reading is hatched from end to end', async () => {
  const picture = await draw(gaugeOf({}), []);
  expect([10, 500, 1_000].map((x) => picture.isHatched(x))).toEqual([true, true, true]);
  expect(picture.inkOf(500)).toBe(false);
});

test('a text stays in its box, and is as wide as it says', () => {
  const segments = writeText('0123456789 m', [100, 50], 40);
  const xs = segments.flatMap(({ from, to }) => [from[0], to[0]]);
  expect(Math.min(...xs)).toBeGreaterThanOrEqual(100);
  expect(Math.max(...xs)).toBeLessThanOrEqual(100 + measureText('0123456789 m', 40));
  for (const { from, to } of segments)
    for (const [, y] of [from, to]) expect(y >= 50 && y <= 50 + 1.2 * 40).toBe(true);
});
