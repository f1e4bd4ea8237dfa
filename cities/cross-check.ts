/**
 * What a schema of one entry cannot see: unknown references, repeated ids, ladders that do not ascend,
 * upstream gauges in a circle, positions far away.
 *
 * Called by city.ts with the entries that are valid on their own, whatever else is wrong, so that one look
 * shows every problem. Invariant: an entry that is itself broken still counts as named, so that one fault is
 * reported once and not again by each that refers to it.
 */

import type { SiteFields } from '../devices/device-kind.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { isRiverGauge, type RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { DeviceSite } from '../devices/site.ts';
import { SEVERITIES } from '../devices/site.ts';
import type { City } from './entries.ts';

type Roads = NonNullable<City['roads']>;
const LISTS = [
  'rivers',
  'devices',
  'uplinks',
  'channels',
  'bases',
  'hospitals',
  'kecamatan',
  'junctions',
] as const;
export type ListName = (typeof LISTS)[number];

/** The valid entries of a city, and the ids of all that it has, valid or not. */
export interface JudgedCity {
  readonly bounds: City['bounds'] | undefined;
  readonly entries: Pick<
    City,
    'rivers' | 'devices' | 'uplinks' | 'channels' | 'bases' | 'hospitals' | 'kecamatan'
  > & {
    readonly junctions: Roads['junctions'];
  };
  readonly roads: Roads['roads'];
  readonly ids: Readonly<Record<ListName | 'gauges', ReadonlySet<string>>>;
}

/** Yields one sentence a problem, each opening with where it is: `devices.<id>: …`. */
export function* crossCheck(city: JudgedCity): Generator<string> {
  yield* checkPlaces(city);
  for (const entry of city.entries.devices) yield* checkDevice(entry, city);
  yield* checkUpstreamCircles(city.entries.devices.filter(isRiverGauge));
  for (const { id, kecamatan } of city.entries.hospitals) {
    if (city.ids.devices.has(id)) yield `hospitals.${id}: a device has this id already`;
    const names = city.entries.kecamatan.map((each) => each.name);
    if (kecamatan && !names.includes(kecamatan)) yield `hospitals.${id}: no kecamatan ${kecamatan}`;
  }
  for (const { from, to, bridgeOver } of city.roads) {
    const where = `roads.${from}–${to}`;
    if (from === to) yield `${where}: a road must lead to another junction`;
    for (const end of new Set([from, to])) {
      if (!city.ids.junctions.has(end)) yield `${where}: no junction ${end}`;
    }
    if (bridgeOver && !city.ids.rivers.has(bridgeOver)) yield `${where}: no river ${bridgeOver}`;
  }
}

function* checkPlaces({ bounds, entries }: JudgedCity): Generator<string> {
  if (bounds && (bounds.south >= bounds.north || bounds.west >= bounds.east)) {
    yield 'bounds: south must be below north and west below east';
    return;
  }
  for (const list of LISTS) {
    const seen = new Set<string>();
    for (const entry of entries[list]) {
      if (seen.has(entry.id)) yield `${list}.${entry.id}: the id is used twice`;
      seen.add(entry.id);
      if (!bounds || !('lat' in entry)) continue;
      const { lat, lng } = entry;
      if (lat < bounds.south || lat > bounds.north || lng < bounds.west || lng > bounds.east) {
        yield `${list}.${entry.id}: it lies outside the city's bounds; are lat and lng swapped?`;
      }
    }
  }
}

function* checkDevice(entry: DeviceSite, { ids }: JudgedCity): Generator<string> {
  const where = `devices.${entry.id}`;
  const references = deviceKinds.get(entry.kind)?.references ?? {};
  for (const [field, list] of Object.entries(references)) {
    const named = (entry as unknown as SiteFields)[field];
    if (typeof named === 'string' && !ids[list].has(named)) yield `${where}: no ${field} ${named}`;
  }
  if (!isRiverGauge(entry)) return;
  for (const { gauge } of entry.upstream) {
    if (!ids.gauges.has(gauge)) yield `${where}: no upstream gauge ${gauge}`;
  }
  yield* checkLadder(entry, where);
}

function* checkLadder(gauge: RiverGauge, where: string): Generator<string> {
  const { normalLevelM, sensorHeightM, hysteresisM, thresholds } = gauge;
  const [lowest, highest] = gauge.sensorRangeM;
  if (lowest >= highest) yield `${where}: sensorRangeM must be [lowest, highest]`;
  else if (normalLevelM < lowest || normalLevelM > highest) {
    yield `${where}: the sensor cannot see the normal level ${normalLevelM} m`;
  }
  if (sensorHeightM !== undefined && sensorHeightM < highest) {
    yield `${where}: the sensor hangs at ${sensorHeightM} m and cannot see ${highest} m above it`;
  }
  const first = thresholds[0];
  if (first && normalLevelM >= first.levelM - hysteresisM) {
    yield `${where}: the normal level must lie more than the hysteresis below ${first.levelM} m, or its alert never clears`;
  }
  for (const [index, step] of thresholds.entries()) {
    const below = thresholds[index - 1];
    if (step.levelM > highest) yield `${where}: the sensor cannot see ${step.levelM} m`;
    if (!below) continue;
    if (below.levelM >= step.levelM) yield `${where}: thresholds must ascend`;
    if (SEVERITIES.indexOf(below.severity) >= SEVERITIES.indexOf(step.severity)) {
      yield `${where}: severities must ascend with the levels`;
    }
  }
}

/** Water runs one way: whoever follows the gauges upstream must come to an end. Each circle is said once. */
function* checkUpstreamCircles(gauges: readonly RiverGauge[]): Generator<string> {
  const upstreamOf = new Map(gauges.map((each) => [each.id, each.upstream.map(({ gauge }) => gauge)]));
  const done = new Set<string>();
  function* follow(id: string, path: readonly string[]): Generator<string> {
    const begin = path.indexOf(id);
    if (begin >= 0) {
      yield `devices.${id}: the upstream gauges form a circle: ${[...path.slice(begin), id].join(' → ')}`;
      return;
    }
    if (done.has(id)) return;
    for (const above of upstreamOf.get(id) ?? []) yield* follow(above, [...path, id]);
    done.add(id);
  }
  for (const { id } of gauges) yield* follow(id, []);
}
