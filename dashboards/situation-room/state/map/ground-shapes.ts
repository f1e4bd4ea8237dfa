/**
 * What a map's ground is drawn of: `GET /v1/map`, and GeoJSON of the few kinds of lines and places that the style
 * knows.
 *
 * Beside api-shapes.ts and by its rule. Invariant: `layer` is what a thing is, `class` how important it is.
 */
import type { Answer, LngLat } from '../api/answer-shapes.ts';

export type GroundLayer = 'road' | 'river' | 'water' | 'coast' | 'boundary' | 'place';

export interface GroundFeature {
  readonly type: 'Feature';
  readonly properties: { readonly layer: GroundLayer; readonly class?: string; readonly name?: string };
  readonly geometry:
    | { readonly type: 'Point'; readonly coordinates: LngLat }
    | { readonly type: 'LineString'; readonly coordinates: readonly LngLat[] }
    | { readonly type: 'Polygon'; readonly coordinates: readonly (readonly LngLat[])[] };
}

export interface GroundFeatures {
  readonly type: 'FeatureCollection';
  readonly features: readonly GroundFeature[];
}

/**
 * Where the ground comes from; paths are relative to the page. Of an import, small roads come by square of a grid:
 * `{cell}` in `cell` is one of `cells`, `x_y` in steps of `cellDegrees`.
 */
export type GroundJson = Answer<'MapSketch'> | Answer<'MapImport'> | Answer<'MapTiles'>;
