/**
 * OpenStreetMap data → edges: what its tags mean to an ambulance, for each vehicle.
 *
 * Reads an Overpass answer or GeoJSON (read-overpass.ts, read-geojson.ts), its ways (way-speeds.ts, ferries.ts), what
 * stands on them (barriers.ts), and which turns are banned (restrictions.ts). Every node of a way becomes a node, so
 * that a position is snapped to the true bend of a road. Invariant: what is read, guessed and left out is in the
 * report.
 */
import { distanceM } from '../../../cities/great-circle.ts';
import { ImportReport } from '../../../openstreetmap/import-report.ts';
import { type OsmContent, OsmError, type OsmPoint, type OsmWay } from '../../../openstreetmap/osm-content.ts';
import { readGeoJson } from '../../../openstreetmap/read-geojson.ts';
import { readOverpass } from '../../../openstreetmap/read-overpass.ts';
import { type EdgeList, EdgeListBuilder, type SpeedsKmh } from '../edge-list.ts';
import { CLASS_NUMBERS, type RoadClass, VEHICLES, type Vehicle } from '../road-classes.ts';
import { banThrough, findStopped } from './barriers.ts';
import { readFerryKmh } from './ferries.ts';
import { readRestrictions } from './restrictions.ts';
import { WayEdges } from './way-edges.ts';
import { readWaySpeeds } from './way-speeds.ts';

export interface OsmImport {
  readonly list: EdgeList;
  readonly ways: number;
  readonly report: ImportReport;
  /** What the file itself says is missing from it: an answer that was cut. */
  readonly incomplete?: string;
}

/** Reads the content of a file. Throws OsmError with a sentence. */
export function parseOsm(content: unknown): OsmImport {
  const report = new ImportReport();
  const isGeoJson = (content as { type?: unknown } | null)?.type === 'FeatureCollection';
  const osm = (isGeoJson ? readGeoJson : readOverpass)(content, report);
  const { incomplete } = osm;
  return { ...buildEdges(osm, report), report, ...(incomplete === undefined ? {} : { incomplete }) };
}

interface Drawn {
  readonly roadClass: RoadClass;
  readonly forward: SpeedsKmh;
  readonly backward: SpeedsKmh;
}

function buildEdges(osm: OsmContent, report: ImportReport): { list: EdgeList; ways: number } {
  const builder = new EdgeListBuilder();
  const nodes = new Map<number | string, number>();
  const edges = new WayEdges(nodes);
  let ways = 0;
  for (const way of osm.ways) {
    const drawn = readWay(way, report);
    if (!drawn) continue;
    ways++;
    for (const run of way.runs) addRun(run, way.id, drawn, { builder, nodes, edges });
  }
  if (builder.edgeCount === 0) throw new OsmError('there is no road in it: no way has a known highway tag');
  for (const ban of readRestrictions(osm.relations, edges, report)) builder.addBan(ban);
  const stoppedAt = new Map<number, Vehicle[]>();
  for (const [key, node] of nodes) {
    const tags = osm.nodeTags.get(key);
    const stopped = tags ? findStopped(tags, report) : [];
    if (stopped.length > 0) stoppedAt.set(node, stopped);
  }
  const list = builder.build();
  return { list: { ...list, bans: [...list.bans, ...banThrough(list, stoppedAt)] }, ways };
}

function readWay({ tags, runs }: OsmWay, report: ImportReport): Drawn | undefined {
  if (tags['route'] !== 'ferry') return readWaySpeeds(tags, report);
  let lengthM = 0;
  for (const run of runs) {
    for (const [index, point] of run.entries()) {
      const before = run[index - 1];
      if (before) lengthM += distanceM(before, point);
    }
  }
  const kmh = lengthM > 0 ? readFerryKmh(tags, lengthM, report) : undefined;
  return kmh && { roadClass: 'ferry', forward: kmh, backward: kmh };
}

interface Network {
  readonly builder: EdgeListBuilder;
  readonly nodes: Map<number | string, number>;
  readonly edges: WayEdges;
}

function addRun(
  run: readonly OsmPoint[],
  way: number | string,
  { roadClass, forward, backward }: Drawn,
  { builder, nodes, edges }: Network,
): void {
  const classNumber = CLASS_NUMBERS.indexOf(roadClass);
  let before: number | undefined;
  for (const { key, lat, lng } of run) {
    const node = nodes.get(key) ?? builder.addNode(lat, lng);
    nodes.set(key, node);
    if (before !== undefined && before !== node) {
      for (const [from, to, speedsKmh] of [
        [before, node, forward],
        [node, before, backward],
      ] as const) {
        if (VEHICLES.every((vehicle) => speedsKmh[vehicle] === 0)) continue;
        edges.add(builder.addEdge(from, to, classNumber, { speedsKmh }), way, from, to);
      }
    }
    before = node;
  }
}
