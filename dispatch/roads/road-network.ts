/**
 * The road network of the city as dispatch uses it: which one was found, travel times, and who covers what.
 *
 * Opened once at start: the imported road file where it fits the city, else the city's main roads, else
 * nothing. Invariant: what is used, and why something else was not, is in the log and in `source`.
 */
import type { Logger } from 'pino';
import type { City } from '../../cities/city.ts';
import type { Position } from '../../cities/great-circle.ts';
import { cityEdges } from './city-roads.ts';
import type { EdgeList } from './edge-list.ts';
import { VEHICLES, type Vehicle } from './road-classes.ts';
import { readRoadFile, roadFileOf } from './road-file.ts';
import { createRoadGraph, type RoadGraph } from './road-graph.ts';
import { type RoadRoute, traceRoute } from './road-route.ts';
import { RoadSearch } from './road-search.ts';
import { RoadSnap, type Snap } from './road-snap.ts';

export interface UnitPlace extends Position {
  readonly vehicle: Vehicle;
}

export interface RoadNetwork {
  /** Where the roads come from, and the times on them where the fleet has taught them. */
  readonly source: string;
  readonly graph: RoadGraph;
  snap(at: Position, vehicle: Vehicle): Snap | undefined;
  /** Whether it stands on the network at all: where both do and none of the ways lead there, there is no way. */
  isOnRoads(at: Position, vehicle: Vehicle): boolean;
  /**
   * Seconds by road to the incident, one a unit in their order: exact for at least the `wanted` fastest,
   * undefined for slower ones and for those who cannot reach it. `undefined` where no road is near the
   * incident for any of them.
   */
  travelTimes(incident: Position, units: readonly UnitPlace[], wanted: number): (number | undefined)[];
  /** The ways that these times are of, one a unit in their order; undefined for those whose time would be. */
  routes(incident: Position, units: readonly UnitPlace[]): (RoadRoute | undefined)[];
  /** Seconds by road between two places by these seconds of the edges; undefined where a place is not on the road. */
  measureUsual(secondsOf: RoadGraph['secondsOf']): MeasureS;
  /** The times of the edges were learned from so many stretches. */
  notePace(stretches: number): void;
}

export type MeasureS = (from: Position, to: Position, vehicle: Vehicle) => number | undefined;

/** Further beside the road than a good fix is, it drove elsewhere. */
const ON_ROAD_M = 30;
const CARRIAGEWAY_M = 15;

export function createRoadNetwork(graph: RoadGraph): RoadNetwork {
  const snapper = new RoadSnap(graph);
  const search = new RoadSearch(graph);
  let learned = '';
  return {
    get source() {
      return `${graph.source}${learned}`;
    },
    graph,
    snap: (at, vehicle) => snapper.snap(at, vehicle),
    isOnRoads: (at, vehicle) => snapper.snap(at, vehicle) !== undefined,
    travelTimes(incident, units, wanted) {
      const seconds: (number | undefined)[] = new Array(units.length).fill(undefined);
      for (const vehicle of VEHICLES) {
        const scene = snapper.snapBeside(incident, vehicle);
        if (scene.length === 0) continue;
        const indices: number[] = [];
        const places: Snap[][] = [];
        for (const [index, unit] of units.entries()) {
          const beside = unit.vehicle === vehicle ? snapper.snapBeside(unit, vehicle) : [];
          if (beside.length === 0) continue;
          indices.push(index);
          places.push(beside);
        }
        if (places.length === 0) continue;
        // Each vehicle's fastest `wanted`, so that the fastest of all are among them.
        for (const time of search.toPlace(scene, places, vehicle, wanted)) {
          seconds[indices[time.index] as number] = time.seconds;
        }
      }
      return seconds;
    },
    routes(scene, units) {
      const routes: (RoadRoute | undefined)[] = new Array(units.length).fill(undefined);
      for (const vehicle of VEHICLES) {
        const sceneSnaps = snapper.snapBeside(scene, vehicle);
        const own = [...units.entries()].filter(([, unit]) => unit.vehicle === vehicle);
        if (sceneSnaps.length === 0 || own.length === 0) continue;
        const beside = own.map(([, unit]) => snapper.snapBeside(unit, vehicle));
        search.toPlace(sceneSnaps, beside, vehicle, own.length);
        for (const [place, [index, unit]] of own.entries()) {
          const unitSnaps = beside[place] as Snap[];
          routes[index] = traceRoute(graph, search, { vehicle, unit, unitSnaps, scene, sceneSnaps });
        }
      }
      return routes;
    },
    measureUsual(secondsOf) {
      const usual = new RoadSearch({ ...graph, secondsOf });
      return (from, to, vehicle) => {
        const [start, end] = [from, to].map((at) => onRoad(snapper.snapBeside(at, vehicle))) as [
          Snap[],
          Snap[],
        ];
        return usual.toPlace(end, [start], vehicle, 1)[0]?.seconds;
      };
    },
    notePace(stretches) {
      if (stretches > 0)
        learned = `; times learned from ${stretches.toLocaleString('en')} stretches of the fleet`;
    },
  };
}

/** The pieces that a good fix may be of: the nearest, and the other carriageway beside it. */
function onRoad(beside: readonly Snap[]): Snap[] {
  const nearestM = beside[0]?.offRoadM ?? Number.POSITIVE_INFINITY;
  const mostM = Math.min(ON_ROAD_M, nearestM + CARRIAGEWAY_M);
  return beside.filter(({ offRoadM }) => offRoadM <= mostM).map((snap) => ({ ...snap, offRoadM: 0 }));
}

/** Undefined where the city has no roads at all. */
export function openRoadNetwork(city: City, dataDir: string, log: Logger): RoadNetwork | undefined {
  const imported = readImported(city, dataDir, log);
  if (imported) return createRoadNetwork(createRoadGraph(imported.list, imported.source));
  if (!city.roads || city.roads.roads.length === 0) {
    log.warn({ city: city.id }, 'no roads: travel times are straight-line estimates');
    return undefined;
  }
  const source = `${city.name}'s main roads, ${city.roads.junctions.length} junctions`;
  return createRoadNetwork(createRoadGraph(cityEdges(city.roads), source));
}

function readImported(
  city: City,
  dataDir: string,
  log: Logger,
): { list: EdgeList; source: string } | undefined {
  const file = roadFileOf(dataDir, city.id);
  try {
    const { header, list } = readRoadFile(file);
    const cut = header.incomplete === undefined ? '' : ', incomplete';
    if (cut) log.warn({ file, remark: header.incomplete }, 'the imported roads are incomplete');
    if (coversCity(list, city)) {
      return { list, source: `${header.source}, imported ${header.importedAt}${cut}` };
    }
    log.warn({ file }, `the imported roads lie outside ${city.name} and are not used`);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') log.warn({ err: error }, 'the road file is not used');
  }
  return undefined;
}

/** Whether at least half of the nodes lie within the city's bounds. */
export function coversCity(list: EdgeList, { bounds }: City): boolean {
  let inside = 0;
  for (const [node, lat] of list.lats.entries()) {
    const lng = list.lngs[node] as number;
    if (lat >= bounds.south && lat <= bounds.north && lng >= bounds.west && lng <= bounds.east) inside++;
  }
  return inside * 2 >= list.lats.length;
}
