import { describe, expect, test } from 'vitest';
import { createGlides, type Glides } from '../../../../dashboards/situation-room/state/map/glides.ts';

function house({ isStill = false } = {}): { glides: Glides; clock: { ms: number } } {
  const clock = { ms: 0 };
  return {
    clock,
    glides: createGlides(
      () => clock.ms,
      () => isStill,
    ),
  };
}
const fix = (lng: number, lat: number, measuredAt: number) => ({ lng, lat, measuredAt });

describe('a unit on the map', () => {
  test('stands at its first fix', () => {
    const { glides } = house();
    glides.set('m1', fix(110.4, -7, 1_000));
    expect(glides.at('m1')).toEqual([110.4, -7]);
    expect(glides.isMoving()).toBe(false);
    expect(glides.at('m2')).toBeUndefined();
  });

  test('is on the line to its next fix at every moment, and never beyond it', () => {
    const { clock, glides } = house();
    glides.set('m1', fix(110.4, -7, 1_000));
    glides.set('m1', fix(110.41, -7.01, 2_000));
    expect(glides.isMoving()).toBe(true);
    let before = 110.4;
    for (clock.ms = 0; clock.ms <= 5_000; clock.ms += 50) {
      const [lng, lat] = glides.at('m1') as [number, number];
      expect(lng).toBeGreaterThanOrEqual(before);
      expect(lng).toBeLessThanOrEqual(110.41);
      expect(lat + 7).toBeCloseTo(-(lng - 110.4), 9);
      before = lng;
    }
    expect(glides.at('m1')).toEqual([110.41, -7.01]);
    expect(glides.isMoving()).toBe(false);
  });

  test('is there before the next fix is due, and takes two seconds at most', () => {
    const { clock, glides } = house();
    glides.set('m1', fix(110.4, -7, 0));
    glides.set('m1', fix(110.401, -7, 1_000));
    clock.ms = 950;
    expect(glides.at('m1')).toEqual([110.401, -7]);
    glides.set('m1', fix(110.402, -7, 61_000));
    clock.ms += 2_000;
    expect(glides.at('m1')).toEqual([110.402, -7]);
  });

  test('goes on from where it is drawn when the next fix comes early', () => {
    const { clock, glides } = house();
    glides.set('m1', fix(110.4, -7, 0));
    glides.set('m1', fix(110.41, -7, 1_000));
    clock.ms = 450;
    const here = glides.at('m1');
    glides.set('m1', fix(110.41, -7.01, 1_500));
    expect(glides.at('m1')).toEqual(here);
  });

  test('does not start again when the same fix is told again', () => {
    const { clock, glides } = house();
    glides.set('m1', fix(110.4, -7, 0));
    glides.set('m1', fix(110.41, -7, 1_000));
    clock.ms = 450;
    const here = glides.at('m1');
    glides.set('m1', fix(110.41, -7, 1_000));
    expect(glides.at('m1')).toEqual(here);
  });

  test.each([
    ['from one end of the city to the other', {}, fix(110.5, -7.05, 1_000)],
    ['where a person wants less motion', { isStill: true }, fix(110.401, -7, 1_000)],
  ])('jumps %s', (_, options, next) => {
    const { glides } = house(options);
    glides.set('m1', fix(110.4, -7, 0));
    glides.set('m1', next);
    expect(glides.at('m1')).toEqual([next.lng, next.lat]);
    expect(glides.isMoving()).toBe(false);
  });

  test('is forgotten with its device', () => {
    const { glides } = house();
    glides.set('m1', fix(110.4, -7, 0));
    glides.set('m2', fix(110.4, -7, 0));
    glides.keep(new Set(['m2']));
    expect(glides.at('m1')).toBeUndefined();
    expect(glides.at('m2')).toBeDefined();
  });
});
