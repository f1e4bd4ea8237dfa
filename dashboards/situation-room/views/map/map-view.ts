/**
 * The map: rivers' gauges by level, access points by load, ambulances by status, on the city's own ground.
 *
 * Every mark is reached by keyboard in the lists beside it; here they are for the eye and the pointer.
 * Invariants: no position is drawn that the API did not give; the map does not move unless a person moves
 * it or asks for a place; the disclaimer on positions is always in sight.
 */
import type { Incident, LngLat } from '../../state/api/api-shapes.ts';
import type { Device } from '../../state/city-state.ts';
import { rankOf } from '../../state/levels.ts';
import type { Label } from '../../state/map/label-room.ts';
import { createProjection, type Projection } from '../../state/map/projection.ts';
import { byId, createKeyedList, setAttribute, setText, svg } from '../dom.ts';
import { splitName } from '../gauges/gauges-view.ts';
import type { Level } from '../gauges/level-mark.ts';
import { type Actions, type GaugeNow, gaugeNow, type Room } from '../room.ts';
import { type UnitNow, unitsNow } from '../units-view.ts';
import { type Camera, createCamera } from './map-camera.ts';
import { drawGround } from './map-ground.ts';
import { createMapLabels } from './map-labels.ts';
import { createGaugeMark, createIncidentMark, createPointMark, createUnitMark } from './map-marks.ts';

export interface MapView {
  update(room: Room): void;
  showPlace(lat: number, lng: number): void;
}

/** Until a room is known there is nothing to draw; a new city makes a new view. */
export function createMapView(first: Room, actions: Actions): MapView {
  const map = byId('map-drawing') as unknown as SVGSVGElement;
  const projection = createProjection(first.state.city.bounds, drawnPositions(first));
  const [points, units, incidents, gauges, labels] = [
    newLayer(),
    newLayer(),
    newLayer(),
    newLayer(),
    newLayer(),
  ];
  const layers = [points, units, incidents, gauges, labels];
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
  const incidentMarks = createKeyedList<Incident>(
    incidents,
    ({ id }) => String(id),
    () => createIncidentMark(projection),
  );
  const gaugeMarks = createKeyedList<GaugeNow & { room: Room }>(
    gauges,
    ({ gauge }) => gauge.id,
    (item) => createGaugeMark(item, projection, actions),
  );
  const mapLabels = createMapLabels(labels);
  let camera: Camera | undefined;
  const drawLabels = () => camera && mapLabels.update(collectLabels(room, projection), camera.seen);
  camera = createCamera(map, projection, drawLabels);

  return {
    update(next) {
      room = next;
      const { state, speech } = next;
      setAttribute(map, 'aria-label', speech.word('mapKeys'));
      setText(byId('disclaimer'), `${speech.pick(state.city.disclaimer)} ${speech.word('sketch')}`);
      const devices = state.devicesOn('wifi');
      pointMarks.update(devices.map((device) => ({ device, room: next })));
      const located = unitsNow(next).filter(({ lat, lng }) => lat !== undefined && lng !== undefined);
      unitMarks.update(located.map((unit) => ({ unit, room: next })));
      incidentMarks.update(state.incidents.filter(({ lat, lng }) => lat !== null && lng !== null));
      // The highest level last: on top of the others.
      const shown = state.city.gauges.map((gauge) => ({ ...gaugeNow(next, gauge), room: next }));
      gaugeMarks.update(shown.sort((a, b) => orderOf(a.level) - orderOf(b.level)));
      drawLabels();
    },
    showPlace(lat, lng) {
      camera?.show(projection.project([lng, lat]));
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

function newLayer(): SVGGElement {
  return svg('g');
}

function orderOf(level: Level): number {
  if (level === 'normal') return 0;
  return level === 'none' ? 0.5 : rankOf(level);
}

function collectLabels(room: Room, { project }: Projection): Label[] {
  const { state, speech } = room;
  const gauges = state.city.gauges.map((gauge): Label => {
    const { level, levelM } = gaugeNow(room, gauge);
    const [, place] = splitName(gauge.name);
    const figure = level === 'none' || levelM === undefined ? '' : ` ${speech.metres(levelM)} m`;
    const order = level === 'normal' ? 40 : level === 'none' ? 20 : 10 - rankOf(level);
    const at = project([gauge.lng, gauge.lat]);
    return { key: `gauge-${gauge.id}`, names: 'gauge', level, text: `${place}${figure}`, at, order };
  });
  const places = state.city.places.map(({ id, name, lat, lng }): Label => {
    return {
      key: `place-${id}`,
      names: 'place',
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
    return [{ key: `river-${id}`, names: 'river', level: 'normal', text: name, at, order: 35 }];
  });
  return [...gauges, ...places, ...rivers];
}
