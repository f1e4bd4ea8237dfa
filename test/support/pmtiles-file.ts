/**
 * A `.pmtiles` file with one vector tile, as the specification of version 3 lays it out: header, directory, metadata,
 * tile.
 *
 * https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. Nothing in it is compressed.
 */
import { writeFileSync } from 'node:fs';

export interface PmtilesContent {
  readonly layers: readonly string[];
  readonly attribution?: string;
  /** Of zoom 0. */
  readonly tile: Buffer;
  /** 1 is vector tiles, 2 PNG. */
  readonly tileType?: number;
}

const HEADER_BYTES = 127;

export function writePmtiles(
  file: string,
  { layers, attribution, tile, tileType = 1 }: PmtilesContent,
): void {
  // One entry: tile 0, a run of 1, its length, its offset (plus 1).
  const directory = Buffer.from([1, 0, 1, ...varint(tile.length), 1]);
  const metadata = Buffer.from(
    JSON.stringify({
      vector_layers: layers.map((id) => ({ id, fields: {} })),
      ...(attribution ? { attribution } : {}),
    }),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('PMTiles');
  header.writeUInt8(3, 7);
  const metadataAt = HEADER_BYTES + directory.length;
  const tileAt = metadataAt + metadata.length;
  const places = [
    HEADER_BYTES,
    directory.length,
    metadataAt,
    metadata.length,
    tileAt,
    0,
    tileAt,
    tile.length,
    1,
    1,
    1,
  ];
  for (const [index, number] of places.entries()) header.writeBigUInt64LE(BigInt(number), 8 + 8 * index);
  // Clustered; directories and tile uncompressed; the type; zoom 0 to 0.
  for (const [index, byte] of [1, 1, 1, tileType, 0, 0].entries()) header.writeUInt8(byte, 96 + index);
  writeFileSync(file, Buffer.concat([header, directory, metadata, tile]));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

const field = (number: number, bytes: readonly number[]): number[] => [
  (number << 3) | 2,
  ...varint(bytes.length),
  ...bytes,
];
const text = (words: string): number[] => [...Buffer.from(words)];
const zigzag = (value: number): number => (value << 1) ^ (value >> 31);

/** A vector tile with one layer whose only feature covers its west, a half or up to `x` of 4,096. */
export function drawWest(layer: string, x = 2048): Buffer {
  const y = 4096;
  const moves = [
    ...[9, zigzag(0), zigzag(0)],
    ...[26, zigzag(x), zigzag(0), zigzag(0), zigzag(y), zigzag(-x), zigzag(0)],
    15,
  ];
  const feature = [0x18, 3, ...field(4, moves.flatMap(varint))];
  return Buffer.from(
    field(3, [...field(1, text(layer)), ...field(2, feature), 0x28, ...varint(4096), 0x78, 2]),
  );
}
