/**
 * `GET /v1/map`: what a map of the city is drawn on, and its parts: tiles of MAP_FILE, else the imported map, else
 * nothing but the sketch that `/v1/city` holds.
 *
 * Opened once, when the API is. Invariants: a map that cannot be read is logged and the next one taken, for no map is a
 * reason not to start; a path with a version in it never changes what it means, and may be kept for a year.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type MapFile, openMapFile } from '../../maps/map-file.ts';
import { openTileFile, type TileFile } from '../../maps/tile-file.ts';
import { Problem } from '../border/problem.ts';
import { numberInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { takes } from '../pages/send-file.ts';

const unpack = promisify(gunzip);
/** As the formats have it: at zoom 22 a tile is 9 m wide. */
const MAX_ZOOM = 22;

const version = z.string().describe('Of the map, as /v1/map says it.').meta({ example: 'f3a91c07' });

export interface MapDependencies {
  /** `.pmtiles`; undefined where none is configured. */
  readonly tileFile: string | undefined;
  /** Where an imported map would lie. */
  readonly mapFile: string;
  readonly log: Logger;
}

const answer = z
  .discriminatedUnion('from', [
    z.object({ from: z.literal('sketch') }).meta({ id: 'MapSketch' }),
    z
      .object({
        from: z.literal('import'),
        attribution: z.string(),
        main: z.string().describe('Path of its main part, GeoJSON.'),
        cell: z.string().describe('Path of a square of small roads, with `{cell}`, GeoJSON.'),
        cells: z.array(z.string()).describe('Squares that have roads: `x_y`, in steps of `cellDegrees`.'),
        cellDegrees: z.number(),
      })
      .meta({ id: 'MapImport' }),
    z
      .object({
        from: z.literal('tiles'),
        attribution: z.string(),
        schema: z.enum(['protomaps', 'openmaptiles']),
        tiles: z.string().describe('Path of a vector tile, with `{z}`, `{x}`, `{y}`.'),
        minZoom: z.int(),
        maxZoom: z.int(),
      })
      .meta({ id: 'MapTiles' }),
  ])
  .describe('What the ground of a map is drawn of. Paths are relative to the address of the API.')
  .meta({ id: 'MapGround' });

interface Opened {
  readonly tiles?: TileFile;
  readonly imported?: MapFile;
}

/** The routes below /v1. */
export const mapRoutes =
  (dependencies: MapDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const opened = await openMaps(dependencies);
    app.addHook('onClose', async () => {
      await opened.tiles?.[Symbol.asyncDispose]();
      await opened.imported?.[Symbol.asyncDispose]();
    });
    addGetMap(app, opened);
    addGetPart(app, opened);
    addGetTile(app, opened);
  };

async function openMaps({ tileFile, mapFile, log }: MapDependencies): Promise<Opened> {
  const attempt = async <T>(open: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await open();
    } catch (error) {
      log.error({ err: error }, 'a map cannot be read; the pages draw without it');
      return undefined;
    }
  };
  const tiles = tileFile === undefined ? undefined : await attempt(() => openTileFile(tileFile));
  if (tiles) return { tiles };
  const imported = await attempt(() => openMapFile(mapFile));
  return imported ? { imported } : {};
}

function addGetMap(app: ZodApp, { tiles, imported }: Opened): void {
  const describe = (): z.infer<typeof answer> => {
    if (tiles) {
      const { version, attribution, schema, minZoom, maxZoom } = tiles;
      const path = `v1/map/${version}/tiles/{z}/{x}/{y}`;
      return { from: 'tiles', attribution, schema, tiles: path, minZoom, maxZoom };
    }
    if (!imported) return { from: 'sketch' };
    const { version, source: attribution, cells, cellDegrees } = imported.header;
    const parts = `v1/map/${version}/parts`;
    return {
      ...{ from: 'import', attribution, cellDegrees },
      ...{ main: `${parts}/main`, cell: `${parts}/{cell}`, cells: Object.keys(cells) },
    };
  };
  const described = describe();
  app.get(
    '/map',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getMap',
        tags: ['map'],
        summary:
          'What the ground of a map of the city is drawn of: tiles, an imported map, or the sketch of `/v1/city`',
        response: { 200: answer },
      },
    },
    async () => described,
  );
}

function addGetPart(app: ZodApp, { imported }: Opened): void {
  app.get(
    '/map/:version/parts/:part',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getMapPart',
        tags: ['map'],
        summary: 'A part of the imported map: `main`, or a square of small roads',
        params: z.strictObject({
          version,
          part: z.string().describe('A part that /v1/map names.').meta({ example: '9/413/265' }),
        }),
        response: {
          200: {
            description: 'GeoJSON; each feature has `layer`, and `class` and `name` where there are.',
            content: { 'application/geo+json': { schema: z.unknown() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { version, part } = request.params;
      const isOfNow = imported?.header.version === version;
      const packed = isOfNow ? await imported?.read(part) : undefined;
      if (!packed) throw new Problem(404, 'unknown-map-part', 'There is no such part; read /v1/map again.');
      keepForAYear(reply).type('application/geo+json; charset=utf-8').header('vary', 'accept-encoding');
      if (!takes(request, 'gzip')) return reply.send((await unpack(packed)) as never);
      return reply.header('content-encoding', 'gzip').send(packed as never);
    },
  );
}

function addGetTile(app: ZodApp, { tiles }: Opened): void {
  const index = (what: string, most: number, example: number) =>
    numberInput(z.int().min(0).max(most), example).describe(what).meta({ example });
  const most = 2 ** MAX_ZOOM - 1;
  app.get(
    '/map/:version/tiles/:z/:x/:y',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getMapTile',
        tags: ['map'],
        summary: 'A vector tile of the map that the operator gave; empty where nothing is',
        params: z.strictObject({
          version,
          z: index('The zoom.', MAX_ZOOM, 9),
          x: index('The column of the tile, from the west.', most, 413),
          y: index('Its row, from the north.', most, 265),
        }),
        response: {
          200: {
            description: 'Mapbox Vector Tile; of no length where nothing is.',
            content: { 'application/vnd.mapbox-vector-tile': { schema: z.unknown() } },
          },
        },
      },
    },
    async ({ params: { version, z: zoom, x, y } }, reply) => {
      const isOne = x < 2 ** zoom && y < 2 ** zoom;
      if (tiles?.version !== version || !isOne) {
        throw new Problem(404, 'unknown-map-part', 'There is no such tile; read /v1/map again.');
      }
      const tile = await tiles.read(zoom, x, y);
      const body = tile ?? Buffer.alloc(0);
      return keepForAYear(reply)
        .type('application/vnd.mapbox-vector-tile')
        .send(body as never);
    },
  );
}

function keepForAYear(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'public, max-age=31536000, immutable');
}
