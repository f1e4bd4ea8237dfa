/** What thinning keeps of a track: each minute, each word, each turn, and so the length of what was driven. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../../cities/great-circle.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { choosePoints, kindsWithTracks, type TrackPoint } from '../../../journal/thin-track.ts';
import { TEST_START_MS } from '../../support/journal-fixture.ts';

const EVERY_MS = 5_000;
const POINTS = 120;
const BASE = { lat: -6.99, lng: 110.42 };
const METRES_PER_DEGREE = 111_195;

function at(index: number, northM: number, eastM: number, more: Partial<TrackPoint> = {}): TrackPoint {
  const east = METRES_PER_DEGREE * Math.cos((BASE.lat * Math.PI) / 180);
  return {
    atMs: TEST_START_MS + index * EVERY_MS,
    lat: BASE.lat + northM / METRES_PER_DEGREE,
    lng: BASE.lng + eastM / east,
    words: [0],
    isSound: true,
    ...more,
  };
}

const thin = (points: readonly TrackPoint[]) => {
  const kept = choosePoints(points);
  return points.filter((_, index) => kept[index]);
};
const lengthM = (points: readonly TrackPoint[]) =>
  points.reduce(
    (sum, point, index) => sum + (index > 0 ? distanceM(points[index - 1] as TrackPoint, point) : 0),
    0,
  );

const HEADINGS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Ten minutes through a grid of streets of 80 to 500 m, with a right angle at the end of each. */
const drive = fc
  .record({
    speedMps: fc.integer({ min: 3, max: 20 }),
    streets: fc.array(fc.record({ metres: fc.integer({ min: 80, max: 500 }), turn: fc.constantFrom(1, 3) }), {
      minLength: 150,
      maxLength: 150,
    }),
  })
  .map(({ speedMps, streets }) => {
    let [north, east, heading, street, leftM] = [0, 0, 0, 0, streets[0]?.metres ?? 0];
    return Array.from({ length: POINTS }, (_, index) => {
      for (let goM = index === 0 ? 0 : (speedMps * EVERY_MS) / 1_000; goM > 0; ) {
        const stepM = Math.min(goM, leftM);
        north += (HEADINGS[heading]?.[0] ?? 0) * stepM;
        east += (HEADINGS[heading]?.[1] ?? 0) * stepM;
        goM -= stepM;
        leftM -= stepM;
        if (leftM > 0) continue;
        heading = (heading + (streets[street]?.turn ?? 0)) % 4;
        leftM = streets[++street]?.metres ?? 500;
      }
      return at(index, north, east);
    });
  });

describe('a thinned track', () => {
  test('of a unit that stands has one reading a minute, its last', () => {
    const kept = thin(
      Array.from({ length: POINTS }, (_, index) => at(index, 3 * Math.sin(index), 3 * Math.cos(index))),
    );
    const lastOfMinutes = Array.from({ length: 10 }, (_, minute) => TEST_START_MS + minute * 60_000 + 55_000);
    expect(kept.map(({ atMs }) => atMs)).toEqual([TEST_START_MS, ...lastOfMinutes]);
  });

  test('keeps each change of a status, with the time at which it was said', () => {
    const points = Array.from({ length: POINTS }, (_, index) =>
      at(index, 0, 0, { words: [index < 50 ? 0 : index < 53 ? 1 : 2] }),
    );
    const said = thin(points).filter(({ words }, index, all) => words[0] !== all[index - 1]?.words[0]);
    expect(said.map(({ atMs }) => (atMs - TEST_START_MS) / EVERY_MS)).toEqual([0, 50, 53]);
  });

  test('does not keep a fix that was found wrong as a turn', () => {
    const points = Array.from({ length: POINTS }, (_, index) => at(index, 0, 10 * index));
    points[31] = at(31, 50_000, 0, { isSound: false });
    expect(thin(points).some(({ atMs }) => atMs === points[31]?.atMs)).toBe(false);
  });

  test('keeps what was said without a fix by the minute', () => {
    const points = Array.from({ length: POINTS }, (_, index) =>
      at(index, 0, 0, { lat: Number.NaN, lng: Number.NaN }),
    );
    expect(thin(points)).toHaveLength(11);
  });

  test('of a drive through streets has its length to three hundredths, mostly to one', () => {
    const shares: number[] = [];
    fc.assert(
      fc.property(drive, (points) => {
        const share = lengthM(thin(points)) / lengthM(points);
        shares.push(share);
        expect(share).toBeGreaterThan(0.97);
        expect(share).toBeLessThan(1.0001);
      }),
    );
    shares.sort((a, b) => a - b);
    expect(shares[Math.floor(shares.length / 2)]).toBeGreaterThan(0.99);
  });

  test('is not thinned further when it is thinned again', () => {
    fc.assert(
      fc.property(drive, (points) => {
        const once = thin(points);
        expect(thin(once)).toEqual(once);
      }),
    );
  });
});

test('tracks are of the kinds that say where they are', () => {
  expect(kindsWithTracks(deviceKinds.values())).toEqual(['ambulance', 'tour-bus']);
});
