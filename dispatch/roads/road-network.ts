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
import { VEHICLES, type Vehicle } from './road-classes.ts';
import { readRoadFile, roadFileOf } from './road-file.ts';
import { createRoadGraph, type EdgeList, type RoadGraph } from './road-graph.ts';
import { RoadSearch } from './road-search.ts';
import { RoadSnap, type Snap } from './road-snap.ts';

export interface UnitPlace extends Position {
  readonly vehicle: Vehicle;
}

export interface RoadNetwork {
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
}

export function createRoadNetwork(graph: RoadGraph): RoadNetwork {
  const snapper = new RoadSnap(graph);
  const search = new RoadSearch(graph);
  return {
    source: graph.source,
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
  };
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
    if (coversCity(list, city)) return { list, source: `${header.source}, imported ${header.importedAt}` };
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
