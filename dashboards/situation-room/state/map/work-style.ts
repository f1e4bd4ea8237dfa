/**
 * What the desk draws on the ground: the layers that are switched on, and the ways of the candidates.
 *
 * Used by ground-style.ts, below the names. Invariant: what a colour says is said by a line or a sentence too.
 */
import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';
import type { MapColours } from './map-colours.ts';

/**
 * Cells of the layers that are switched on; the outline tells what is lost from what is not reached without colours
 * too.
 */
export function drawLayers({ moderate, severe, extreme }: MapColours): LayerSpecification[] {
  const colour = ['match', ['get', 'fill'], 'lost', moderate, 'uncovered', severe, extreme] as never;
  return [
    {
      id: 'layers',
      type: 'fill',
      source: 'layers',
      paint: {
        'fill-color': colour,
        'fill-opacity': ['interpolate', ['linear'], ['get', 'strength'], 0, 0.08, 1, 0.5],
        'fill-antialias': false,
      },
    },
    {
      id: 'layers-lost',
      type: 'line',
      source: 'layers',
      filter: ['==', ['get', 'fill'], 'lost'],
      paint: { 'line-color': colour, 'line-width': 2, 'line-dasharray': [1, 1] },
    },
  ];
}

/** The first candidate's way is broad and has a light edge; a straight line is dashed. */
export function drawWays({ accent, panel }: MapColours): LayerSpecification[] {
  const isFirst: ExpressionSpecification = ['==', ['get', 'rank'], 1];
  const isRoad: ExpressionSpecification = ['==', ['get', 'by'], 'road'];
  const rounded = { 'line-cap': 'round', 'line-join': 'round' } as const;
  const line = { type: 'line', source: 'lines' } as const;
  return [
    {
      ...{ id: 'ways-others', ...line, layout: rounded },
      filter: ['all', isRoad, ['!', isFirst]],
      paint: { 'line-color': accent, 'line-width': 2.5, 'line-opacity': 0.55 },
    },
    {
      ...{ id: 'ways-edge', ...line, layout: rounded },
      filter: ['all', isRoad, isFirst],
      paint: { 'line-color': panel, 'line-width': 9 },
    },
    {
      ...{ id: 'ways-first', ...line, layout: rounded },
      filter: ['all', isRoad, isFirst],
      paint: { 'line-color': accent, 'line-width': 5 },
    },
    {
      ...{ id: 'lines', ...line },
      filter: ['!', isRoad],
      paint: {
        'line-color': accent,
        'line-width': ['case', isFirst, 3, 1.5],
        'line-dasharray': [2, 2],
      },
    },
  ];
}
