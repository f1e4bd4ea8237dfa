import { describe, expect, test } from 'vitest';
import { CELL_DEGREES, cutByCell, drawMap } from '../../../maps/draw-map.ts';
import type { MapFeature } from '../../../maps/map-features.ts';
import { ImportReport } from '../../../openstreetmap/import-report.ts';
import { readGeoJson } from '../../../openstreetmap/read-geojson.ts';
import { readOverpass } from '../../../openstreetmap/read-overpass.ts';

const FRAME = { south: 0, west: 0, north: 1, east: 1 };
type Node = readonly [id: number, lat: number, lon: number, tags?: object];
type Way = readonly [id: number, nodes: readonly number[], tags?: object];

function draw(nodes: readonly Node[], ways: readonly Way[], relations: readonly object[] = []) {
  const elements = [
    ...nodes.map(([id, lat, lon, tags]) => ({ type: 'node', id, lat, lon, ...(tags ? { tags } : {}) })),
    ...ways.map(([id, members, tags]) => ({ type: 'way', id, nodes: members, ...(tags ? { tags } : {}) })),
    ...relations.map((relation) => ({ type: 'relation', ...relation })),
  ];
  const report = new ImportReport();
  const drawn = drawMap(readOverpass({ elements }, new ImportReport()), FRAME, report);
  return { ...drawn, report: report.lines() };
}

const SQUARE: readonly Node[] = [
  [1, 0.2, 0.2],
  [2, 0.2, 0.4],
  [3, 0.4, 0.4],
  [4, 0.4, 0.2],
];
const propertiesOf = (features: readonly MapFeature[]) => features.map(({ properties }) => properties);

describe('the map that is drawn of OpenStreetMap data', () => {
  test('has main roads and rivers in its main part, small ones by square, and ramps with their road', () => {
    const { main, cells } = draw(SQUARE, [
      [1, [1, 2], { highway: 'trunk', name: 'Jalan Raya' }],
      [2, [2, 3], { highway: 'primary_link' }],
      [3, [1, 4], { highway: 'residential', name: 'Jalan Melati' }],
      [4, [1, 3], { waterway: 'river', name: 'Kali Brantas' }],
      [5, [2, 4], { waterway: 'drain' }],
      [6, [1, 2], { highway: 'proposed' }],
    ]);
    expect(propertiesOf(main)).toEqual([
      { layer: 'road', class: 'trunk', name: 'Jalan Raya' },
      { layer: 'road', class: 'primary' },
      { layer: 'river', class: 'river', name: 'Kali Brantas' },
    ]);
    const small = new Set([...cells.values()].flat().map(({ properties }) => properties.class));
    expect(small).toEqual(new Set(['residential', 'drain']));
  });

  test('leaves out what lies wholly outside the city', () => {
    const { main, cells } = draw(
      [
        [1, 5, 5],
        [2, 5, 5.1],
      ],
      [[1, [1, 2], { highway: 'trunk' }]],
    );
    expect([main.length, cells.size]).toEqual([0, 0]);
  });

  test('fills a lake of one way, and a river of several with its island', () => {
    const inner: readonly Node[] = [
      [5, 0.28, 0.28],
      [6, 0.28, 0.32],
      [7, 0.32, 0.3],
    ];
    const { main } = draw(
      [...SQUARE, ...inner],
      [
        [1, [1, 2, 3, 4, 1], { natural: 'water', name: 'Waduk' }],
        // One bank runs the other way: it is turned round.
        [2, [1, 2, 3]],
        [3, [1, 4, 3]],
        [4, [5, 6, 7, 5]],
      ],
      [
        {
          id: 9,
          tags: { type: 'multipolygon', natural: 'water', name: 'Bengawan' },
          members: [
            { type: 'way', ref: 2, role: 'outer' },
            { type: 'way', ref: 3, role: 'outer' },
            { type: 'way', ref: 4, role: 'inner' },
          ],
        },
      ],
    );
    const waters = main.filter(({ properties }) => properties.layer === 'water');
    expect(waters.map(({ properties }) => properties.name)).toEqual(['Waduk', 'Bengawan']);
    expect(waters.map(({ geometry }) => geometry.coordinates.length)).toEqual([1, 2]);
  });

  test('says which bank of a water does not close, and draws nothing of it', () => {
    const { main, report } = draw(
      SQUARE,
      [[2, [1, 2, 3]]],
      [{ id: 9, tags: { natural: 'water' }, members: [{ type: 'way', ref: 2, role: 'outer' }] }],
    );
    expect(main).toEqual([]);
    expect(report.join()).toContain('a bank of water that does not close');
  });

  test('draws a boundary once, for the widest that it bounds, and none below the kelurahan', () => {
    const boundary = (level: string, ref: number) => ({
      id: ref * 10 + Number(level),
      tags: { boundary: 'administrative', admin_level: level },
      members: [{ type: 'way', ref, role: 'outer' }],
    });
    const { main } = draw(
      SQUARE,
      [
        [1, [1, 2]],
        [2, [2, 3]],
      ],
      [boundary('7', 1), boundary('5', 1), boundary('9', 2)],
    );
    expect(propertiesOf(main)).toEqual([{ layer: 'boundary', class: '5' }]);
  });

  test('names places, the largest first', () => {
    const { main } = draw(
      [
        [1, 0.5, 0.5, { place: 'village', name: 'Desa' }],
        [2, 0.6, 0.6, { place: 'city', name: 'Kota' }],
        [3, 0.7, 0.7, { place: 'suburb' }],
      ],
      [],
    );
    expect(propertiesOf(main).map(({ name }) => name)).toEqual(['Kota', 'Desa']);
  });

  test('reads lines, areas and points of GeoJSON the same', () => {
    const feature = (type: string, coordinates: unknown, properties: object) => ({
      ...{ type: 'Feature', properties },
      geometry: { type, coordinates },
    });
    const ring = [
      [0.2, 0.2],
      [0.4, 0.2],
      [0.4, 0.4],
      [0.2, 0.2],
    ];
    const content = {
      type: 'FeatureCollection',
      features: [
        feature('LineString', ring.slice(0, 2), { highway: 'primary', name: 'Jalan A' }),
        feature('MultiPolygon', [[ring]], { natural: 'water', name: 'Danau' }),
        feature('Point', [0.5, 0.5], { place: 'town', name: 'Kota' }),
      ],
    };
    const { main } = drawMap(readGeoJson(content, new ImportReport()), FRAME, new ImportReport());
    expect(propertiesOf(main).map(({ layer, name }) => `${layer} ${name}`)).toEqual([
      'road Jalan A',
      'water Danau',
      'place Kota',
    ]);
  });

  test('a road through several squares is cut at a shared point, so that no gap is seen', () => {
    const run = [0.01, 0.03, 0.06, 0.08, 0.12].map((lng) => ({ lat: 0.01, lng }));
    const pieces = cutByCell(run);
    expect(pieces.map(([cell]) => cell)).toEqual(['0_0', '1_0']);
    expect(CELL_DEGREES).toBe(0.05);
    for (const [index, [, piece]] of pieces.slice(1).entries()) {
      expect(piece[0]).toBe(pieces[index]?.[1].at(-1));
    }
  });
});

describe('the sea', () => {
  /** Twice the area of a ring, positive where it runs against the clock. */
  const area = (ring: readonly (readonly [number, number])[]) =>
    ring.reduce((sum, [x, y], index) => {
      const [nextX, nextY] = ring[(index + 1) % ring.length] as readonly [number, number];
      return sum + x * nextY - nextX * y;
    }, 0) / 2;
  const seaOf = (nodes: readonly Node[], ways: readonly Way[]) => {
    const { main, report } = draw(nodes, ways);
    const seas = main.filter(({ properties }) => properties.class === 'sea');
    const rings = seas.map(({ geometry }) => geometry.coordinates as (readonly [number, number])[][]);
    return { rings, report };
  };
  const COAST = { natural: 'coastline' };

  test('lies on the right of a coast that crosses the map, here the north', () => {
    // It runs to the west: the land on its left is the south.
    const { rings } = seaOf(
      [
        [1, 0.6, 1.5],
        [2, 0.6, 0.5],
        [3, 0.6, -0.5],
      ],
      [
        [1, [1, 2], COAST],
        [2, [2, 3], COAST],
      ],
    );
    expect(rings).toHaveLength(1);
    expect(Math.abs(area(rings[0]?.[0] ?? []))).toBeCloseTo(0.4, 4);
    expect(Math.max(...(rings[0]?.[0] ?? []).map(([, lat]) => lat))).toBeCloseTo(1, 5);
  });

  test('lies in the south where the coast runs east', () => {
    const { rings } = seaOf(
      [
        [1, 0.6, -0.5],
        [2, 0.6, 1.5],
        [3, 0.6, 0.5],
      ],
      [[1, [1, 3, 2], COAST]],
    );
    expect(Math.abs(area(rings[0]?.[0] ?? []))).toBeCloseTo(0.6, 4);
  });

  test('surrounds an island, and is cut by a strait', () => {
    const island: readonly Node[] = [
      [1, 0.4, 0.4],
      [2, 0.4, 0.6],
      [3, 0.6, 0.6],
      [4, 0.6, 0.4],
    ];
    const alone = seaOf(island, [[1, [1, 2, 3, 4, 1], COAST]]);
    expect(alone.rings[0]).toHaveLength(2);
    expect(Math.abs(area(alone.rings[0]?.[0] ?? []))).toBeCloseTo(1, 4);
    const strait = seaOf(
      [
        [1, -0.5, 0.4],
        [2, 1.5, 0.4],
        [3, 1.5, 0.6],
        [4, -0.5, 0.6],
        [5, 0.5, 0.4],
        [6, 0.5, 0.6],
      ],
      // Land west of 0.4 and east of 0.6.
      [
        [1, [1, 5, 2], COAST],
        [2, [3, 6, 4], COAST],
      ],
    );
    expect(strait.rings).toHaveLength(1);
    expect(Math.abs(area(strait.rings[0]?.[0] ?? []))).toBeCloseTo(0.2, 4);
  });

  test('is not drawn where the coast has a gap, which is said', () => {
    const { rings, report } = seaOf(
      [
        [1, 0.6, 1.5],
        [2, 0.6, 0.5],
      ],
      [[1, [1, 2], COAST]],
    );
    expect(rings).toEqual([]);
    expect(report.join()).toContain('its coast has a gap');
  });
});
