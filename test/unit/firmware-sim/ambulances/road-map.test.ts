import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../../cities/city.ts';
import { distanceM, type Position } from '../../../../cities/great-circle.ts';
import { createRoadMap, type Stretch } from '../../../../firmware-sim/ambulances/road-map.ts';
import { simulatedCity } from '../support/simulated-city.ts';

type Roads = NonNullable<typeof simulatedCity.roads>;
const roads = simulatedCity.roads as Roads;
const map = createRoadMap(roads);
const corner = (row: number, column: number): Position => ({
  lat: -7 + row * 0.01,
  lng: 110.4 + column * 0.01,
});

function lengthM(from: Position, way: readonly Stretch[]): number {
  return way.reduce((sum, { to }, index) => sum + distanceM(way[index - 1]?.to ?? from, to), 0);
}

describe('road map', () => {
  it('takes the faster way round over the shorter one through small streets', () => {
    // From the south-west corner to (1, 3): along the trunk roads and up, or across residential streets.
    const way = map.findWay(corner(0, 0), corner(1, 3), 'transport');
    expect(way.map(({ to }) => to)).toContainEqual(corner(0, 3));
  });

  it('follows the roads and nothing but the roads between two junctions', () => {
    const way = map.findWay(corner(0, 0), corner(3, 3), 'motorcycle');
    // Six sides of the grid, whichever: three north, three east.
    const side = distanceM(corner(0, 0), corner(1, 0));
    expect(lengthM(corner(0, 0), way)).toBeGreaterThan(5.9 * side);
    expect(lengthM(corner(0, 0), way)).toBeLessThan(6.1 * side);
  });

  it('goes straight along a road that both ends lie on', () => {
    const from = { lat: -7, lng: 110.402 };
    const to = { lat: -7, lng: 110.408 };
    expect(lengthM(from, map.findWay(from, to, 'transport'))).toBeCloseTo(distanceM(from, to), 0);
    expect(lengthM(to, map.findWay(to, from, 'transport'))).toBeCloseTo(distanceM(from, to), 0);
  });

  it('obeys a one-way road', () => {
    const oneway: Roads = {
      junctions: roads.junctions,
      roads: roads.roads.map((road) =>
        road.from === 'j-0-0' && road.to === 'j-0-1' ? { ...road, oneway: true } : road,
      ),
    };
    const against = createRoadMap(oneway).findWay(corner(0, 1), corner(0, 0), 'transport');
    const along = createRoadMap(oneway).findWay(corner(0, 0), corner(0, 1), 'transport');
    expect(lengthM(corner(0, 1), against)).toBeGreaterThan(2.9 * lengthM(corner(0, 0), along));
  });

  it('leads a car round a path that a motorcycle may ride', () => {
    const path: Roads = {
      junctions: roads.junctions,
      roads: roads.roads.map((road) =>
        road.from === 'j-0-0' && road.to === 'j-0-1' ? { ...road, class: 'path' as const } : road,
      ),
    };
    const byCar = createRoadMap(path).findWay(corner(0, 0), corner(0, 1), 'transport');
    expect(byCar.map(({ to }) => to)).toContainEqual(corner(1, 0));
  });

  it('ends at the place itself when that lies off the road', () => {
    const yard = { lat: -6.995, lng: 110.4045 };
    expect(map.findWay(corner(0, 0), yard, 'motorcycle').at(-1)?.to).toEqual(yard);
  });

  it('finds a way between any two junctions of Semarang, for both kinds of vehicle', () => {
    const semarang = loadCity('semarang');
    if (!semarang.roads) throw new Error('Semarang has roads');
    const whole = createRoadMap(semarang.roads);
    for (const vehicle of ['motorcycle', 'transport'] as const) {
      const [first, ...others] = whole.junctions;
      for (const junction of others) {
        const way = whole.findWay(first as Position, junction, vehicle);
        // A straight line off the roads would be one stretch.
        expect(way.length, `${vehicle} to ${JSON.stringify(junction)}`).toBeGreaterThan(1);
      }
    }
  });
});
