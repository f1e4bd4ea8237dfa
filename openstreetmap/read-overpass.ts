/**
 * An Overpass answer in JSON: nodes with their tags, ways by node numbers or with `geometry`, relations, and the remark
 * that says an answer is cut.
 */
import { z } from 'zod';
import type { ImportReport } from './import-report.ts';
import {
  keyPlaces,
  OsmError,
  type OsmPlace,
  type OsmPoint,
  type OsmRelation,
  type OsmWay,
  type ReadOsm,
  readTags,
  type Tags,
} from './osm-content.ts';

const position = { lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) };
const tags = z.record(z.string(), z.unknown()).optional();
const elementSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('node'), id: z.number(), tags, ...position }),
  z.object({
    type: z.literal('way'),
    id: z.number(),
    nodes: z.array(z.number()).optional(),
    geometry: z.array(z.object(position).nullable()).optional(),
    tags,
  }),
  z.object({
    type: z.literal('relation'),
    tags,
    members: z.array(z.object({ type: z.string(), ref: z.number(), role: z.string() })).optional(),
  }),
]);
type Element = z.infer<typeof elementSchema>;
type WayElement = Extract<Element, { type: 'way' }>;

const answerSchema = z.object({
  elements: z.array(z.unknown()),
  /** "runtime error: Query timed out …": what follows in the answer is missing. */
  remark: z.string().optional(),
});
const KNOWN = new Set(['node', 'way', 'relation']);

export const readOverpass: ReadOsm = (content, report) => {
  const answer = parseWith(answerSchema, content);
  const nodes = new Map<number, OsmPoint>();
  const nodeTags = new Map<number | string, Tags>();
  const places: OsmPlace[] = [];
  const ways = new Map<number, WayElement>();
  const relations: OsmRelation[] = [];
  for (const [index, raw] of answer.elements.entries()) {
    const type = String((raw as { type?: unknown } | null)?.type);
    if (!KNOWN.has(type)) {
      report.note('left out', `an element of type ${type}`);
      continue;
    }
    const element = parseWith(elementSchema, raw, `elements.${index}.`);
    if (element.type === 'node') {
      nodes.set(element.id, { key: element.id, lat: element.lat, lng: element.lon });
      if (element.tags) {
        const tags = readTags(element.tags);
        nodeTags.set(element.id, tags);
        places.push({ tags, lat: element.lat, lng: element.lon });
      }
    } else if (element.type === 'way') {
      if (ways.has(element.id)) report.note('left out', 'a way that the file holds twice');
      ways.set(element.id, element);
    } else if (element.members) {
      relations.push({ tags: readTags(element.tags ?? {}), members: element.members });
    }
  }
  if (nodeTags.size === 0) report.note('unknown', 'no node has tags: gates and bollards are not known');
  if (relations.length === 0) report.note('unknown', 'no relations: banned turns are not known');
  const { remark } = answer;
  return {
    ways: readWays([...ways.values()], nodes, report),
    ...{ nodeTags, places, areas: [], relations },
    ...(remark === undefined ? {} : { incomplete: remark }),
  };
};

function parseWith<Schema extends z.ZodType>(schema: Schema, content: unknown, where = ''): z.infer<Schema> {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = `${where}${issue?.path.join('.')}` || 'the file';
  throw new OsmError(`neither an Overpass answer nor GeoJSON lines: ${path}: ${issue?.message}`);
}

function readWays(
  elements: readonly WayElement[],
  nodes: ReadonlyMap<number, OsmPoint>,
  report: ImportReport,
): OsmWay[] {
  const placed = elements.map((element) => ({ element, tags: readTags(element.tags ?? {}) }));
  const byPlace = placed.filter(({ element }) => !element.nodes && element.geometry);
  const lines = byPlace.map(({ element, tags }) => ({
    tags,
    places: (element.geometry ?? [])
      .filter((each) => each !== null)
      .map(({ lat, lon }) => ({ lat, lng: lon })),
  }));
  const keyed = new Map(keyPlaces(lines, report).map((points, index) => [byPlace[index]?.element, points]));
  return placed.map(({ element, tags }) => {
    const points = keyed.get(element);
    const known = points
      ? withHoles(element.geometry ?? [], points)
      : (element.nodes ?? []).map((id, index): OsmPoint | undefined => {
          const inline = element.geometry?.[index];
          return nodes.get(id) ?? (inline ? { key: id, lat: inline.lat, lng: inline.lon } : undefined);
        });
    return { id: element.id, tags, runs: cutAtHoles(known, tags, report) };
  });
}

function withHoles(geometry: readonly unknown[], points: readonly OsmPoint[]): (OsmPoint | undefined)[] {
  let next = 0;
  return geometry.map((place) => (place === null ? undefined : points[next++]));
}

/** A node that the answer does not hold is no straight line to the one after it. */
function cutAtHoles(
  points: readonly (OsmPoint | undefined)[],
  tags: Tags,
  report: ImportReport,
): OsmPoint[][] {
  const runs: OsmPoint[][] = [[]];
  let missing = 0;
  for (const point of points) {
    if (point) runs.at(-1)?.push(point);
    else {
      missing++;
      runs.push([]);
    }
  }
  const long = runs.filter((run) => run.length > 1);
  if (tags['highway'] !== undefined || tags['route'] === 'ferry') {
    report.note('left out', 'a node that a road names and the file does not hold', missing);
    report.note(
      'left out',
      'a hole within a road: not bridged by a straight line',
      Math.max(0, long.length - 1),
    );
  }
  return long;
}
