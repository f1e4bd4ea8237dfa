/**
 * OpenStreetMap data → what is drawn of a city: roads and waters with their names, boundaries, places.
 *
 *   ways, areas, relations, places → features → the main part, and small roads by squares of a grid
 *
 * Invariants: what lies wholly outside the frame is left out; what is drawn, left out and not known is in the report.
 */
import type { ImportReport } from '../openstreetmap/import-report.ts';
import type { OsmContent, OsmPoint, Position, Tags } from '../openstreetmap/osm-content.ts';
import { type Frame, isInside, type MapFeature, toLngLat } from './map-features.ts';
import { isClosed, isWithin, joinWays } from './rings.ts';
import { drawSea } from './sea.ts';

/** Some 5.5 km at the equator: a screen with street names holds one to four. */
export const CELL_DEGREES = 0.05;

export interface DrawnMap {
  readonly main: readonly MapFeature[];
  /** By `x_y` in steps of CELL_DEGREES. */
  readonly cells: ReadonlyMap<string, readonly MapFeature[]>;
}

const MAIN_ROADS = new Set(['motorway', 'trunk', 'primary', 'secondary', 'tertiary']);
/** OSM's many words for a small road as the few that are drawn. */
const SMALL_ROADS: Readonly<Record<string, string>> = {
  ...{ unclassified: 'unclassified', residential: 'residential', living_street: 'living_street' },
  ...{ road: 'residential', busway: 'residential', pedestrian: 'living_street', service: 'service' },
  ...{
    track: 'track',
    path: 'path',
    footway: 'footway',
    cycleway: 'path',
    steps: 'steps',
    bridleway: 'path',
  },
};
const MAIN_WATERS = new Set(['river', 'canal']);
const SMALL_WATERS = new Set(['stream', 'drain', 'ditch', 'tidal_channel']);
/** The widest first: where there is no room for all, the first ones are written. */
const PLACES = [
  'city',
  'town',
  'borough',
  'suburb',
  'quarter',
  'village',
  'neighbourhood',
  'hamlet',
] as const;
/** Kecamatan are 6, kelurahan 7; what lies below is drawn nowhere. */
const MAX_ADMIN_LEVEL = 7;

type Properties = MapFeature['properties'];

export function drawMap(osm: OsmContent, frame: Frame, report: ImportReport): DrawnMap {
  const main: MapFeature[] = [];
  const cells = new Map<string, MapFeature[]>();
  const seen = (points: readonly Position[]) => points.some((each) => isInside(each, frame));
  const addLine = (properties: Properties, run: readonly Position[], isMain: boolean) => {
    if (run.length < 2 || !seen(run)) return;
    if (isMain) main.push(lineOf(properties, run));
    else for (const [cell, piece] of cutByCell(run)) put(cells, cell, lineOf(properties, piece));
    report.note('read', `${properties.layer} ${properties.class ?? ''}`.trim());
  };
  const addArea = (properties: Properties, rings: readonly (readonly Position[])[]) => {
    if (!rings.some(seen)) return;
    main.push(areaOf(properties, rings));
    report.note('read', properties.layer);
  };
  for (const { tags, runs } of osm.ways) {
    for (const run of runs) {
      const line = readLine(tags);
      if (line) addLine(line.properties, run, line.isMain);
      if (isWater(tags) && isClosed(run)) addArea(waterOf(tags), [run]);
    }
  }
  for (const { tags, rings } of osm.areas) if (isWater(tags)) addArea(waterOf(tags), rings);
  drawRelations(osm, addLine, addArea, report);
  drawCoast(osm, frame, addLine, addArea, report);
  main.push(...drawPlaces(osm, frame, report));
  return { main, cells };
}

type AddLine = (properties: Properties, run: readonly Position[], isMain: boolean) => void;
type AddArea = (properties: Properties, rings: readonly (readonly Position[])[]) => void;

function readLine(tags: Tags): { properties: Properties; isMain: boolean } | undefined {
  const name = nameOf(tags);
  const highway = tags['highway']?.replace(/_link$/, '');
  if (highway !== undefined) {
    const isMain = MAIN_ROADS.has(highway);
    const roadClass = isMain ? highway : SMALL_ROADS[highway];
    return roadClass === undefined
      ? undefined
      : { properties: { layer: 'road', class: roadClass, ...name }, isMain };
  }
  if (tags['route'] === 'ferry')
    return { properties: { layer: 'road', class: 'ferry', ...name }, isMain: false };
  const waterway = tags['waterway'] ?? '';
  const isMain = MAIN_WATERS.has(waterway);
  if (!isMain && !SMALL_WATERS.has(waterway)) return undefined;
  return { properties: { layer: 'river', class: waterway, ...name }, isMain };
}

function isWater({ natural, waterway, landuse }: Tags): boolean {
  return natural === 'water' || waterway === 'riverbank' || landuse === 'reservoir' || landuse === 'basin';
}

function waterOf(tags: Tags): Properties {
  return { layer: 'water', ...nameOf(tags) };
}

function nameOf(tags: Tags): { readonly name?: string } {
  const name = tags['name:id'] ?? tags['name'] ?? tags['ref'];
  return name === undefined ? {} : { name };
}

/** Waters of several rings, and boundaries, each way of which is drawn once for the widest that it bounds. */
function drawRelations(osm: OsmContent, addLine: AddLine, addArea: AddArea, report: ImportReport): void {
  const runsOf = new Map(osm.ways.map(({ id, runs }) => [id, runs]));
  const levels = new Map<number | string, number>();
  for (const { id, tags } of osm.ways) noteLevel(levels, id, tags);
  for (const { tags, members } of osm.relations) {
    const ways = members.filter(({ type }) => type === 'way');
    for (const { ref } of ways) noteLevel(levels, ref, tags);
    if (!isWater(tags)) continue;
    const ringsOf = (isInner: boolean) => {
      const runs = ways
        .filter(({ role }) => (role === 'inner') === isInner)
        .flatMap(({ ref }) => runsOf.get(ref) ?? []);
      const chains = joinWays(runs);
      report.note(
        'left out',
        'a bank of water that does not close',
        chains.filter((each) => !isClosed(each)).length,
      );
      return chains.filter(isClosed);
    };
    const holes = ringsOf(true);
    for (const outer of ringsOf(false)) {
      addArea(waterOf(tags), [outer, ...holes.filter((hole) => isWithin(hole[0] as OsmPoint, outer))]);
    }
  }
  for (const [id, level] of levels) {
    for (const run of runsOf.get(id) ?? []) addLine({ layer: 'boundary', class: String(level) }, run, true);
  }
}

function noteLevel(levels: Map<number | string, number>, way: number | string, tags: Tags): void {
  if (tags['boundary'] !== 'administrative') return;
  const level = Number(tags['admin_level']);
  if (!(level <= MAX_ADMIN_LEVEL)) return;
  levels.set(way, Math.min(level, levels.get(way) ?? level));
}

function drawCoast(
  osm: OsmContent,
  frame: Frame,
  addLine: AddLine,
  addArea: AddArea,
  report: ImportReport,
): void {
  const runs = osm.ways.flatMap(({ tags, runs }) => (tags['natural'] === 'coastline' ? runs : []));
  if (runs.length === 0) {
    report.note('unknown', 'no coastline: no sea is drawn');
    return;
  }
  for (const run of runs) addLine({ layer: 'coast' }, run, true);
  const seas = drawSea(joinWays(runs, { isDirected: true }), frame);
  if (!seas) report.note('left out', 'the sea: its coast has a gap within the map');
  for (const { rings } of seas ?? []) addArea({ layer: 'water', class: 'sea' }, rings);
}

function drawPlaces({ places }: OsmContent, frame: Frame, report: ImportReport): MapFeature[] {
  const rank = (tags: Tags) => PLACES.indexOf(tags['place'] as (typeof PLACES)[number]);
  return places
    .filter(
      (place) => rank(place.tags) >= 0 && nameOf(place.tags).name !== undefined && isInside(place, frame),
    )
    .sort((a, b) => rank(a.tags) - rank(b.tags))
    .map(({ tags, ...at }) => {
      report.note('read', `place ${tags['place']}`);
      return {
        type: 'Feature',
        properties: { layer: 'place', class: tags['place'] as string, ...nameOf(tags) },
        geometry: { type: 'Point', coordinates: toLngLat(at) },
      };
    });
}

function lineOf(properties: Properties, run: readonly Position[]): MapFeature {
  return { type: 'Feature', properties, geometry: { type: 'LineString', coordinates: run.map(toLngLat) } };
}

function areaOf(properties: Properties, rings: readonly (readonly Position[])[]): MapFeature {
  const coordinates = rings.map((ring) => ring.map(toLngLat));
  return { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates } };
}

/** A road through several squares is cut, and its pieces share a point: each square is drawn without the others. */
export function cutByCell<P extends Position | OsmPoint>(run: readonly P[]): [cell: string, piece: P[]][] {
  const pieces: [string, P[]][] = [];
  for (const [index, from] of run.slice(0, -1).entries()) {
    const to = run[index + 1] as P;
    const cell = cellOf(from);
    const last = pieces.at(-1);
    if (last?.[0] === cell) last[1].push(to);
    else pieces.push([cell, [from, to]]);
  }
  return pieces;
}

function cellOf({ lat, lng }: Position): string {
  return `${Math.floor(lng / CELL_DEGREES)}_${Math.floor(lat / CELL_DEGREES)}`;
}

function put(cells: Map<string, MapFeature[]>, cell: string, feature: MapFeature): void {
  const there = cells.get(cell);
  if (there) there.push(feature);
  else cells.set(cell, [feature]);
}
