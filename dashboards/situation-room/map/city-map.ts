/**
 * A map of the city: MapLibre draws the ground, an SVG above it the page's own marks, at the places that the ground
 * has.
 *
 * Used by the desk. Invariants: a mark keeps its size at every zoom; the map moves only when a person moves it or
 * works on another place, and for who has moved it by hand only where that is out of sight; a click that was no drag
 * is told with its place; a browser that loses its graphics is told to the page.
 */
import type { GeoJSONSource, Map as LibraryMap, StyleSpecification } from 'maplibre-gl';
import type { LngLat } from '../state/api/api-shapes.ts';
import type { GroundFeatures } from '../state/map/ground-shapes.ts';
import { buildStyle, EMPTY } from '../state/map/ground-style.ts';
import type { Cell } from '../state/map/map-shapes.ts';
import type { Point, Projection } from '../state/map/projection.ts';
import { svg } from '../views/dom.ts';
import { readColours, watchColours } from './colours.ts';
import type { Ground } from './ground.ts';
import type { MapLibrary } from './library.ts';

export type Frame = readonly [west: number, south: number, east: number, north: number];

export interface CityMapOptions {
  readonly library: MapLibrary;
  readonly container: HTMLElement;
  readonly frame: Frame;
  readonly ground: Ground;
  /** In words, for those who cannot see it. */
  readonly label: string;
  /** A small screen scrolls past the map; two fingers move it. */
  readonly hasPageBelow: boolean;
  readonly onClick: (at: LngLat) => void;
  /** The places of marks are others now. */
  readonly onMoved: () => void;
  readonly onLost: () => void;
}

/** What a name of the ground may not cover: a text as wide as the mark and its label, beside the place. */
export interface Covered {
  readonly at: LngLat;
  readonly text: string;
  readonly anchor: 'center' | 'left' | 'right' | 'top' | 'bottom';
}

/** Along the roads, or straight where no way is known. */
export interface DrawnLine {
  readonly line: readonly LngLat[];
  readonly rank: number;
  readonly by: 'road' | 'straight';
}

export interface CityMap extends Pick<Projection, 'project'> {
  readonly overlay: SVGSVGElement;
  readonly size: { readonly width: number; readonly height: number };
  /** Of a length on the ground, at this place and zoom. */
  pxOf(metres: number, at: LngLat): number;
  drawLines(lines: readonly DrawnLine[]): void;
  drawCells(cells: readonly Cell[]): void;
  cover(covered: readonly Covered[]): void;
  /** Into sight, where it is not. */
  bring(at: LngLat): void;
  /** All of them, as near as may be; nothing where a person has moved the map since it showed all. */
  frame(points: readonly LngLat[]): void;
  zoomBy(steps: number): void;
  showAll(): void;
  setLabel(label: string): void;
  remove(): void;
}

const PADDING_PX = 24;
/** Beside the ways there is room for the marks, and on the right for the buttons. */
const WORK_PADDING_PX = { top: 36, bottom: 24, left: 36, right: 60 };
/** A few streets around: nearer than that nobody knows where it is. */
const WORK_MAX_ZOOM = 15;

export function openCityMap(options: CityMapOptions): CityMap {
  const { library, container, frame, ground, hasPageBelow, onMoved } = options;
  const style = (): StyleSpecification => buildStyle(ground, readColours());
  const map = new library.Map({
    container,
    style: style(),
    bounds: [...frame],
    fitBoundsOptions: { padding: PADDING_PX },
    attributionControl: false,
    dragRotate: false,
    touchPitch: false,
    pitchWithRotate: false,
    maxPitch: 0,
    maxZoom: 19,
    renderWorldCopies: false,
    // It is a tool: nothing may be late for the sake of a fade.
    fadeDuration: 0,
    cooperativeGestures: hasPageBelow,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  const overlay = svg('svg', { class: 'map-marks', 'aria-hidden': 'true' });
  container.append(overlay);
  const setLabel = (label: string) => map.getCanvas().setAttribute('aria-label', label);
  setLabel(options.label);

  const drawn = { layers: EMPTY as object, lines: EMPTY as object, marks: EMPTY as object };
  const drawAgain = () => {
    for (const [name, features] of Object.entries(drawn)) setFeatures(map, name, features);
  };
  watchColours(() => {
    // Not compared with the style of before: what is drawn on it is drawn again either way.
    map.setStyle(style(), { diff: false });
    map.once('style.load', () => {
      drawAgain();
      ground.watch?.(map);
    });
  });
  map.on('load', drawAgain);
  map.on('load', () => ground.watch?.(map));
  map.on('move', onMoved);
  map.on('resize', onMoved);
  map.on('click', ({ lngLat }) => options.onClick([lngLat.lng, lngLat.lat]));
  map.getCanvas().addEventListener('webglcontextlost', options.onLost);
  map.on('error', ({ error }) => console.warn('the map', error));

  const project = ([lng, lat]: LngLat): Point => map.project([lng, lat]);
  const set = (name: keyof typeof drawn, features: object) => {
    // What is the same draws nothing: a machine without a graphics card takes a tenth of a second for a picture.
    if (JSON.stringify(features) === JSON.stringify(drawn[name])) return;
    drawn[name] = features;
    setFeatures(map, name, features);
  };
  return {
    overlay,
    project,
    get size() {
      const { clientWidth: width, clientHeight: height } = container;
      return { width, height };
    },
    pxOf(metres, [lng, lat]) {
      // A degree of latitude is 111,195 m on a sphere of the Earth's mean radius.
      const [here, north] = [project([lng, lat]), project([lng, lat + metres / 111_195])];
      return Math.abs(here.y - north.y);
    },
    drawLines: (lines) => set('lines', collect(lines.map(lineOf))),
    drawCells: (cells) => set('layers', collect(cells.map(cellOf))),
    cover: (covered) => set('marks', collect(covered.map(pointOf))),
    bring([lng, lat]) {
      if (!map.getBounds().contains([lng, lat])) map.easeTo({ center: [lng, lat] });
    },
    ...createViews(map, library, frame),
    setLabel,
    remove: () => map.remove(),
  };
}

/** What is in sight, and whether a person has chosen it. */
function createViews(
  map: LibraryMap,
  library: MapLibrary,
  whole: Frame,
): Pick<CityMap, 'frame' | 'zoomBy' | 'showAll'> {
  let isMovedByHand = false;
  for (const event of ['dragstart', 'zoomstart'] as const) {
    map.on(event, ({ originalEvent }) => {
      isMovedByHand ||= originalEvent !== undefined;
    });
  }
  return {
    frame(points) {
      const [first, ...others] = points;
      if (isMovedByHand || !first) return;
      const bounds = new library.LngLatBounds([...first], [...first]);
      for (const each of others) bounds.extend([...each]);
      map.fitBounds(bounds, { padding: WORK_PADDING_PX, maxZoom: WORK_MAX_ZOOM });
    },
    zoomBy(steps) {
      isMovedByHand = true;
      map.zoomTo(map.getZoom() + steps);
    },
    showAll() {
      isMovedByHand = false;
      map.fitBounds([...whole], { padding: PADDING_PX });
    },
  };
}

function setFeatures(map: LibraryMap, source: string, features: object): void {
  // Before the style is there; then `load` sets what was given last.
  (map.getSource(source) as GeoJSONSource | undefined)?.setData(features as never);
}

function collect(features: readonly object[]): object {
  return { type: 'FeatureCollection', features } satisfies Omit<GroundFeatures, 'features'> & {
    features: unknown;
  };
}

function lineOf({ line: coordinates, rank, by }: DrawnLine): object {
  return { type: 'Feature', properties: { rank, by }, geometry: { type: 'LineString', coordinates } };
}

function cellOf({ ring, fill, strength }: Cell): object {
  const geometry = { type: 'Polygon', coordinates: [ring] };
  return { type: 'Feature', properties: { fill, strength }, geometry };
}

/** To some 10 m: a mark that moved less covers the same names. */
function pointOf({ at, text, anchor }: Covered): object {
  const coordinates = at.map((degrees) => Number(degrees.toFixed(4)));
  return { type: 'Feature', properties: { text, anchor }, geometry: { type: 'Point', coordinates } };
}
