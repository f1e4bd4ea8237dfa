/**
 * The map's marks: gauges, access points, ambulances, incidents; each made once and then moved and coloured.
 *
 * Invariant: each kind has a shape of its own, and a mark's title says in words what its shape and colour do.
 */
import type { Incident } from '../../state/api/api-shapes.ts';
import type { Device } from '../../state/city-state.ts';
import type { Projection } from '../../state/map/projection.ts';
import { type KeyedView, setAttribute, setText, svg } from '../dom.ts';
import { createMark, setMark } from '../gauges/level-mark.ts';
import type { Actions, GaugeNow, Room } from '../room.ts';
import type { UnitNow } from '../units-view.ts';
import { loadOf } from '../wifi-load.ts';
import { movePlaced, placed } from './map-ground.ts';

export function createGaugeMark(
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

export function createPointMark(
  device: Device,
  { project }: Projection,
): KeyedView<{ device: Device; room: Room }> {
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

export function createUnitMark({
  project,
}: Pick<Projection, 'project'>): KeyedView<{ unit: UnitNow; room: Room }> {
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

export function createIncidentMark({ project }: Pick<Projection, 'project'>): KeyedView<Incident> {
  const [title, number] = [svg('title'), svg('text', { dy: '-8', 'text-anchor': 'middle' })];
  // A pin whose point is the place.
  const pin = svg('path', { d: 'M0 0L-8 -10A9 9 0 1 1 8 -10Z' });
  const element = placed('incident-mark', { x: 0, y: 0 }, pin, number, title);
  return {
    element,
    update({ lat, lng, priority, category, id }) {
      movePlaced(element, project([lng ?? 0, lat ?? 0]));
      setText(number, String(priority));
      setText(title, `P${priority} ${category ?? `#${id}`}`);
    },
  };
}
