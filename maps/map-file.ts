/**
 * The file of a city's map: a header, and each part compressed as it goes to the browser.
 *
 *   SIAGAMAP1 · length of the header · header in JSON · parts
 *
 * Written by `npm run city -- import map`, read by api/city/map.ts. Invariants: a file is there whole or not at all; a
 * server that has it open goes on with it when another takes its place; a part is read from the disk when it is asked
 * for.
 */
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { CELL_DEGREES, type DrawnMap } from './draw-map.ts';
import type { MapFeature } from './map-features.ts';

const MAGIC = Buffer.from('SIAGAMAP1\n');
/** A browser reads the main part whole before it draws: 4 MiB are some 25 MB of JSON, and a metropolis. */
export const MAX_MAIN_BYTES = 4 * 1024 * 1024;

const place = z.tuple([z.int().min(0), z.int().min(0)]).describe('Offset behind the header, length.');
const headerSchema = z.object({
  /** Of what the parts hold: a path with it in it never changes what it means. */
  version: z.string().regex(/^[0-9a-f]{16}$/),
  source: z.string(),
  importedAt: z.string(),
  cellDegrees: z.number().positive(),
  main: place,
  cells: z.record(z.string().regex(/^-?\d+_-?\d+$/), place),
  report: z.array(z.string()),
});
export type MapHeader = z.infer<typeof headerSchema>;

export class MapFileError extends Error {
  readonly code = 'MAP_FILE_INVALID';
}

/** Where the server looks for the map of a city. */
export function mapFileOf(dataDir: string, city: string): string {
  return `${dataDir}/${city}.map`;
}

/** Returns its bytes. Throws MapFileError where a browser could not read it. */
export function writeMapFile(
  file: string,
  { main, cells }: DrawnMap,
  about: Pick<MapHeader, 'source' | 'importedAt' | 'report'>,
): number {
  const parts: Buffer[] = [];
  let offset = 0;
  const add = (features: readonly MapFeature[]): [number, number] => {
    const part = gzipSync(JSON.stringify({ type: 'FeatureCollection', features }), { level: 9 });
    parts.push(part);
    offset += part.length;
    return [offset - part.length, part.length];
  };
  const mainPlace = add(main);
  if (mainPlace[1] > MAX_MAIN_BYTES) {
    const mib = (mainPlace[1] / 2 ** 20).toFixed(1);
    throw new MapFileError(
      `its main roads and waters are ${mib} MiB compressed, more than a browser should read: take a smaller area, or tiles (MAP_FILE)`,
    );
  }
  const cellPlaces = Object.fromEntries([...cells].map(([cell, features]) => [cell, add(features)]));
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const header: MapHeader = {
    ...{ version: hash.digest('hex').slice(0, 16), cellDegrees: CELL_DEGREES },
    ...{ main: mainPlace, cells: cellPlaces },
    ...about,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const bytes = Buffer.concat([MAGIC, length, json, ...parts]);
  writeFileSync(`${file}.new`, bytes, { flush: true });
  renameSync(`${file}.new`, file);
  return bytes.length;
}

export interface MapFile extends AsyncDisposable {
  readonly header: MapHeader;
  /** `main` or a cell: GeoJSON, compressed by gzip. Undefined where there is no such part. */
  read(part: string): Promise<Buffer | undefined>;
}

/** Undefined where there is no file. Throws MapFileError, or what the file system says. */
export async function openMapFile(file: string): Promise<MapFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { header, end } = await readHeader(handle, file);
    const { main, cells } = header;
    const places = new Map([['main', main], ...Object.entries(cells)]);
    return {
      header,
      async read(part) {
        const at = places.get(part);
        return at && readExactly(handle, end + at[0], at[1], file);
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Beyond this a header is not one: 100,000 squares are 3 MB. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

async function readHeader(handle: FileHandle, file: string): Promise<{ header: MapHeader; end: number }> {
  const refuse = (why: string) => new MapFileError(`${file}: ${why}; import the map again`);
  const start = await readExactly(handle, 0, MAGIC.length + 4, file);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw refuse('not a map file of this version');
  const length = start.readUInt32LE(MAGIC.length);
  if (length > MAX_HEADER_BYTES) throw refuse('its header is not understood');
  const json = await readExactly(handle, start.length, length, file);
  const parsed = headerSchema.safeParse(parseJson(json.toString('utf8')));
  if (!parsed.success) throw refuse('its header is not understood');
  const end = start.length + length;
  const { main, cells } = parsed.data;
  const needed = [main, ...Object.values(cells)].reduce((most, [at, size]) => Math.max(most, at + size), 0);
  if (end + needed !== (await handle.stat()).size) throw refuse('its length does not fit');
  return { header: parsed.data, end };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readExactly(handle: FileHandle, at: number, length: number, file: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, at);
  if (bytesRead < length) throw new MapFileError(`${file}: cut off; import the map again`);
  return bytes;
}
