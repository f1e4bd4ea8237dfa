/**
 * What a file of OpenStreetMap data holds, the same whether it came from Overpass or as GeoJSON: ways, what stands at
 * their nodes, areas, relations.
 *
 * Read by dispatch/roads for its network and by maps/ for what is drawn.
 * Invariant: lat and lng are never swapped (Overpass names them, GeoJSON has lng first); two points have one key where
 * their ways meet, and only there.
 */
import type { ImportReport } from './import-report.ts';

export type Tags = Readonly<Record<string, string>>;

export interface Position {
  readonly lat: number;
  readonly lng: number;
}

export interface OsmPoint extends Position {
  /** The node's number, or its place where the file has no numbers. */
  readonly key: number | string;
}

export interface OsmWay {
  readonly id: number | string;
  readonly tags: Tags;
  /** Points that follow one another; a hole in the file begins another run. */
  readonly runs: readonly (readonly OsmPoint[])[];
}

export interface OsmRelation {
  readonly tags: Tags;
  readonly members: readonly { readonly type: string; readonly ref: number; readonly role: string }[];
}

export interface OsmPlace extends Position {
  readonly tags: Tags;
}

export interface OsmArea {
  readonly tags: Tags;
  /** The outer ring first, then its holes. */
  readonly rings: readonly (readonly Position[])[];
}

export interface OsmContent {
  readonly ways: readonly OsmWay[];
  readonly nodeTags: ReadonlyMap<number | string, Tags>;
  /** Nodes that have tags, where they are. */
  readonly places: readonly OsmPlace[];
  /** What a file itself draws as an area; Overpass has them as ways and relations. */
  readonly areas: readonly OsmArea[];
  readonly relations: readonly OsmRelation[];
  /** What the file itself says is missing from it. */
  readonly incomplete?: string;
}

export type ReadOsm = (content: unknown, report: ImportReport) => OsmContent;

/** A file that is neither, or has no roads in it. */
export class OsmError extends Error {
  readonly code = 'ROADS_NOT_UNDERSTOOD';
}

/** Values as text; GDAL writes null for what is absent. Its `other_tags` are tags too. */
export function readTags(properties: Readonly<Record<string, unknown>>): Tags {
  const tags: Record<string, string> = {};
  const nested = properties['tags'];
  if (typeof nested === 'object' && nested !== null) Object.assign(tags, readTags({ ...nested }));
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'other_tags' && typeof value === 'string') Object.assign(tags, parseHstore(value), tags);
    else if (['string', 'number', 'boolean'].includes(typeof value)) tags[key] = String(value);
  }
  return tags;
}

/** `"oneway"=>"yes","name"=>"Jl. \"A\""`, as PostgreSQL writes it; a value may be NULL. */
export function parseHstore(text: string): Tags {
  const tags: Record<string, string> = {};
  const plain = (quoted: string) => quoted.replace(/\\(.)/gs, '$1');
  for (const [, key, value] of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*=>\s*(?:"((?:[^"\\]|\\.)*)"|NULL)/gs)) {
    if (key !== undefined && value !== undefined) tags[plain(key)] = plain(value);
  }
  return tags;
}

/** Over or under the ground: what crosses at another level does not meet, though it shares a place. */
export function levelOf(tags: Tags): number {
  const isBridge = tags['bridge'] !== undefined && tags['bridge'] !== 'no';
  const isTunnel = tags['tunnel'] === 'yes';
  if (!isBridge && !isTunnel) return 0;
  const layer = Number.parseInt(tags['layer'] ?? '', 10);
  return Number.isNaN(layer) || layer === 0 ? (isBridge ? 1 : -1) : layer;
}

export interface Line {
  readonly tags: Tags;
  readonly places: readonly Position[];
}

/**
 * Keys of the points of lines that have no node numbers. Lines meet where they share a point at the same level; a
 * bridge or a tunnel meets the ground with its ends, unless another piece of it goes on from there.
 */
export function keyPlaces(lines: readonly Line[], report: ImportReport): OsmPoint[][] {
  /** Of a place and level: that a line passes there, and how many end there. */
  const passing = new Set<string>();
  const endings = new Map<string, number>();
  const at = ({ lat, lng }: Line['places'][number]) => `${lat.toFixed(7)},${lng.toFixed(7)}`;
  const isEnd = (places: Line['places'], index: number) => index === 0 || index === places.length - 1;
  for (const { tags, places } of lines) {
    const level = levelOf(tags);
    for (const [index, place] of places.entries()) {
      const key = `${at(place)}@${level}`;
      if (isEnd(places, index)) endings.set(key, (endings.get(key) ?? 0) + 1);
      else passing.add(key);
    }
  }
  const grounded = (place: string) => passing.has(`${place}@0`);
  return lines.map(({ tags, places }) => {
    const level = levelOf(tags);
    return places.map((point, index) => {
      const place = at(point);
      const own = `${place}@${level}`;
      const ground = { key: place, ...point };
      if (level === 0) return ground;
      if (isEnd(places, index)) {
        // Two ends over a street that merely passes below are one bridge in two pieces.
        const goesOn = passing.has(own) || ((endings.get(own) ?? 0) > 1 && grounded(place));
        return goesOn ? { key: own, ...point } : ground;
      }
      if (grounded(place) || endings.has(`${place}@0`)) {
        report.note('read', 'a place where a bridge or a tunnel crosses another road without meeting it');
      }
      return { key: own, ...point };
    });
  });
}
