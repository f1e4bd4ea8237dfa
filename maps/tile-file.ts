/**
 * A `.pmtiles` file as tiles: vector tiles of Protomaps or OpenMapTiles in one file that somebody made or bought.
 *
 * Read by api/city/map.ts, tile by tile from the disk; the file may have many gigabytes. Invariant: what is no vector
 * tiles, or of a schema that the pages cannot draw, is refused with a sentence when it is opened.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Compression, PMTiles, ResolvedValueCache, type Source, TileType } from 'pmtiles';
import { z } from 'zod';
import { MapFileError } from './map-file.ts';

/** By a layer that only it has. */
const SCHEMAS = { roads: 'protomaps', transportation: 'openmaptiles' } as const;
export type TileSchema = (typeof SCHEMAS)[keyof typeof SCHEMAS];

const metadataSchema = z.object({
  attribution: z.string().optional(),
  vector_layers: z.array(z.object({ id: z.string() })).default([]),
});
/** Directories kept, some 20 KB each. */
const MAX_DIRECTORIES = 200;

export interface TileFile extends AsyncDisposable {
  /** Of its header and directory: a path with it in it never changes what it means. */
  readonly version: string;
  readonly schema: TileSchema;
  readonly attribution: string;
  readonly minZoom: number;
  readonly maxZoom: number;
  /** Not compressed; undefined where nothing is there. */
  read(z: number, x: number, y: number): Promise<Buffer | undefined>;
}

/** Throws MapFileError, or what the file system says. */
export async function openTileFile(file: string): Promise<TileFile> {
  const handle = await open(file);
  try {
    return await readTileFile(handle, file);
  } catch (error) {
    await handle.close();
    if (error instanceof MapFileError || (error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new MapFileError(`${file}: no .pmtiles file, or a damaged one`, { cause: error });
  }
}

async function readTileFile(handle: FileHandle, file: string): Promise<TileFile> {
  const source: Source = {
    getKey: () => file,
    async getBytes(offset, length) {
      // An ArrayBuffer of its own: the library hands it on as a whole.
      const bytes = new Uint8Array(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      return { data: bytes.buffer.slice(0, bytesRead) };
    },
  };
  const tiles = new PMTiles(source, new ResolvedValueCache(MAX_DIRECTORIES));
  const header = await tiles.getHeader();
  if (header.tileType !== TileType.Mvt)
    throw new MapFileError(`${file}: its tiles are pictures, not vector tiles`);
  if (header.tileCompression !== Compression.None && header.tileCompression !== Compression.Gzip) {
    throw new MapFileError(`${file}: its tiles are neither plain nor compressed by gzip`);
  }
  const metadata = metadataSchema.parse(await tiles.getMetadata());
  const layers = new Set(metadata.vector_layers.map(({ id }) => id));
  const known = Object.entries(SCHEMAS).find(([layer]) => layers.has(layer));
  if (!known) {
    throw new MapFileError(
      `${file}: neither Protomaps' layers nor those of OpenMapTiles; it has ${[...layers].slice(0, 12).join(', ') || 'none'}`,
    );
  }
  const { size, mtimeMs } = await handle.stat();
  return {
    version: createHash('sha256')
      .update(JSON.stringify([header, size, mtimeMs]))
      .digest('hex')
      .slice(0, 16),
    schema: known[1],
    attribution: toPlain(metadata.attribution ?? '') || '© OpenStreetMap contributors',
    minZoom: header.minZoom,
    maxZoom: header.maxZoom,
    async read(zoom, x, y) {
      const found = await tiles.getZxy(zoom, x, y);
      return found && Buffer.from(found.data);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** The format lets HTML stand here; the page shows text. */
function toPlain(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&copy;', '©')
    .replaceAll('&amp;', '&')
    .trim();
}
