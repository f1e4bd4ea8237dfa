/**
 * What stands on the road at a node: bollards, gates, blocks. Whom it stops, and as which turns that is banned: whoever
 * has come to it may turn back, and may not go on.
 *
 * Access tags of the node decide, else the kind of barrier. A gate without tags is taken as open: most of them are
 * kept, and the guard lets an ambulance in. Invariant: every barrier on a road is in the report, by what became of it.
 */

import { type Notes, onceEach } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import type { EdgeList, TurnBan } from '../edge-list.ts';
import { VEHICLES, type Vehicle } from '../road-classes.ts';
import { compress } from '../rows.ts';
import { findAccess, isTooLarge } from './access-values.ts';

/** Whom a barrier lets through where its tags do not say. */
const PASSES: Readonly<Record<string, readonly Vehicle[]>> = {
  no: VEHICLES,
  entrance: VEHICLES,
  toll_booth: VEHICLES,
  border_control: VEHICLES,
  checkpoint: VEHICLES,
  cattle_grid: VEHICLES,
  sally_port: VEHICLES,
  kerb: VEHICLES,
  gate: VEHICLES,
  lift_gate: VEHICLES,
  swing_gate: VEHICLES,
  sliding_gate: VEHICLES,
  sliding_beam: VEHICLES,
  hampshire_gate: VEHICLES,
  spikes: VEHICLES,
  bollard: ['motorcycle'],
  rising_bollard: ['motorcycle'],
  block: ['motorcycle'],
  bus_trap: ['motorcycle'],
  sump_buster: ['motorcycle'],
  height_restrictor: ['motorcycle'],
  width_restrictor: ['motorcycle'],
  planter: ['motorcycle'],
};
const GATES = new Set(['gate', 'lift_gate', 'swing_gate', 'sliding_gate', 'sliding_beam', 'hampshire_gate']);
/** Nodes that are of the road itself: access tags of an entrance or a shop that a way touches are not meant for it. */
const ON_THE_ROAD = ['barrier', 'highway', 'railway', 'ford', 'traffic_calming'];

/** The vehicles that a node stops. */
export function findStopped(tags: Tags, report: Notes): Vehicle[] {
  if (!ON_THE_ROAD.some((key) => tags[key] !== undefined)) return [];
  const notes = onceEach(report);
  const { barrier } = tags;
  const stopped = VEHICLES.filter((vehicle) => stops(tags, vehicle, notes));
  if (barrier === undefined) {
    if (stopped.length > 0)
      notes.note('read', `a place on the road that is closed to ${stopped.join(' and ')}`);
    return stopped;
  }
  const whom = stopped.length === 0 ? 'open' : `closed to ${stopped.join(' and ')}`;
  notes.note('read', `barrier=${barrier}, ${whom}`);
  return stopped;
}

function stops(tags: Tags, vehicle: Vehicle, notes: Notes): boolean {
  const explicit = findAccess(tags, vehicle, undefined, notes);
  if (explicit) return explicit.access === 'closed' || isTooLarge(tags, vehicle);
  if (isTooLarge(tags, vehicle)) return true;
  const { barrier } = tags;
  if (barrier === undefined) return false;
  if (tags['locked'] === 'yes') return true;
  if (GATES.has(barrier)) notes.note('judged', `barrier=${barrier} without access tags: taken as open`);
  // How high it is is the point of it: where that is said, it has been asked above.
  if (barrier === 'height_restrictor' && tags['maxheight'] !== undefined) return false;
  if (barrier === 'width_restrictor' && tags['maxwidth'] !== undefined) return false;
  return !(PASSES[barrier] ?? []).includes(vehicle);
}

/** From every edge that arrives at a stopped node on to every other road there. */
export function banThrough(list: EdgeList, stoppedAt: ReadonlyMap<number, readonly Vehicle[]>): TurnBan[] {
  const out = compress(list.from, list.to, list.lats.length);
  const bans: TurnBan[] = [];
  for (const [arriving, node] of list.to.entries()) {
    const vehicles = stoppedAt.get(node);
    if (!vehicles) continue;
    for (let place = out.offsets[node] as number; place < (out.offsets[node + 1] as number); place++) {
      if (out.ends[place] === list.from[arriving]) continue;
      bans.push({ edges: [arriving, out.edges[place] as number], vehicles });
    }
  }
  return bans;
}
