/**
 * Where each part of the ground is found: in our own GeoJSON, in tiles of Protomaps, in tiles of OpenMapTiles.
 *
 * One table a schema, so that the style is written once. Invariant: a part that a schema does not have is left out and
 * never guessed from another.
 */
import type { ExpressionSpecification } from 'maplibre-gl';

export type GroundPart =
  | 'water'
  | 'river'
  | 'coast'
  | 'boundary'
  | 'place'
  /** From the widest to the narrowest. */
  | 'motorway'
  | 'primary'
  | 'secondary'
  | 'minor'
  | 'path';

export interface PartOf {
  readonly source: string;
  readonly 'source-layer'?: string;
  readonly filter: ExpressionSpecification;
}
export type GroundSchema = Readonly<Partial<Record<GroundPart, readonly PartOf[]>>>;

const isOneOf = (key: string, ...values: readonly string[]): ExpressionSpecification => [
  'in',
  ['get', key],
  ['literal', values],
];
const all = (...filters: readonly ExpressionSpecification[]): ExpressionSpecification =>
  ['all', ...filters] as ExpressionSpecification;
const isShape = (shape: string): ExpressionSpecification => ['==', ['geometry-type'], shape];

const CLASSES = {
  motorway: ['motorway', 'trunk'],
  primary: ['primary'],
  secondary: ['secondary', 'tertiary'],
  minor: ['unclassified', 'residential', 'living_street', 'minor', 'service', 'ferry'],
  path: ['path', 'track', 'footway', 'steps', 'cycleway'],
} as const;

/** `main` holds all but the small roads, which come by square into `cells`. */
export function geoJsonSchema(): GroundSchema {
  const part = (layer: string, ...more: readonly ExpressionSpecification[]): PartOf[] =>
    ['main', 'cells'].map((source) => ({ source, filter: all(isOneOf('layer', layer), ...more) }));
  const road = (classes: readonly string[]) => part('road', isOneOf('class', ...classes));
  return {
    water: part('water').slice(0, 1),
    river: part('river').slice(0, 1),
    coast: part('coast').slice(0, 1),
    boundary: part('boundary').slice(0, 1),
    place: part('place').slice(0, 1),
    motorway: road(CLASSES.motorway).slice(0, 1),
    primary: road(CLASSES.primary).slice(0, 1),
    secondary: road(CLASSES.secondary).slice(0, 1),
    minor: road(CLASSES.minor),
    path: road(CLASSES.path),
  };
}

/** https://docs.protomaps.com/basemaps/layers */
export function protomapsSchema(): GroundSchema {
  const part = (layer: string, filter: ExpressionSpecification): PartOf[] => [
    { source: 'tiles', 'source-layer': layer, filter },
  ];
  const named = (...details: readonly string[]) => isOneOf('kind_detail', ...details);
  return {
    water: part('water', isShape('Polygon')),
    river: part('water', isShape('LineString')),
    boundary: part('boundaries', isShape('LineString')),
    place: part('places', isOneOf('kind', 'locality', 'neighbourhood', 'macrohood')),
    motorway: part('roads', ['any', isOneOf('kind', 'highway'), named('trunk')]),
    primary: part('roads', named('primary')),
    secondary: part('roads', named('secondary', 'tertiary')),
    minor: part('roads', all(isOneOf('kind', 'minor_road'), ['!', named('secondary', 'tertiary')])),
    path: part('roads', isOneOf('kind', 'path')),
  };
}

/** https://openmaptiles.org/schema; names of roads and rivers stand in layers of their own, drawn by style.ts. */
export function openMapTilesSchema(): GroundSchema {
  const part = (layer: string, filter: ExpressionSpecification): PartOf[] => [
    { source: 'tiles', 'source-layer': layer, filter },
  ];
  const road = (classes: readonly string[]) => part('transportation', isOneOf('class', ...classes));
  return {
    water: part('water', isShape('Polygon')),
    river: part('waterway', isShape('LineString')),
    boundary: part('boundary', isShape('LineString')),
    place: part('place', isOneOf('class', 'city', 'town', 'village', 'suburb', 'neighbourhood', 'quarter')),
    motorway: road(CLASSES.motorway),
    primary: road(CLASSES.primary),
    secondary: road(CLASSES.secondary),
    minor: road(CLASSES.minor),
    path: road(CLASSES.path),
  };
}

/** Where the names of roads stand: beside the lines, unless the schema has a layer for them. */
export function nameOf(part: PartOf): PartOf {
  return part['source-layer'] === 'transportation'
    ? { ...part, 'source-layer': 'transportation_name' }
    : part;
}
