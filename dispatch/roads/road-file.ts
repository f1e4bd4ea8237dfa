/**
 * The road file: an imported network on disk, some 25 bytes an edge, read at start in place of the city's.
 *
 * Layout: the magic line, header length (uint32, little-endian), header as JSON (counts, source, when), then the
 * arrays in their order, each a multiple of nothing: they are copied out; banned turns last, each as which vehicles,
 * how many edges, and the edges. CRC-32 of all before it ends the file. Invariant: written beside and renamed, so that
 * a reader sees a whole file or none; what is damaged or of another version is refused with a sentence.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { EdgeList, TurnBan } from './edge-list.ts';
import { CLASS_NUMBERS, VEHICLES } from './road-classes.ts';

const MAGIC = Buffer.from('SIAGA ROADS 2\n', 'latin1');

const headerSchema = z.object({
  nodes: z.int().min(1),
  edges: z.int().min(1),
  /** Where it came from, with its licence. */
  source: z.string(),
  importedAt: z.string(),
  /** Uint32 numbers that the banned turns take. */
  banNumbers: z.int().min(0),
  /** What was read, joined and left out, in words. */
  report: z.array(z.string()),
  /** What the file itself said is missing from it. */
  incomplete: z.string().optional(),
});
export type RoadFileHeader = z.infer<typeof headerSchema>;

export class RoadFileError extends Error {
  readonly code = 'ROAD_FILE_INVALID';
}

/** Where the server looks for the network of a city. */
export function roadFileOf(dataDir: string, city: string): string {
  return `${dataDir}/${city}.roads`;
}

export function writeRoadFile(
  file: string,
  list: EdgeList,
  about: Omit<RoadFileHeader, 'nodes' | 'edges' | 'banNumbers'>,
): number {
  const bans = formatBans(list.bans);
  const counts = { nodes: list.lats.length, edges: list.from.length, banNumbers: bans.length };
  const header: RoadFileHeader = { ...counts, ...about };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const { lats, lngs, from, to, lengthsM, classes, speeds } = list;
  const arrays = [lats, lngs, from, to, lengthsM, classes, speeds.motorcycle, speeds.transport, bans];
  const body = Buffer.concat([
    MAGIC,
    length,
    json,
    ...arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)),
  ]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(body));
  writeFileSync(`${file}.new`, Buffer.concat([body, checksum]), { flush: true });
  renameSync(`${file}.new`, file);
  return body.length + checksum.length;
}

/** Throws RoadFileError, or what the file system says (ENOENT where there is none). */
export function readRoadFile(file: string): { header: RoadFileHeader; list: EdgeList } {
  const bytes = readFileSync(file);
  const refuse = (why: string) => new RoadFileError(`${file}: ${why}; import the roads again`);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw refuse('not a road file of this version');
  if (
    bytes.length < MAGIC.length + 8 ||
    crc32(bytes.subarray(0, -4)) !== bytes.readUInt32LE(bytes.length - 4)
  ) {
    throw refuse('damaged, its checksum is wrong');
  }
  const headerEnd = MAGIC.length + 4 + bytes.readUInt32LE(MAGIC.length);
  const parsed = headerSchema.safeParse(JSON.parse(bytes.toString('utf8', MAGIC.length + 4, headerEnd)));
  if (!parsed.success) throw refuse('its header is not understood');
  const header = parsed.data;
  const { nodes, edges, banNumbers } = header;
  if (headerEnd + nodes * 16 + edges * 17 + banNumbers * 4 + 4 !== bytes.length)
    throw refuse('its length does not fit');
  let offset = headerEnd;
  // A copy each: a typed array must start at a multiple of its element's size.
  const take = (byteLength: number) => {
    const copy = bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + byteLength);
    offset += byteLength;
    return copy as ArrayBuffer;
  };
  const arrays = {
    lats: new Float64Array(take(8 * nodes)),
    lngs: new Float64Array(take(8 * nodes)),
    from: new Uint32Array(take(4 * edges)),
    to: new Uint32Array(take(4 * edges)),
    lengthsM: new Float32Array(take(4 * edges)),
    classes: new Uint8Array(take(edges)),
    speeds: {
      motorcycle: new Uint16Array(take(2 * edges)),
      transport: new Uint16Array(take(2 * edges)),
    },
  };
  const bans = parseBans(new Uint32Array(take(4 * banNumbers)), edges);
  if (!bans) throw refuse('its banned turns are not understood');
  const list: EdgeList = { ...arrays, bans };
  const isSound =
    list.from.every((node) => node < nodes) &&
    list.to.every((node) => node < nodes) &&
    list.classes.every((each) => each < CLASS_NUMBERS.length);
  if (!isSound) throw refuse('it names nodes or classes that do not exist');
  return { header, list };
}

/** Vehicles as bits in their order, the number of edges, the edges. */
function formatBans(bans: readonly TurnBan[]): Uint32Array {
  return Uint32Array.from(
    bans.flatMap(({ edges, vehicles }) => [
      vehicles.reduce((bits, vehicle) => bits | (1 << VEHICLES.indexOf(vehicle)), 0),
      edges.length,
      ...edges,
    ]),
  );
}

/** Undefined where an edge does not exist or a ban is cut. */
function parseBans(numbers: Uint32Array, edgeCount: number): TurnBan[] | undefined {
  const bans: TurnBan[] = [];
  for (let at = 0; at < numbers.length; ) {
    const [bits, count] = [numbers[at] as number, numbers[at + 1] ?? 0];
    const edges = [...numbers.subarray(at + 2, at + 2 + count)];
    if (count < 2 || edges.length < count || edges.some((edge) => edge >= edgeCount)) return undefined;
    bans.push({ edges, vehicles: VEHICLES.filter((_, index) => bits & (1 << index)) });
    at += 2 + count;
  }
  return bans;
}
