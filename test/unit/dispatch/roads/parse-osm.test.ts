import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EdgeList } from '../../../../dispatch/roads/edge-list.ts';
import { closeIslands } from '../../../../dispatch/roads/islands.ts';
import { parseOsm } from '../../../../dispatch/roads/osm/parse-osm.ts';
import { CLASS_NUMBERS } from '../../../../dispatch/roads/road-classes.ts';
import { RoadFileError, readRoadFile, writeRoadFile } from '../../../../dispatch/roads/road-file.ts';
import { OsmError } from '../../../../openstreetmap/osm-content.ts';
import { gridEdges } from './small-network.ts';

const node = (id: number, lat: number, lon: number) => ({ type: 'node', id, lat, lon });
let wayId = 1000;
const way = (nodes: number[], tags: Record<string, string>) => ({
  type: 'way',
  id: wayId++,
  nodes,
  tags,
});
const nodes = [node(1, -7, 110.4), node(2, -7, 110.41), node(3, -7.01, 110.41)];
const edgesOf = (list: EdgeList) =>
  Array.from(
    list.from,
    (from, edge) => `${from}>${list.to[edge]} ${CLASS_NUMBERS[list.classes[edge] as number]}`,
  );
const edgesWith = (tags: Record<string, string>) =>
  edgesOf(parseOsm({ elements: [...nodes, way([1, 2], tags)] }).list);

test('a road is driven both ways, a one-way road one way, a reversed one the other', () => {
  expect(edgesWith({ highway: 'primary' })).toEqual(['0>1 primary', '1>0 primary']);
  expect(edgesWith({ highway: 'primary', oneway: 'yes' })).toEqual(['0>1 primary']);
  expect(edgesWith({ highway: 'primary', oneway: '-1' })).toEqual(['1>0 primary']);
  expect(edgesWith({ highway: 'tertiary', junction: 'roundabout' })).toEqual(['0>1 tertiary']);
  expect(edgesWith({ highway: 'motorway' })).toEqual(['0>1 motorway']);
});

test('a toll road counts as a motorway whatever its class, a link as what it leads to', () => {
  expect(edgesWith({ highway: 'trunk', toll: 'yes', oneway: 'yes' })).toEqual(['0>1 motorway']);
  expect(edgesWith({ highway: 'trunk_link', oneway: 'yes' })).toEqual(['0>1 trunk']);
});

test('what no ambulance may use is left out and counted by its reason', () => {
  const { list, report } = parseOsm({
    elements: [
      ...nodes,
      way([1, 2], { highway: 'residential' }),
      way([2, 3], { highway: 'footway' }),
      way([2, 3], { highway: 'steps' }),
      way([2, 3], { highway: 'service', access: 'no' }),
      way([2, 3], { highway: 'path', motorcycle: 'no' }),
      way([2, 3], { waterway: 'river' }),
    ],
  });
  expect(edgesOf(list)).toHaveLength(2);
  expect(report.lines()).toEqual(
    expect.arrayContaining([
      'left out: 1 × highway=footway',
      'left out: 1 × highway=steps',
      'left out: 1 × access=no',
      'left out: 1 × motorcycle=no for motorcycle',
      'left out: 1 × highway=path for transport',
      'left out: 1 × no highway tag',
    ]),
  );
  expect(edgesWith({ highway: 'footway', motorcycle: 'yes' })).toEqual(['0>1 path', '1>0 path']);
});

test('GeoJSON has lng before lat, and lines meet where they share a point', () => {
  const line = (coordinates: number[][]) => ({
    type: 'Feature',
    properties: { highway: 'residential', oneway: 'yes' },
    geometry: { type: 'LineString', coordinates },
  });
  const { list } = parseOsm({
    type: 'FeatureCollection',
    features: [
      line([
        [110.4, -7],
        [110.41, -7],
      ]),
      line([
        [110.41, -7],
        [110.41, -7.01],
      ]),
    ],
  });
  expect(edgesOf(list)).toEqual(['0>1 residential', '1>2 residential']);
  expect([...list.lats]).toEqual([-7, -7, -7.01]);
});

test('a node outside the area that was asked for shortens the way and does not break it', () => {
  const { list } = parseOsm({ elements: [...nodes, way([1, 2, 99], { highway: 'primary', oneway: 'yes' })] });
  expect(edgesOf(list)).toEqual(['0>1 primary']);
});

test.each([[{}], [null], [{ elements: [{ type: 'way', id: 1, nodes: 'x' }] }], [{ elements: [] }], [[]]])(
  'content that holds no roads is refused with a sentence: %j',
  (content) => {
    expect(() => parseOsm(content)).toThrow(OsmError);
  },
);

test('only what can be reached and left again stays: islands and dead one-way ends go', () => {
  const { list } = closeIslands(
    gridEdges([
      { from: [0, 0], to: [1, 0], class: 'primary' },
      { from: [1, 0], to: [1, 1], class: 'primary' },
      { from: [1, 1], to: [2, 2], class: 'primary', oneway: true },
      { from: [8, 8], to: [9, 9], class: 'primary' },
    ]),
  );
  expect(list.lats).toHaveLength(3);
  expect(list.from).toHaveLength(4);
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-roads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const about = { source: 'a test', importedAt: '2026-01-15T00:00:00.000Z', report: ['read: 2 × a road'] };
const someRoads = (): EdgeList => ({
  ...gridEdges([
    { from: [0, 0], to: [1, 0], class: 'path' },
    { from: [1, 0], to: [1, 1], class: 'motorway' },
  ]),
  bans: [{ edges: [0, 2], vehicles: ['transport'] }],
});

test('a road file reads back as what was written', () => {
  writeRoadFile(`${folder}/a.roads`, someRoads(), about);
  const { header, list } = readRoadFile(`${folder}/a.roads`);
  expect(header).toEqual({ ...about, nodes: 3, edges: 4, banNumbers: 4 });
  expect(list).toEqual(someRoads());
});

test('a road file that is damaged at any byte or cut anywhere is refused', () => {
  const file = `${folder}/a.roads`;
  writeRoadFile(file, someRoads(), about);
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] as number) ^ 0x5a;
    writeFileSync(file, damaged);
    expect(() => readRoadFile(file)).toThrow(RoadFileError);
    writeFileSync(file, whole.subarray(0, at));
    expect(() => readRoadFile(file)).toThrow(RoadFileError);
  }
});
