import { expect, test } from 'vitest';
import { isNoiseKnown, learnNoise, NOISE_START, noiseOf } from '../../../alerts/levels/noise.ts';

/** Levels of the same noise each time: three sums of sines that fit no period, close to a normal distribution. */
function scatter(index: number): number {
  const part = (seed: number) => {
    const x = Math.sin((index + 1) * seed) * 43758.5453;
    return x - Math.floor(x) - 0.5;
  };
  // Each part has the variance 1/12; twelve of them have 1.
  return [
    12.9898, 78.233, 37.719, 93.989, 11.131, 57.293, 29.531, 63.727, 17.117, 41.941, 83.557, 5.398,
  ].reduce((sum, seed) => sum + part(seed), 0);
}

function noiseAfter(levels: readonly number[]): number {
  const noise = { ...NOISE_START };
  for (const levelM of levels) learnNoise(noise, levelM);
  return noiseOf(noise);
}

const series = (count: number, levelAt: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => levelAt(index));

test.each([0.02, 0.03, 0.08])('a scatter of %f m is found, to a third of it', (spreadM) => {
  const found = noiseAfter(series(400, (index) => 1 + spreadM * scatter(index)));
  expect(found).toBeGreaterThan(spreadM * (2 / 3));
  expect(found).toBeLessThan(spreadM * (4 / 3));
});

test('it is found on a tide and on a rising river as well', () => {
  const tide = series(400, (index) => 0.5 * Math.sin(index / 12) + 0.03 * scatter(index));
  const rise = series(400, (index) => index / 100 + 0.03 * scatter(index));
  for (const found of [noiseAfter(tide), noiseAfter(rise)]) {
    expect(found).toBeGreaterThan(0.02);
    expect(found).toBeLessThan(0.04);
  }
});

test.each<[string, (index: number) => number]>([
  ['a level that stands', () => 1],
  ['a tide', (index) => 0.5 * Math.sin(index / 12)],
  ['a flood', (index) => 1 + 2 * Math.exp(-(((index - 200) / 30) ** 2))],
  ['half a centimetre of scatter', (index) => 1 + 0.005 * scatter(index)],
  ['a spike in each ten readings', (index) => (index % 10 === 0 ? 3 : 1)],
  ['levels that are read to ten centimetres', (index) => 1 + (index % 7 > 3 ? 0.1 : 0)],
  ['steps that go on', (index) => Math.floor(index / 20) * 0.3],
])('%s is no noise', (_, levelAt) => {
  expect(noiseAfter(series(400, levelAt))).toBe(0);
});

test('of a gauge of a few readings nothing is known', () => {
  const noise = { ...NOISE_START };
  for (const levelM of [1, 1.06, 0.97, 1.04]) learnNoise(noise, levelM);
  expect(isNoiseKnown(noise)).toBe(false);
  expect(noiseOf(noise)).toBe(0);
});
