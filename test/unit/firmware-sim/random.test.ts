import { describe, expect, it } from 'vitest';
import { createRandom, exponential, normal } from '../../../firmware-sim/random.ts';

function draw(seed: number, name: string, count = 5): number[] {
  const random = createRandom(seed, name);
  return Array.from({ length: count }, random);
}

describe('seeded chance', () => {
  it('draws the same numbers for the same seed and name', () => {
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
  });

  it('draws others for another seed and for another name', () => {
    expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  });

  it('is even over [0, 1)', () => {
    const drawn = draw(3, 'even', 20_000);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = drawn.filter((each) => Math.floor(each * 10) === tenth).length / drawn.length;
      // Four standard deviations of a tenth over 20,000 draws.
      expect(Math.abs(share - 0.1)).toBeLessThan(0.0085);
    }
  });

  it('has the mean and deviation that are asked for', () => {
    const random = createRandom(4, 'moments');
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const normals = Array.from({ length: 20_000 }, () => normal(random));
    expect(Math.abs(mean(normals))).toBeLessThan(0.03);
    expect(mean(normals.map((each) => each ** 2))).toBeCloseTo(1, 1);
    expect(mean(Array.from({ length: 20_000 }, () => exponential(random, 90))) / 90).toBeCloseTo(1, 1);
  });
});
