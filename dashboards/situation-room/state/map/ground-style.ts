/**
 * The style of a map's ground: water, boundaries, roads by width and zoom, names; and what the page draws on it.
 *
 * Written from the page's colours and a schema. Invariants: it asks for no sprite, no font and nothing else from
 * outside (names are drawn with the browser's own fonts); names give way to `marks`, so that none lies over a mark.
 */
import type {
  FilterSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from 'maplibre-gl';
import { type GroundPart, type GroundSchema, nameOf } from './ground-schema.ts';
import type { MapColours } from './map-colours.ts';
import { drawLayers, drawWays } from './work-style.ts';

/** Of a line in px, at zoom 10 and at zoom 18; names from this zoom on. */
const ROADS = {
  path: { from: 14, widths: [0.3, 4], names: 17 },
  minor: { from: 11.5, widths: [0.3, 12], names: 15 },
  secondary: { from: 8, widths: [0.8, 15], names: 13.5 },
  primary: { from: 6, widths: [1.3, 18], names: 12.5 },
  motorway: { from: 5, widths: [1.8, 20], names: 12 },
} as const satisfies Partial<Record<GroundPart, unknown>>;
const ROAD_PARTS = ['path', 'minor', 'secondary', 'primary', 'motorway'] as const;
/** The browser's own: without an address of glyphs the library draws them itself. */
const FONT = ['sans-serif'];
const NAME = ['coalesce', ['get', 'name:id'], ['get', 'name']] as const;

export interface GroundStyle {
  readonly sources: Readonly<Record<string, SourceSpecification>>;
  readonly schema: GroundSchema;
}

export const EMPTY = { type: 'FeatureCollection', features: [] } as const;

export function buildStyle({ sources, schema }: GroundStyle, colours: MapColours): StyleSpecification {
  const own = { type: 'geojson', data: EMPTY } as const;
  return {
    version: 8,
    sources: { ...sources, layers: own, lines: own, marks: own },
    layers: [
      { id: 'land', type: 'background', paint: { 'background-color': colours.panel } },
      ...drawWater(schema, colours),
      ...drawRoads(schema, colours),
      ...drawLayers(colours),
      ...drawWays(colours),
      ...drawNames(schema, colours),
      standForMarks(),
    ],
  };
}

function* layersOf(schema: GroundSchema, part: GroundPart, suffix = '') {
  for (const [index, { filter, ...where }] of (schema[part] ?? []).entries()) {
    yield { id: `${part}${suffix}-${index}`, ...where, filter: filter as FilterSpecification };
  }
}

function drawWater(
  schema: GroundSchema,
  { water, rule, 'water-ink': ink }: MapColours,
): LayerSpecification[] {
  return [
    ...[...layersOf(schema, 'water')].map(
      (layer): LayerSpecification => ({ ...layer, type: 'fill', paint: { 'fill-color': water } }),
    ),
    ...[...layersOf(schema, 'river')].map(
      (layer): LayerSpecification => ({
        ...layer,
        type: 'line',
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: {
          'line-color': water,
          // A river is wide, a drain is not.
          'line-width': [
            'interpolate',
            ['exponential', 1.4],
            ['zoom'],
            9,
            riverWidth(2.2, 0.2),
            16,
            riverWidth(12, 2.5),
          ],
        },
      }),
    ),
    ...[...layersOf(schema, 'coast')].map(
      (layer): LayerSpecification => ({
        ...layer,
        type: 'line',
        paint: { 'line-color': ink, 'line-width': 1.6 },
      }),
    ),
    ...[...layersOf(schema, 'boundary')].map(
      (layer): LayerSpecification => ({
        ...layer,
        type: 'line',
        paint: { 'line-color': rule, 'line-width': 1.4, 'line-dasharray': [4, 2, 1, 2] },
      }),
    ),
  ];
}

function riverWidth(wide: number, narrow: number) {
  const isNarrow = ['in', ['get', 'class'], ['literal', ['stream', 'drain', 'ditch', 'canal']]];
  return ['case', isNarrow, narrow, wide] as unknown as number;
}

function drawRoads(schema: GroundSchema, { road }: MapColours): LayerSpecification[] {
  return ROAD_PARTS.flatMap((part) => {
    const { from, widths } = ROADS[part];
    return [...layersOf(schema, part)].map(
      (layer): LayerSpecification => ({
        ...layer,
        type: 'line',
        minzoom: from,
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: {
          'line-color': road,
          'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 10, widths[0], 18, widths[1]],
        },
      }),
    );
  });
}

function drawNames(schema: GroundSchema, colours: MapColours): LayerSpecification[] {
  const halo = { 'text-halo-color': colours.panel, 'text-halo-width': 1.6 } as const;
  const along = { 'text-field': [...NAME], 'text-font': FONT, 'symbol-placement': 'line' } as const;
  const roads = ROAD_PARTS.flatMap((part) =>
    [...layersOf({ [part]: (schema[part] ?? []).map(nameOf) }, part, '-name')].map(
      (layer): LayerSpecification => ({
        ...layer,
        type: 'symbol',
        minzoom: ROADS[part].names,
        layout: { ...(along as object), 'text-size': 12 },
        paint: { ...halo, 'text-color': colours.soft },
      }),
    ),
  );
  const rivers = [...layersOf(schema, 'river', '-name')].map(
    (layer): LayerSpecification => ({
      ...layer,
      type: 'symbol',
      minzoom: 8,
      layout: { ...(along as object), 'text-size': 12, 'symbol-spacing': 400 },
      paint: { ...halo, 'text-color': colours['water-ink'] },
    }),
  );
  const places = [...layersOf(schema, 'place')].map(
    (layer): LayerSpecification => ({
      ...layer,
      type: 'symbol',
      layout: {
        'text-field': [...NAME] as unknown as string,
        'text-font': FONT,
        'text-size': 13,
        'text-letter-spacing': 0.04,
        'text-max-width': 8,
        // Beside its place where a mark stands on it.
        'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'],
        'text-radial-offset': 1,
        'text-justify': 'auto',
      },
      paint: { ...halo, 'text-color': colours.soft },
    }),
  );
  return [...roads, ...rivers, ...places];
}

/** Nothing is seen of it: where a mark or its label stands, no name of the ground finds room. */
function standForMarks(): LayerSpecification {
  return {
    id: 'marks',
    type: 'symbol',
    source: 'marks',
    layout: {
      'text-field': ['get', 'text'],
      'text-font': FONT,
      'text-size': 13,
      'text-anchor': ['get', 'anchor'],
      'text-allow-overlap': true,
      'text-max-width': 100,
    },
    paint: { 'text-opacity': 0 },
  };
}
