/**
 * The map: rivers' gauges by level, access points by load, ambulances by status, on the city's own ground.
 *
 * Every mark is reached by keyboard in the lists beside it; here they are for the eye and the pointer.
 * Invariants: no position is drawn that the API did not give; the map does not move unless a person moves
 * it or asks for a place; the disclaimer on positions is always in sight.
 */
import type { LngLat } from '../state/api-shapes.ts';
import type { Device } from '../state/city-state.ts';
import { rankOf } from '../state/levels.ts';
import { createProjection, type Projection } from '../state/projection.ts';
import { byId, createKeyedList, type KeyedView, setAttribute, setText, svg } from './dom.ts';
import { splitName } from './gauges-view.ts';
import { createMark, type Level, setMark } from './level-mark.ts';
import { createCamera } from './map-camera.ts';
import { drawGround, movePlaced, placed } from './map-ground.ts';
import { createMapLabels, type Label } from './map-labels.ts';
import { type Actions, type GaugeNow, gaugeNow, type Room } from './room.ts';
import { type UnitNow, unitsNow } from './units-view.ts';
import { loadOf } from './wifi-view.ts';

export interface MapView {
  update(room: Room): void;
  showPlace(lat: number, lng: number): void;
}

/** Until a room is known there is nothing to draw; a new city makes a new view. */
export function createMapView(first: Room, actions: Actions): MapView {
  const map = byId('map-drawing') as unknown as SVGSVGElement;
  const projection = createProjection(first.state.city.bounds, drawnPositions(first));
  const layers = ['points', 'units', 'gauges', 'labels'].map((name) => svg('g', { class: name }));
  const [points, units, gauges, labels] = layers as [SVGGElement, SVGGElement, SVGGElement, SVGGElement];
  map.replaceChildren(drawGround(first.state.city, projection), ...layers);

  let room = first;
  const pointMarks = createKeyedList<{ device: Device; room: Room }>(
    points,
    ({ device }) => device.id,
    (item) => createPointMark(item.device, projection),
  );
  const unitMarks = createKeyedList<{ unit: UnitNow; room: Room }>(
    units,
    ({ unit }) => unit.device.id,
    () => createUnitMark(projection),
  );
  const gaugeMarks = createKeyedList<GaugeNow & { room: Room }>(
    gauges,
    ({ gauge }) => gauge.id,
    (item) => createGaugeMark(item, projection, actions),
  );
  const mapLabels = createMapLabels(labels);
  // The camera calls back while it is being made.
  let unitsPerPx = (): number => 1;
  const drawLabels = () => mapLabels.update(collectLabels(room, projection), unitsPerPx());
  const camera = createCamera(map, projection, () => drawLabels());
  unitsPerPx = () => camera.unitsPerPx;

  return {
    update(next) {
      room = next;
      const { state, speech } = next;
      setAttribute(map, 'aria-label', speech.word('mapKeys'));
      setText(byId('disclaimer'), `${speech.pick(state.city.disclaimer)} ${speech.word('sketch')}`);
      const devices = [...state.devices.values()].filter(({ kind }) => kind === 'wifi-access-point');
      pointMarks.update(devices.map((device) => ({ device, room: next })));
      const located = unitsNow(next).filter(({ lat, lng }) => lat !== undefined && lng !== undefined);
      unitMarks.update(located.map((unit) => ({ unit, room: next })));
      // The highest level last: on top of the others.
      const shown = state.city.gauges.map((gauge) => ({ ...gaugeNow(next, gauge), room: next }));
      gaugeMarks.update(shown.sort((a, b) => orderOf(a.level) - orderOf(b.level)));
      drawLabels();
    },
    showPlace(lat, lng) {
      camera.show(projection.project([lng, lat]));
    },
  };
}

/** What decides the frame: all that stands still. */
function drawnPositions({ state: { city, devices } }: Room): LngLat[] {
  const positions: LngLat[] = city.gauges.map(({ lng, lat }) => [lng, lat]);
  for (const { lat, lng } of devices.values()) {
    if (lat !== undefined && lng !== undefined) positions.push([lng, lat]);
  }
  return [...positions, ...city.roads.flatMap(({ line }) => line)];
}

function orderOf(level: Level): number {
  if (level === 'normal') return 0;
  return level === 'none' ? 0.5 : rankOf(level);
}

function createGaugeMark(
  { gauge }: GaugeNow,
  { project }: Projection,
  actions: Actions,
): KeyedView<GaugeNow & { room: Room }> {
  const mark = createMark('none');
  const title = svg('title');
  const element = placed('gauge-mark', project([gauge.lng, gauge.lat]), mark, title);
  element.addEventListener('click', () => actions.showGauge(gauge.id));
  return {
    element,
    update({ level, levelM, room: { speech } }) {
      setMark(mark, level);
      setAttribute(element, 'data-level', level);
      setText(title, levelM === undefined ? gauge.name : `${gauge.name}: ${speech.metres(levelM)} m`);
    },
  };
}

function createPointMark(device: Device, { project }: Projection): KeyedView<{ device: Device; room: Room }> {
  // A small square; what is down is crossed out.
  const mark = svg('path', { class: 'point-mark' });
  const title = svg('title');
  const element = placed('point', project([device.lng ?? 0, device.lat ?? 0]), mark, title);
  return {
    element,
    update({ device: now, room }) {
      const load = loadOf(room, now);
      setAttribute(element, 'data-load', load);
      setAttribute(mark, 'd', load === 'down' ? 'M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5' : 'M-3 -3H3V3H-3Z');
      const clients = now.values['clients'];
      const users = typeof clients === 'number' ? `, ${clients} ${room.speech.word('clients')}` : '';
      setText(title, `${now.name}: ${room.speech.word(load)}${load === 'down' ? '' : users}`);
    },
  };
}

function createUnitMark({ project }: Projection): KeyedView<{ unit: UnitNow; room: Room }> {
  const title = svg('title');
  // A cross in a round field, as on the vehicle itself; a motorcycle and a car look alike from here.
  const field = svg('circle', { r: 7 });
  const cross = svg('path', { d: 'M0 -4V4M-4 0H4' });
  const age = svg('text', { class: 'unit-age', dy: '18' });
  const element = placed('unit-mark', { x: 0, y: 0 }, field, cross, age, title);
  return {
    element,
    update({ unit, room: { speech } }) {
      movePlaced(element, project([unit.lng ?? 0, unit.lat ?? 0]));
      setAttribute(element, 'data-status', unit.status);
      setAttribute(element, 'data-stale-fix', unit.isStale);
      const fix = unit.fixAgeMs === undefined ? '–' : speech.age(unit.fixAgeMs);
      setText(age, unit.isStale ? fix : '');
      setText(title, `${unit.device.name}: ${speech.wordOr(unit.status)}, ${speech.word('fixAge')} ${fix}`);
    },
  };
}

function collectLabels(room: Room, { project }: Projection): Label[] {
  const { state, speech } = room;
  const gauges = state.city.gauges.map((gauge): Label => {
    const { level, levelM } = gaugeNow(room, gauge);
    const [, place] = splitName(gauge.name);
    const figure = level === 'none' || levelM === undefined ? '' : ` ${speech.metres(levelM)} m`;
    const order = level === 'normal' ? 40 : level === 'none' ? 20 : 10 - rankOf(level);
    const at = project([gauge.lng, gauge.lat]);
    return { key: `gauge-${gauge.id}`, kind: 'gauge', level, text: `${place}${figure}`, at, order };
  });
  const places = state.city.places.map(({ id, name, lat, lng }): Label => {
    return {
      key: `place-${id}`,
      kind: 'place',
      level: 'normal',
      text: name,
      at: project([lng, lat]),
      order: 30,
    };
  });
  const rivers = state.city.rivers.flatMap(({ id, name, line }): Label[] => {
    const [a, b] = [line[Math.floor((line.length - 1) / 2)], line[Math.ceil((line.length - 1) / 2)]];
    if (!a || !b || line.length < 2) return [];
    const at = project([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    return [{ key: `river-${id}`, kind: 'river', level: 'normal', text: name, at, order: 35 }];
  });
  return [...gauges, ...places, ...rivers];
}
