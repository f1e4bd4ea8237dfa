import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mapRoutes } from '../../api/city/map.ts';
import type { DrawnMap } from '../../maps/draw-map.ts';
import type { MapFeature } from '../../maps/map-features.ts';
import { MapFileError, mapFileOf, openMapFile, writeMapFile } from '../../maps/map-file.ts';
import { openTileFile } from '../../maps/tile-file.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { drawWest, writePmtiles } from '../support/pmtiles-file.ts';

const road = (name: string): MapFeature => ({
  type: 'Feature',
  properties: { layer: 'road', class: 'primary', name },
  geometry: {
    type: 'LineString',
    coordinates: [
      [110.4, -7],
      [110.5, -7],
    ],
  },
});
const DRAWN: DrawnMap = {
  main: [road('Jalan Besar')],
  cells: new Map([['2208_-140', [road('Gang Kecil')]]]),
};
const ABOUT = {
  source: '© OpenStreetMap contributors, ODbL',
  importedAt: '2026-01-15T02:30:00Z',
  report: [],
};

let folder: string;
let api: TestApi | undefined;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-map-'));
  logged = [];
});
afterEach(async () => {
  await api?.[Symbol.asyncDispose]();
  api = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(tileFile?: string): Promise<TestApi> {
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(line) });
  const routes = mapRoutes({ tileFile, mapFile: mapFileOf(folder, 'semarang'), log });
  api = await openTestApi({ routes: [routes] });
  return api;
}

describe('GET /v1/map', () => {
  test('is the sketch where there is no map, and nothing is logged', async () => {
    const { get } = await open();
    expect((await get('/v1/map')).json()).toEqual({ from: 'sketch' });
    expect((await get('/v1/map/0123456789abcdef/parts/main')).json()).toMatchObject({
      type: 'urn:siaga:problem:unknown-map-part',
    });
    expect((await get('/v1/map/0123456789abcdef/tiles/0/0/0')).statusCode).toBe(404);
    expect(logged).toEqual([]);
  });

  test('names the parts of the imported map, which are kept for a year, compressed or plain', async () => {
    writeMapFile(mapFileOf(folder, 'semarang'), DRAWN, ABOUT);
    const { app, get } = await open();
    const map = (await get('/v1/map')).json();
    expect(map).toMatchObject({
      from: 'import',
      attribution: ABOUT.source,
      cells: ['2208_-140'],
      cellDegrees: 0.05,
    });
    const main = await get(`/${map.main}`);
    expect(main.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(main.headers['content-type']).toBe('application/geo+json; charset=utf-8');
    expect(main.json().features).toEqual(DRAWN.main);
    const packed = await app.inject({
      url: `/${map.cell.replace('{cell}', '2208_-140')}`,
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(packed.rawPayload).toString()).features[0].properties.name).toBe(
      'Gang Kecil',
    );
    for (const other of ['parts/1_1', 'parts/constructor', 'tiles/0/0/0']) {
      expect((await get(`/${map.main.replace('parts/main', other)}`)).statusCode, other).toBe(404);
    }
    expect((await get('/v1/map/0123456789abcdef/parts/main')).statusCode).toBe(404);
  });

  test('goes on with the map that it began with when another is imported', async () => {
    const file = mapFileOf(folder, 'semarang');
    writeMapFile(file, DRAWN, ABOUT);
    const { get } = await open();
    const map = (await get('/v1/map')).json();
    writeMapFile(file, { main: [], cells: new Map() }, ABOUT);
    expect((await get(`/${map.main}`)).json().features).toHaveLength(1);
  });

  test.each([
    ['protomaps', 'roads'],
    ['openmaptiles', 'transportation'],
  ])('serves the tiles of MAP_FILE in the layers of %s before an imported map', async (schema, layer) => {
    writeMapFile(mapFileOf(folder, 'semarang'), DRAWN, ABOUT);
    const file = join(folder, 'java.pmtiles');
    const tile = drawWest('water');
    const attribution = '<a href="https://osm.org">&copy; OpenStreetMap</a>';
    writePmtiles(file, { layers: ['water', layer], tile, attribution });
    const { get } = await open(file);
    const map = (await get('/v1/map')).json();
    expect(map).toMatchObject({
      from: 'tiles',
      schema,
      attribution: '© OpenStreetMap',
      minZoom: 0,
      maxZoom: 0,
    });
    const at = (z: number, x: number, y: number) =>
      get(`/${map.tiles.replace('{z}', z).replace('{x}', x).replace('{y}', y)}`);
    const answer = await at(0, 0, 0);
    expect(answer.headers['content-type']).toBe('application/vnd.mapbox-vector-tile');
    expect(answer.rawPayload.equals(tile)).toBe(true);
    expect((await at(1, 0, 0)).rawPayload).toHaveLength(0);
    expect((await at(0, 1, 0)).statusCode).toBe(404);
    expect((await at(23, 0, 0)).statusCode).toBe(400);
    expect((await at(0, -1, 0)).statusCode).toBe(400);
  });

  test('a map that cannot be read is logged, and the next one is drawn', async () => {
    writeMapFile(mapFileOf(folder, 'semarang'), DRAWN, ABOUT);
    const { get } = await open(join(folder, 'missing.pmtiles'));
    expect((await get('/v1/map')).json().from).toBe('import');
    expect(logged.join()).toContain('missing.pmtiles');
  });
});

describe('a map file', () => {
  test.each([
    ['of another kind', () => Buffer.from('{"type":"FeatureCollection"}'), 'not a map file'],
    ['that is cut off', (bytes: Buffer) => bytes.subarray(0, -3), 'its length does not fit'],
    ['that ends in its header', (bytes: Buffer) => bytes.subarray(0, 40), 'cut off'],
    [
      'whose header is spoilt',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('"version"', '"verzion"'), 'latin1'),
      'header is not understood',
    ],
  ])('%s is refused with a sentence', async (_, spoil, words) => {
    const file = mapFileOf(folder, 'semarang');
    writeMapFile(file, DRAWN, ABOUT);
    writeFileSync(file, spoil(readFileSync(file)));
    await expect(openMapFile(file)).rejects.toThrow(words);
    await expect(openMapFile(file)).rejects.toThrow(MapFileError);
  });

  test('that a browser could not read whole is not written', () => {
    // Names that do not compress: 75,000 roads of some 100 digits, of which each is 5 bits.
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed.toString(36);
    };
    const main = Array.from({ length: 75_000 }, () => road(Array.from({ length: 16 }, random).join('')));
    expect(() => writeMapFile(mapFileOf(folder, 'big'), { main, cells: new Map() }, ABOUT)).toThrow(
      'MAP_FILE',
    );
  });
});

describe('a tile file', () => {
  test.each([
    ['of pictures', { layers: ['roads'], tileType: 2 }, 'pictures'],
    ['of layers that nobody knows', { layers: ['strassen'] }, 'it has strassen'],
  ])('%s is refused with a sentence', async (_, more, words) => {
    const file = join(folder, 'map.pmtiles');
    writePmtiles(file, { tile: drawWest('water'), ...more });
    await expect(openTileFile(file)).rejects.toThrow(words);
  });

  test('that is none, is refused with its name', async () => {
    const file = join(folder, 'map.pmtiles');
    writeFileSync(file, 'MBTiles, perhaps');
    await expect(openTileFile(file)).rejects.toThrow(`${file}: no .pmtiles file`);
  });
});
