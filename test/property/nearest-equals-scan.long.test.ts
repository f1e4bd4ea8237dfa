/**
 * The unit index against a plain haversine scan that shares no code with it: random fleets from none to
 * 100,000 anywhere on the globe, clumped at the poles, the antimeridian, pentagons and in cities, while units
 * move, come and go. The seed is fast-check's own and is printed with a counterexample.
 */
import fc from 'fast-check';
import { cellToBoundary, cellToLatLng, getPentagons, getRes0Cells, gridDisk, latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { cellRadiusBound } from '../../dispatch/nearest/cell-grid.ts';
import { createUnitIndex, type UnitIndex } from '../../dispatch/nearest/unit-index.ts';

const RADIUS_M = 6_371_008.8;
const rad = (degrees: number) => (degrees * Math.PI) / 180;

function haversineM(aLat: number, aLng: number, bLat: number, bLng: number): number {
  const h =
    Math.sin(rad(bLat - aLat) / 2) ** 2 +
    Math.cos(rad(aLat)) * Math.cos(rad(bLat)) * Math.sin(rad(bLng - aLng) / 2) ** 2;
  return 2 * RADIUS_M * Math.atan2(Math.sqrt(h), Math.sqrt(Math.max(0, 1 - h)));
}

type At = readonly [lat: number, lng: number];

/** Haversine loses digits near the antipode: 2R·asin(1 − 1e-16) is uncertain by 0.1 m there. */
const toleranceM = (distanceM: number) => (distanceM > 19_000_000 ? 1 : 1e-3);

/** The distances of the k nearest, ascending: each unit is looked at, and the k best are kept. */
function scanNearest(
  units: ReadonlyMap<string, At>,
  [lat, lng]: At,
  k: number,
  filter?: (unit: string) => boolean,
): number[] {
  const best: number[] = [];
  for (const [unit, at] of units) {
    if (filter && !filter(unit)) continue;
    const distanceM = haversineM(lat, lng, at[0], at[1]);
    if (best.length === k && distanceM >= (best[k - 1] as number)) continue;
    const place = best.findIndex((each) => distanceM < each);
    best.splice(place < 0 ? best.length : place, 0, distanceM);
    if (best.length > k) best.pop();
  }
  return best;
}

function expectEqualsScan(
  index: UnitIndex,
  units: ReadonlyMap<string, At>,
  [lat, lng]: At,
  k: number,
  filter?: (unit: string) => boolean,
): void {
  const scanned = scanNearest(units, [lat, lng], k, filter);
  const answer = index.nearest(lat, lng, k, filter);
  expect(answer.length).toBe(scanned.length);
  for (const [rank, { unit, distanceM }] of answer.entries()) {
    const trueM = scanned[rank] as number;
    const at = units.get(unit) as At;
    expect(filter?.(unit) ?? true).toBe(true);
    // The unit is as near as the scan's at this rank, and the distance said is its own.
    expect(Math.abs(haversineM(lat, lng, at[0], at[1]) - trueM)).toBeLessThan(toleranceM(trueM));
    expect(Math.abs(distanceM - trueM)).toBeLessThan(toleranceM(trueM));
  }
  expect(new Set(answer.map((each) => each.unit)).size).toBe(answer.length);
}

const pentagons = [0, 3, 7].flatMap((resolution) =>
  getPentagons(resolution).map((cell) => cellToLatLng(cell)),
);
const centres: readonly At[] = [
  [-6.9903, 110.4229],
  [90, 0],
  [-90, 0],
  [0, 180],
  [0, -180],
  [-17.7, 179.999],
  [66, -180],
  ...pentagons.map(([lat, lng]) => [lat, lng] as const),
];

const anywhere = fc.tuple(
  fc.double({ min: -90, max: 90, noNaN: true }),
  fc.double({ min: -180, max: 180, noNaN: true }),
) as fc.Arbitrary<At>;

/** Around a centre, with a spread from a street to a continent. */
const around = fc
  .tuple(
    fc.constantFrom(...centres),
    fc.constantFrom(0.0005, 0.05, 2, 30),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1, max: 1, noNaN: true }),
  )
  .map(([[lat, lng], spread, north, east]): At => {
    const moved = Math.max(-90, Math.min(90, lat + north * spread));
    const turned = lng + (east * spread) / Math.max(0.01, Math.cos(rad(moved)));
    return [moved, ((((turned + 180) % 360) + 360) % 360) - 180];
  });
const position = fc.oneof({ weight: 1, arbitrary: anywhere }, { weight: 3, arbitrary: around });

describe('the nearest units', () => {
  test('equal a scan for fleets up to 1,500 anywhere, while they move, come and go', () => {
    const step = fc.record({ unit: fc.nat(1_500), to: fc.option(position), ask: position });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(position, { maxLength: 40 }),
          fc.array(position, { minLength: 700, maxLength: 1_500, size: 'max' }),
        ),
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (fleet, steps, k) => {
          const index = createUnitIndex();
          const units = new Map<string, At>();
          for (const [number, at] of fleet.entries()) {
            units.set(`u${number}`, at);
            index.upsert(`u${number}`, at[0], at[1]);
          }
          expectEqualsScan(index, units, [0, 180], k);
          for (const { unit, to, ask } of steps) {
            const id = `u${unit}`;
            if (to) {
              units.set(id, to);
              index.upsert(id, to[0], to[1]);
            } else {
              expect(index.remove(id)).toBe(units.delete(id));
            }
            expect(index.size).toBe(units.size);
            expectEqualsScan(index, units, ask, k);
            expectEqualsScan(index, units, ask, k, (each) => each.endsWith('7'));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('equal a scan when a fleet in one city is asked from everywhere, and shrinks to nobody', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...centres),
        fc.array(position, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 290, max: 2_000 }),
        fc.gen(),
        (centre, asks, size, gen) => {
          const index = createUnitIndex();
          const units = new Map<string, At>();
          const offset = () => (gen(fc.nat, 2_000) - 1_000) / 10_000;
          for (let number = 0; number < size; number++) {
            const lat = Math.max(-90, Math.min(90, centre[0] + offset()));
            const lng = Math.max(-180, Math.min(180, centre[1] + offset()));
            units.set(`u${number}`, [lat, lng]);
            index.upsert(`u${number}`, lat, lng);
          }
          for (const ask of [centre, ...asks]) expectEqualsScan(index, units, ask, 5);
          for (let ask = 0; ask < 20; ask++) {
            const near: At = [
              Math.max(-90, Math.min(90, centre[0] + offset())),
              Math.max(-180, Math.min(180, centre[1] + offset())),
            ];
            expectEqualsScan(index, units, near, 5);
          }
          for (let number = 0; number < size; number++) {
            if (number % 97 === 0) expectEqualsScan(index, units, centre, 5);
            index.remove(`u${number}`);
            units.delete(`u${number}`);
          }
          expect(index.nearest(centre[0], centre[1], 5)).toEqual([]);
        },
      ),
      { numRuns: 10 },
    );
  });

  test.each([
    ['one city', 0.25],
    ['one country', 8],
    ['the globe', undefined],
  ])('equal a scan for 100,000 units in %s while they move', (_name, spread) => {
    const index = createUnitIndex();
    const units = new Map<string, At>();
    const random = mulberry32(20_260_115);
    const somewhere = (): At =>
      spread === undefined
        ? [(Math.asin(2 * random() - 1) * 180) / Math.PI, 360 * random() - 180]
        : [-6.99 + spread * (random() - 0.5), 110.42 + spread * (random() - 0.5)];
    const move = (unit: string) => {
      const at = somewhere();
      units.set(unit, at);
      index.upsert(unit, at[0], at[1]);
    };
    for (let number = 0; number < 100_000; number++) move(`u${number}`);
    expect(index.resolution).toBeDefined();
    for (let ask = 0; ask < 8; ask++) {
      expectEqualsScan(index, units, somewhere(), 5);
      for (let number = 0; number < 2_000; number++) move(`u${Math.floor(random() * 100_000)}`);
    }
  });

  test('units at the same place come in the order of their ids', () => {
    const index = createUnitIndex();
    for (let number = 999; number >= 0; number--) index.upsert(`u${String(number).padStart(3, '0')}`, 10, 20);
    expect(index.nearest(10, 20, 3).map((each) => each.unit)).toEqual(['u000', 'u001', 'u002']);
  });

  test('a position outside the globe is refused, not answered in silence', () => {
    const index = createUnitIndex();
    expect(() => index.upsert('a', 97, 10)).toThrow(RangeError);
    expect(() => index.nearest(Number.NaN, 10, 1)).toThrow(RangeError);
  });
});

test('no cell is larger than the bound that the stop rule relies on, and the bound is tight', () => {
  let largest = 0;
  for (let resolution = 0; resolution <= 11; resolution++) {
    const cells = new Set<string>();
    for (const base of getRes0Cells()) cells.add(latLngToCell(...cellToLatLng(base), resolution));
    for (const pentagon of getPentagons(resolution))
      for (const cell of gridDisk(pentagon, 2)) cells.add(cell);
    const random = mulberry32(resolution);
    for (let sample = 0; sample < 1_000; sample++) {
      cells.add(
        latLngToCell((Math.asin(2 * random() - 1) * 180) / Math.PI, 360 * random() - 180, resolution),
      );
    }
    for (const cell of cells) {
      const [lat, lng] = cellToLatLng(cell);
      for (const [cornerLat, cornerLng] of cellToBoundary(cell)) {
        const share = haversineM(lat, lng, cornerLat, cornerLng) / RADIUS_M / cellRadiusBound(resolution);
        expect(share).toBeLessThan(1);
        if (resolution >= 4) largest = Math.max(largest, share);
      }
    }
  }
  expect(largest).toBeGreaterThan(0.97);
});

/** A small seeded generator, so that the large cases are the same in every run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
