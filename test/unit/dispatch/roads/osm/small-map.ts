/** Maps of a few nodes, as Overpass would answer them, and what a vehicle may drive in them. */
import { parseOsm } from '../../../../../dispatch/roads/osm/parse-osm.ts';
import type { Vehicle } from '../../../../../dispatch/roads/road-classes.ts';
import { createRoadGraph } from '../../../../../dispatch/roads/road-graph.ts';
import { createRoadNetwork } from '../../../../../dispatch/roads/road-network.ts';

export type Tags = Record<string, string>;

/** 1 km a step. */
const STEP_DEG = 1_000 / 111_195;
export const place = (east: number, north: number) => ({
  lat: -7 + north * STEP_DEG,
  lng: 110.4 + (east * STEP_DEG) / Math.cos((7 * Math.PI) / 180),
});

type Spot = number | ReturnType<typeof place>;
const placeOf = (spot: Spot) => (typeof spot === 'number' ? place(Math.floor(spot / 10), spot % 10) : spot);

/** Node numbers are two digits: kilometres to the east, and to the north. */
export const node = (id: number, tags?: Tags) => {
  const { lat, lng } = placeOf(id);
  return { type: 'node', id, lat, lon: lng, ...(tags ? { tags } : {}) };
};
export const way = (id: number, nodes: number[], tags: Tags = { highway: 'residential' }) => ({
  type: 'way',
  id,
  nodes,
  tags,
});
export const restriction = (from: number, via: number | number[], to: number, tags: Tags) => ({
  type: 'relation',
  id: 1,
  tags: { type: 'restriction', ...tags },
  members: [
    { type: 'way', ref: from, role: 'from' },
    ...(typeof via === 'number'
      ? [{ type: 'node', ref: via, role: 'via' }]
      : via.map((ref) => ({ type: 'way', ref, role: 'via' }))),
    { type: 'way', ref: to, role: 'to' },
  ],
});

export function readMap(elements: readonly object[]) {
  const { list, report } = parseOsm({ elements });
  const network = createRoadNetwork(createRoadGraph(list, 'a test'));
  /** Seconds from one node, or place, to another; null where no road leads there. */
  const driveS = (vehicle: Vehicle, from: Spot, to: Spot) =>
    network.travelTimes(placeOf(to), [{ ...placeOf(from), vehicle }], 1)[0] ?? null;
  const drives = (vehicle: Vehicle, from: Spot, to: Spot) => driveS(vehicle, from, to) !== null;
  return { list, report: report.lines(), driveS, drives };
}

/**
 * km/h of one way from node 10 to node 20, `motorcycle/transport`, there and back: "28/26 28/26"; what is closed is
 * "-".
 */
export function speedsOf(tags: Tags): string {
  // A road elsewhere, so that the map is not empty where the way is closed.
  const { list } = parseOsm({
    elements: [node(10), node(20), node(88), node(99), way(1, [10, 20], tags), way(2, [88, 99])],
  });
  const said = (from: number, to: number) => {
    const edge = list.from.findIndex(
      (start, each) => isAt(list, start, from) && isAt(list, list.to[each] as number, to),
    );
    const kmh = (vehicle: Vehicle) => (edge < 0 ? 0 : (list.speeds[vehicle][edge] as number) / 100);
    return `${kmh('motorcycle') || '-'}/${kmh('transport') || '-'}`;
  };
  return `${said(10, 20)} ${said(20, 10)}`;
}

function isAt(
  { lats, lngs }: { lats: Float64Array; lngs: Float64Array },
  index: number,
  id: number,
): boolean {
  const { lat, lng } = placeOf(id);
  return Math.abs((lats[index] as number) - lat) < 1e-9 && Math.abs((lngs[index] as number) - lng) < 1e-9;
}
