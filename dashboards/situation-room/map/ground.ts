/**
 * The ground that a map is drawn on: tiles, the imported map or the city's own sketch, whichever the server has.
 *
 * Invariant: where the better ground does not come, the sketch is drawn, and what is said under the map is what is
 * drawn.
 */
import type { GeoJSONSource, Map as LibraryMap } from 'maplibre-gl';
import { type ApiClient, ApiError } from '../state/api/api-client.ts';
import type { City } from '../state/api/api-shapes.ts';
import { createCells } from '../state/map/ground-cells.ts';
import { geoJsonSchema, openMapTilesSchema, protomapsSchema } from '../state/map/ground-schema.ts';
import type { GroundFeatures, GroundJson } from '../state/map/ground-shapes.ts';
import { EMPTY, type GroundStyle } from '../state/map/ground-style.ts';
import { sketchGround } from '../state/map/sketch-ground.ts';

export interface Ground extends GroundStyle {
  /** As the licence asks; undefined for what the city folder says itself. */
  readonly attribution: string | undefined;
  /** Of a ground that comes in pieces: called with each style that was loaded. */
  readonly watch?: (map: LibraryMap) => void;
}

export async function readGround(client: ApiClient, city: City): Promise<Ground> {
  try {
    const json = await client.get<GroundJson>('v1/map');
    if (json.from === 'tiles') return tileGround(json);
    if (json.from === 'import') return await importedGround(json);
  } catch (error) {
    // A map that does not come is no reason for none.
    if (!(error instanceof ApiError)) throw error;
    console.warn('the sketch is drawn in place of the map', error);
  }
  return { ...geoJsonGround(sketchGround(city)), attribution: undefined };
}

function geoJsonGround(main: GroundFeatures): GroundStyle {
  const source = (data: object) => ({ type: 'geojson', data: data as never }) as const;
  return { schema: geoJsonSchema(), sources: { main: source(main), cells: source(EMPTY) } };
}

function tileGround({
  attribution,
  schema,
  tiles,
  minZoom,
  maxZoom,
}: GroundJson & { from: 'tiles' }): Ground {
  // The library's worker has an address of its own: a path has to be whole.
  const [before, after] = tiles.split('{z}') as [string, string];
  const address = `${new URL(before, document.baseURI).href}{z}${after}`;
  return {
    attribution,
    schema: schema === 'protomaps' ? protomapsSchema() : openMapTilesSchema(),
    sources: { tiles: { type: 'vector', tiles: [address], minzoom: minZoom, maxzoom: maxZoom } },
  };
}

async function importedGround(json: GroundJson & { from: 'import' }): Promise<Ground> {
  const main = await readKept(json.main);
  const cells = createCells(json, readKept);
  return {
    ...geoJsonGround(main),
    attribution: json.attribution,
    watch(map) {
      const draw = (features: GroundFeatures) =>
        (map.getSource('cells') as GeoJSONSource | undefined)?.setData(features as never);
      const look = () => {
        const { _sw: southWest, _ne: northEast } = map.getBounds();
        const seen = [southWest.lng, southWest.lat, northEast.lng, northEast.lat] as const;
        cells.look(map.getZoom(), seen, draw);
      };
      map.on('moveend', look);
      look();
    },
  };
}

/**
 * Not by the client: it sets the page's clock by each answer, and what the browser kept for a year tells an old time.
 */
async function readKept(path: string): Promise<GroundFeatures> {
  const response = await fetch(new URL(path, document.baseURI));
  if (!response.ok) throw new ApiError(response.status, response.statusText, {});
  return (await response.json()) as GroundFeatures;
}
