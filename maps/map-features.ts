/**
 * What a city's map is made of: GeoJSON of the few kinds of lines, areas and places that the pages' style knows.
 *
 * Invariant: `layer` is what a thing is, `class` how important it is, in OpenStreetMap's own words.
 */
import type { Position } from '../openstreetmap/osm-content.ts';

export const MAP_LAYERS = ['road', 'river', 'water', 'coast', 'boundary', 'place'] as const;

export type LngLat = readonly [lng: number, lat: number];

export interface MapFeature {
  readonly type: 'Feature';
  readonly properties: {
    readonly layer: (typeof MAP_LAYERS)[number];
    readonly class?: string;
    readonly name?: string;
  };
  readonly geometry:
    | { readonly type: 'Point'; readonly coordinates: LngLat }
    | { readonly type: 'LineString'; readonly coordinates: readonly LngLat[] }
    | { readonly type: 'Polygon'; readonly coordinates: readonly (readonly LngLat[])[] };
}

/** Five decimals: a metre, and half the bytes. */
export function toLngLat({ lat, lng }: Position): LngLat {
  return [Math.round(lng * 1e5) / 1e5, Math.round(lat * 1e5) / 1e5];
}

/** A rectangle of degrees. */
export interface Frame {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

export function isInside({ lat, lng }: Position, { south, west, north, east }: Frame): boolean {
  return lat >= south && lat <= north && lng >= west && lng <= east;
}
