/** The files that people have: cut answers, holes, GeoJSON with bridges, GDAL's columns, ferries. */
import { expect, test } from 'vitest';
import { closeIslands } from '../../../../../dispatch/roads/islands.ts';
import { parseDurationS } from '../../../../../dispatch/roads/osm/ferries.ts';
import { parseOsm } from '../../../../../dispatch/roads/osm/parse-osm.ts';
import { createRoadGraph } from '../../../../../dispatch/roads/road-graph.ts';
import { createRoadNetwork } from '../../../../../dispatch/roads/road-network.ts';
import { ImportReport } from '../../../../../openstreetmap/import-report.ts';
import { parseHstore } from '../../../../../openstreetmap/osm-content.ts';
import { node, place, readMap, type Tags, way } from './small-map.ts';

const km = (seconds: number | null | undefined, kmh: number) => ((seconds ?? Number.NaN) * kmh) / 3600;

test('a hole within a way is no straight edge, and is counted', () => {
  const { list, report } = readMap([node(10), node(40), node(50), way(1, [10, 20, 30, 40, 50])]);
  expect(list.from).toHaveLength(2);
  expect(report).toEqual(
    expect.arrayContaining(['left out: 2 × a node that a road names and the file does not hold']),
  );
  const cut = readMap([...[10, 20, 40, 50].map((id) => node(id)), way(1, [10, 20, 30, 40, 50])]);
  expect(cut.drives('transport', 10, 50)).toBe(false);
  expect(cut.report).toEqual(
    expect.arrayContaining(['left out: 1 × a hole within a road: not bridged by a straight line']),
  );
});

test('a hole in the geometry of an answer without node numbers is one too', () => {
  const at = (east: number) => ({ lat: place(east, 0).lat, lon: place(east, 0).lng });
  const geometry = [at(1), at(2), null, at(4), at(5)];
  const { list } = parseOsm({
    elements: [{ type: 'way', id: 1, geometry, tags: { highway: 'residential' } }],
  });
  expect(list.from).toHaveLength(4);
});

test('an answer that was cut says so, and elements of other types are counted', () => {
  const remark = 'runtime error: Query timed out in "query" at line 3 after 181 seconds.';
  const { incomplete, report } = parseOsm({
    remark,
    elements: [node(10), node(20), way(1, [10, 20]), way(1, [10, 20]), { type: 'count', id: 0, tags: {} }],
  });
  expect(incomplete).toBe(remark);
  expect(report.lines()).toEqual(
    expect.arrayContaining([
      'left out: 1 × an element of type count',
      'left out: 1 × a way that the file holds twice',
      'unknown: 1 × no node has tags: gates and bollards are not known',
      'unknown: 1 × no relations: banned turns are not known',
    ]),
  );
});

type Spot = readonly [east: number, north: number];
const coordinates = ([east, north]: Spot) => [place(east, north).lng, place(east, north).lat];
const line = (properties: object, ...spots: Spot[]) => ({
  type: 'Feature',
  properties,
  geometry: { type: 'LineString', coordinates: spots.map(coordinates) },
});
const point = (properties: object, spot: Spot) => ({
  type: 'Feature',
  properties,
  geometry: { type: 'Point', coordinates: coordinates(spot) },
});
function readGeoJson(...features: object[]) {
  const { list, report } = parseOsm({ type: 'FeatureCollection', features });
  const network = createRoadNetwork(createRoadGraph(list, 'a test'));
  const kmOf = (from: Spot, to: Spot) =>
    km(network.travelTimes(place(...to), [{ ...place(...from), vehicle: 'transport' }], 1)[0], 26);
  return { list, kmOf, report: report.lines() };
}

test('a bridge that shares a place with the street below meets it only at its ends', () => {
  const { kmOf, report } = readGeoJson(
    line({ highway: 'residential' }, [0, 0], [1, 0]),
    line({ highway: 'residential', bridge: 'yes', layer: 1 }, [1, 0], [2, 0], [3, 0]),
    line({ highway: 'residential' }, [3, 0], [4, 0]),
    line({ highway: 'residential' }, [2, -2], [2, 0], [2, 2]),
    line({ highway: 'residential' }, [2, 2], [4, 2], [4, 0]),
  );
  expect(kmOf([0, 0], [4, 0])).toBeCloseTo(4, 2);
  // From the bridge to the street below: on to the east, and round.
  expect(kmOf([0, 0], [2, -2])).toBeCloseTo(4 + 2 + 2 + 4, 2);
  expect(report).toContain(
    'read: 1 × a place where a bridge or a tunnel crosses another road without meeting it',
  );
});

test('a bridge drawn in two pieces goes on in the air, and a ramp joins it there', () => {
  const { kmOf } = readGeoJson(
    line({ highway: 'residential', bridge: 'yes' }, [0, 0], [1, 0], [2, 0]),
    line({ highway: 'residential', bridge: 'viaduct' }, [2, 0], [3, 0]),
    line({ highway: 'residential' }, [2, -2], [2, 0], [2, 2]),
    line({ highway: 'residential', bridge: 'yes' }, [1, 0], [1, 2]),
    line({ highway: 'residential' }, [1, 2], [2, 2]),
  );
  expect(kmOf([0, 0], [3, 0])).toBeCloseTo(3, 2);
  expect(kmOf([0, 0], [2, -2])).toBeCloseTo(1 + 2 + 1 + 4, 2);
});

test('two tunnels at different levels do not meet, and without levels lines that share a point do', () => {
  const cross = (tags: object) =>
    readGeoJson(
      line({ highway: 'residential', ...tags }, [0, 0], [1, 0], [2, 0]),
      line({ highway: 'residential', tunnel: 'yes', layer: '-2' }, [1, -1], [1, 0], [1, 1]),
    );
  expect(cross({ tunnel: 'yes' }).kmOf([0, 0], [1, 1])).toBeNaN();
  expect(cross({ tunnel: 'yes', layer: '-2' }).kmOf([0, 0], [1, 1])).toBeCloseTo(2, 2);
});

test("GDAL's other_tags are tags, and its points are what stands on the road", () => {
  const { kmOf, report, list } = readGeoJson(
    line({ highway: 'primary', other_tags: '"oneway"=>"yes","note"=>"a \\"b\\", c=>d"' }, [0, 0], [1, 0]),
    line({ highway: 'residential', other_tags: null }, [1, 0], [2, 0], [3, 0]),
    point({ barrier: null, other_tags: '"barrier"=>"bollard"' }, [2, 0]),
  );
  expect(list.from).toHaveLength(5);
  expect(kmOf([1, 0], [3, 0])).toBeNaN();
  expect(report).toContain('read: 1 × barrier=bollard, closed to transport');
});

test('hstore is read with its quotes and backslashes', () => {
  expect(parseHstore('"a"=>"1", "b\\"c"=>"2\\\\3","gone"=>NULL,"d"=>""')).toEqual({
    a: '1',
    'b"c': '2\\3',
    d: '',
  });
});

const ferry = (tags: Tags) =>
  readMap([
    ...[10, 20, 30, 40].map((id) => node(id)),
    way(1, [10, 20]),
    way(2, [20, 30], { route: 'ferry', ...tags }),
    way(3, [30, 40]),
  ]);
const streetS = (2 * 3600) / 26;

test('a ferry takes its duration and half of its interval, to vehicles that it is said to carry', () => {
  const both = ferry({ motor_vehicle: 'yes', duration: '00:20', interval: '00:30' });
  expect((both.driveS('transport', 10, 40) as number) - streetS).toBeCloseTo((20 + 15) * 60, -2);
  const motorcycles = ferry({ motorcycle: 'yes', duration: '5' });
  expect(motorcycles.drives('transport', 10, 40)).toBe(false);
  expect((motorcycles.driveS('motorcycle', 10, 40) as number) - (2 * 3600) / 28).toBeCloseTo(15 * 60, -1);
  expect(ferry({ duration: '00:05' }).drives('motorcycle', 10, 40)).toBe(false);
  expect(ferry({ access: 'yes', foot: 'yes' }).drives('motorcycle', 10, 40)).toBe(false);
});

test('a ferry without a duration is slow, and said to be a guess; nobody stands on its line', () => {
  const guessed = ferry({ motorcar: 'yes' });
  expect((guessed.driveS('transport', 10, 40) as number) - streetS).toBeCloseTo((1 / 8) * 3600 + 600, -1);
  expect(guessed.report).toContain('judged: 1 × a ferry without its duration: taken as 8 km/h');
  const network = createRoadNetwork(createRoadGraph(guessed.list, 'a test'));
  expect(network.snap(place(2.4, 0), 'transport')?.offRoadM).toBeCloseTo(400, 0);
});

test.each([
  ['00:20', 1200],
  ['1:05:30', 3930],
  ['PT1H20M', 4800],
  ['pt20m', 1200],
  ['20', 1200],
  ['20 min', 1200],
  ['00:00', undefined],
  ['PT', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('a duration of %s is %s s', (text, seconds) => {
  expect(parseDurationS(text)).toBe(seconds);
});

test('a street that cars reach only over a gang is closed to cars and open to motorcycles', () => {
  const elements = [
    ...[11, 12, 21, 22, 31, 32, 42, 52].map((id) => node(id)),
    way(1, [11, 12, 22, 21, 11]),
    way(2, [22, 32], { highway: 'path' }),
    way(3, [32, 42, 52]),
  ];
  const { list, of } = closeIslands(parseOsm({ elements }).list);
  const network = createRoadNetwork(createRoadGraph(list, 'a test'));
  expect(network.snap(place(4.5, 2), 'motorcycle')?.offRoadM).toBeCloseTo(0, 1);
  expect(network.snap(place(3.5, 2), 'transport')?.offRoadM).toBeCloseTo(1500, -1);
  expect([of.motorcycle.closedM, Math.round(of.transport.closedM / 100)]).toEqual([0, 40]);
});

test('a bollard closes to cars what lies behind it, and a gate does not', () => {
  const behind = (barrier: string) => {
    const square = [11, 12, 22, 21].map((id) => node(id));
    const elements = [
      ...square,
      way(1, [11, 12, 22, 21, 11]),
      node(32, { barrier }),
      node(42),
      way(2, [22, 32, 42]),
    ];
    const { list } = closeIslands(parseOsm({ elements }).list);
    return createRoadNetwork(createRoadGraph(list, 'a test')).snap(place(4, 2), 'transport')?.offRoadM;
  };
  expect(behind('bollard')).toBeCloseTo(1000, -1);
  expect(behind('gate')).toBeCloseTo(0, 1);
});

test('a large island within the map stays, one at its edge goes', () => {
  // Lanes of 24 km each, the main part larger; 8 lies in the middle of the map, 9 at its eastern edge.
  const ring = (east: number, size: number): Spot[] => [
    [east, 4],
    [east + size, 4],
    [east + size, 4 + size],
    [east, 4 + size],
    [east, 4],
  ];
  const read = parseOsm({
    type: 'FeatureCollection',
    features: [
      line({ highway: 'residential' }, [0, 0], [0, 12], [30, 12], [30, 0], [0, 0]),
      line({ highway: 'residential' }, ...ring(8, 3)),
      line({ highway: 'residential' }, ...ring(32, 3)),
      line({ highway: 'residential' }, ...ring(20, 1)),
    ],
  });
  const { list, of } = closeIslands(read.list);
  expect(of.transport.kept).toBe(1);
  expect(Math.round(of.transport.closedM / 1000)).toBe(24 + 8);
  expect(list.lats).toHaveLength(8);
});

test('the report is bounded, whatever is written in the tags', () => {
  const report = new ImportReport();
  for (let kind = 0; kind < 10_000; kind++)
    report.note('left out', `highway=${'x'.repeat(500)}`.slice(0, 20) + kind);
  expect(report.lines().length).toBeLessThan(100);
  expect(report.lines()[0]).toMatch(/^left out: 99\d\d × other reasons$/);
});
