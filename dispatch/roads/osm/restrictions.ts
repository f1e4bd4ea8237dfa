/**
 * Turn restrictions → banned sequences of edges, by vehicle: `no_*` and `only_*`, over a node or over ways, with
 * `except`.
 *
 * A restriction would mean little if one drove past the junction and turned round at the next bend of the road: that is
 * banned with it, up to where roads meet or end. Conditions are taken as holding always. Invariant: each relation
 * is counted, as read or by why it is not.
 */

import { type Notes, onceEach } from '../../../openstreetmap/import-report.ts';
import type { OsmRelation, Tags } from '../../../openstreetmap/osm-content.ts';
import type { TurnBan } from '../edge-list.ts';
import { VEHICLES, type Vehicle } from '../road-classes.ts';
import type { WayEdges } from './way-edges.ts';

const NO = /^no_(?:left_turn|right_turn|straight_on|u_turn|entry|exit|turn)/;
const ONLY = /^only_(?:left_turn|right_turn|straight_on|u_turn)/;
/** Vehicles' own restrictions, and the exceptions by which they are let off. */
const NAMES: Readonly<Record<Vehicle, readonly string[]>> = {
  motorcycle: ['motorcycle', 'motor_vehicle', 'vehicle', 'emergency'],
  transport: ['motorcar', 'motor_vehicle', 'vehicle', 'emergency'],
};
/** Bends that are followed to where roads meet; and nodes of a via way. */
const MAX_BENDS = 30;
const MAX_VIA_EDGES = 200;

interface Restriction {
  readonly isOnly: boolean;
  readonly vehicles: readonly Vehicle[];
}

export function readRestrictions(
  relations: readonly OsmRelation[],
  edges: WayEdges,
  notes: Notes,
): TurnBan[] {
  const bans: TurnBan[] = [];
  for (const relation of relations) {
    if (!/^restriction/.test(relation.tags['type'] ?? '')) continue;
    const restrictions = readKinds(relation.tags, onceEach(notes));
    if (restrictions.length === 0) {
      notes.note('left out', 'a turn restriction for other vehicles, or of a kind that is not known');
      continue;
    }
    const found = findTurns(relation, edges);
    if (typeof found === 'string') {
      notes.note('left out', `a turn restriction ${found}`);
      continue;
    }
    for (const restriction of restrictions) {
      for (const turn of found) bans.push(...banTurn(turn, restriction, edges));
    }
    notes.note('read', 'a turn restriction');
  }
  return bans;
}

/** `restriction`, `restriction:motorcycle`, each also `:conditional`; `type=restriction:motorcycle` is the old way. */
function readKinds(tags: Tags, notes: Notes): Restriction[] {
  const excepted = (tags['except'] ?? '').split(/[;,]/).map((each) => each.trim());
  const byKind = new Map<boolean, Vehicle[]>();
  for (const vehicle of VEHICLES) {
    if (NAMES[vehicle].some((name) => excepted.includes(name))) continue;
    for (const name of ['', ...NAMES[vehicle]]) {
      const kind = kindFor(tags, name, notes);
      if (kind === undefined) continue;
      const isOnly = ONLY.test(kind);
      if (isOnly || NO.test(kind)) byKind.set(isOnly, [...(byKind.get(isOnly) ?? []), vehicle]);
      break;
    }
  }
  return [...byKind].map(([isOnly, vehicles]) => ({ isOnly, vehicles }));
}

function kindFor(tags: Tags, name: string, notes: Notes): string | undefined {
  const [, typeFor = ''] = /^restriction:(.*)$/.exec(tags['type'] ?? '') ?? [];
  const key = name === '' ? 'restriction' : `restriction:${name}`;
  const plain =
    typeFor === name ? (tags[key] ?? tags['restriction']) : typeFor === '' ? tags[key] : undefined;
  const conditional = tags[`${key}:conditional`];
  const isAtTimes =
    conditional !== undefined || tags['day_on'] !== undefined || tags['hour_on'] !== undefined;
  const kind = plain ?? conditional?.split('@')[0]?.trim();
  if (kind !== undefined && isAtTimes) notes.note('judged', 'a turn banned at times: taken as banned always');
  return kind;
}

/** What is driven up to the junction, and the edge that the restriction speaks of. */
interface Turn {
  readonly driven: readonly number[];
  readonly to: number;
}

/** All turns that the relation means; or why there is none. */
function findTurns({ members }: OsmRelation, edges: WayEdges): Turn[] | string {
  const ofRole = (role: string, type: string) =>
    members.filter((each) => each.role === role && each.type === type).map(({ ref }) => ref);
  const [from, to] = [ofRole('from', 'way'), ofRole('to', 'way')];
  const [viaNodes, viaWays] = [ofRole('via', 'node'), ofRole('via', 'way')];
  if (from.length === 0 || to.length === 0 || viaNodes.length + viaWays.length === 0) {
    return 'without from, via or to';
  }
  if (viaNodes.length > 0 && viaWays.length > 0) return 'over both nodes and ways';
  if (![...from, ...to, ...viaWays].every((way) => edges.hasWay(way))) {
    return 'of a way that is no road here';
  }
  const turns: Turn[] = [];
  for (const start of from) {
    for (const end of to) {
      const driven =
        viaWays.length > 0 ? drivenOverWays(start, viaWays, edges) : drivenTo(start, viaNodes, edges);
      for (const each of driven) {
        const arriving = each.at(-1) as number;
        const leaving = edges.of(end).filter((edge) => edges.from(edge) === edges.to(arriving));
        // A way that passes the junction could mean either direction.
        if (leaving.length > 1) return 'whose way is not cut at the junction';
        if (leaving[0] !== undefined) turns.push({ driven: each, to: leaving[0] });
      }
    }
  }
  return turns.length > 0 ? turns : 'that nobody could drive, or whose way is not cut at the junction';
}

function drivenTo(way: number, nodes: readonly number[], edges: WayEdges): number[][] {
  const junctions = new Set(nodes.map((node) => edges.nodeNumber(node)));
  const arriving = edges.of(way).filter((edge) => junctions.has(edges.to(edge)));
  return arriving.length > nodes.length ? [] : arriving.map((edge) => [edge]);
}

/** From the end of a way over the via ways to wherever they lead without turning back. */
function drivenOverWays(start: number, via: readonly number[], edges: WayEdges): number[][] {
  const onVia = via.flatMap((way) => edges.of(way));
  const paths: number[][] = [];
  const goOn = (driven: readonly number[], seen: ReadonlySet<number>) => {
    const last = driven.at(-1) as number;
    for (const edge of onVia) {
      if (edges.from(edge) !== edges.to(last) || seen.has(edges.to(edge))) continue;
      if (driven.length > MAX_VIA_EDGES) return;
      const further = [...driven, edge];
      paths.push(further);
      goOn(further, new Set([...seen, edges.to(edge)]));
    }
  };
  for (const edge of edges.of(start)) goOn([edge], new Set([edges.from(edge), edges.to(edge)]));
  return paths;
}

function banTurn({ driven, to }: Turn, { isOnly, vehicles }: Restriction, edges: WayEdges): TurnBan[] {
  const arriving = driven.at(-1) as number;
  const leaving = edges.leaving(edges.to(arriving));
  const isBanned = (edge: number) => (isOnly ? edge !== to : edge === to);
  const bans: TurnBan[] = [];
  for (const edge of leaving) {
    if (isBanned(edge)) bans.push({ edges: [...driven, edge], vehicles });
    else if (edges.to(edge) !== edges.from(arriving))
      bans.push(...banTurningRound(driven, edge, vehicles, edges));
  }
  return bans;
}

/** At every bend from the junction to where roads meet or end. */
function banTurningRound(
  driven: readonly number[],
  first: number,
  vehicles: readonly Vehicle[],
  edges: WayEdges,
): TurnBan[] {
  const bans: TurnBan[] = [];
  const path = [...driven, first];
  for (let bend = 0; bend < MAX_BENDS; bend++) {
    const last = path.at(-1) as number;
    const leaving = edges.leaving(edges.to(last));
    const back = leaving.filter((edge) => edges.to(edge) === edges.from(last));
    const onwards = leaving.filter((edge) => edges.to(edge) !== edges.from(last));
    const neighbours = new Set(onwards.map((edge) => edges.to(edge)));
    if (neighbours.size !== 1 || edges.hasOtherWaysIn(last, onwards)) break;
    for (const edge of back) bans.push({ edges: [...path, edge], vehicles });
    path.push(onwards[0] as number);
  }
  return bans;
}
