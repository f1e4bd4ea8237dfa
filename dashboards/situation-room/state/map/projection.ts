/**
 * The map's projection and its view: from degrees to drawing units, and what part of them is on screen.
 *
 * Equirectangular with the shrinking of longitude at the city's middle: within a city the error is below a
 * pixel. Invariant: a view keeps its centre inside the city and its zoom between 1 and MAX_ZOOM, so that
 * nobody gets lost on a wall without a mouse.
 */
import type { City, LngLat } from '../api/api-shapes.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Projection {
  readonly width: number;
  readonly height: number;
  project(position: LngLat): Point;
}

/** The longer side of the drawing. */
const SIZE = 1000;

/** Fits the positions that are drawn, with a margin; the bounds of the city where there are none. */
export function createProjection(bounds: City['bounds'], positions: readonly LngLat[]): Projection {
  const lngs = positions.map(([lng]) => lng);
  const lats = positions.map(([, lat]) => lat);
  const west = lngs.reduce((a, b) => Math.min(a, b), positions.length ? 180 : bounds.west);
  const east = lngs.reduce((a, b) => Math.max(a, b), positions.length ? -180 : bounds.east);
  const south = lats.reduce((a, b) => Math.min(a, b), positions.length ? 90 : bounds.south);
  const north = lats.reduce((a, b) => Math.max(a, b), positions.length ? -90 : bounds.north);
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const span = Math.max((east - west) * shrink, north - south, 1e-4);
  const scale = (SIZE * 0.9) / span;
  const margin = SIZE * 0.05;
  return {
    width: (east - west) * shrink * scale + 2 * margin,
    height: (north - south) * scale + 2 * margin,
    project: ([lng, lat]) => ({
      x: (lng - west) * shrink * scale + margin,
      y: (north - lat) * scale + margin,
    }),
  };
}

export interface View {
  readonly centre: Point;
  readonly zoom: number;
}

const MAX_ZOOM = 16;

export function wholeView({ width, height }: Projection): View {
  return { centre: { x: width / 2, y: height / 2 }, zoom: 1 };
}

/** Zooms by a factor about a point that stays where it is. */
export function zoomView(view: View, factor: number, about: Point, projection: Projection): View {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
  const kept = view.zoom / zoom;
  const centre = {
    x: about.x + (view.centre.x - about.x) * kept,
    y: about.y + (view.centre.y - about.y) * kept,
  };
  return clampView({ centre, zoom }, projection);
}

export function moveView(view: View, by: Point, projection: Projection): View {
  const { centre, zoom } = view;
  return clampView({ centre: { x: centre.x + by.x, y: centre.y + by.y }, zoom }, projection);
}

function clampView({ centre, zoom }: View, { width, height }: Projection): View {
  const slackX = (width / 2) * (1 - 1 / zoom);
  const slackY = (height / 2) * (1 - 1 / zoom);
  return {
    centre: {
      x: Math.min(width / 2 + slackX, Math.max(width / 2 - slackX, centre.x)),
      y: Math.min(height / 2 + slackY, Math.max(height / 2 - slackY, centre.y)),
    },
    zoom,
  };
}
