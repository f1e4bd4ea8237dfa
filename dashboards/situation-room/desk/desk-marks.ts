/**
 * The marks on the desk's map: hospitals, units with the radius of what is stale, incidents, the place of the call; and
 * their labels.
 *
 * Drawn anew at each change of what is known and at each step of the map, which moves what is there. Invariants: a
 * candidate's label begins with its number; no two labels and no label and another's mark cover each other.
 */

import type { CityMap, Covered } from '../map/city-map.ts';
import type { Incident, LngLat } from '../state/api/api-shapes.ts';
import type { Position } from '../state/dispatch/call-place.ts';
import type { Label, PlacedLabel } from '../state/map/label-room.ts';
import type { Speech } from '../state/words/speech.ts';
import { createKeyedList, type KeyedView, setAttribute, svg } from '../views/dom.ts';
import { formatDuration } from '../views/incidents/candidate-list.ts';
import { drawHospital, movePlaced, placed } from '../views/map/map-ground.ts';
import { createMapLabels } from '../views/map/map-labels.ts';
import { createIncidentMark, createUnitMark } from '../views/map/map-marks.ts';
import type { Room } from '../views/room.ts';
import type { UnitNow } from '../views/units-view.ts';

/** A unit where it is drawn. */
export interface UnitShown extends UnitNow {
  readonly lat: number;
  readonly lng: number;
  /** Its number among the candidates, and what is said of it there. */
  readonly proposed: { readonly rank: number; readonly callSign: string; readonly etaS: number } | undefined;
  readonly accuracyM: number | undefined;
}

export interface Marked {
  readonly room: Room;
  readonly units: readonly UnitShown[];
  /** Where the call is, while a form is filled. */
  readonly call: Position | undefined;
}

export interface DeskMarks {
  update(marked: Marked): void;
  /**
   * Tells the ground which names would lie over what is drawn; not at each step of a unit: the ground is drawn anew.
   */
  cover(): void;
}

export interface DeskMarksOptions {
  readonly map: CityMap;
  readonly onUnit: (unit: string) => void;
  readonly onIncident: (incident: number) => void;
}

/** The buttons at the right edge, which no label goes under. */
const BUTTONS_PX = 44;

type Hospital = Room['state']['city']['hospitals'][number];

export function createDeskMarks({ map, onUnit, onIncident }: DeskMarksOptions): DeskMarks {
  const layer = () => {
    const group = svg('g');
    map.overlay.append(group);
    return group;
  };
  const keyOfUnit = ({ unit }: { unit: UnitShown }) => unit.device.id;
  const hospitals = createKeyedList<Hospital>(
    layer(),
    ({ id }) => id,
    (each) => {
      const element = drawHospital(each, map);
      return { element, update: ({ lng, lat }) => movePlaced(element, map.project([lng, lat])) };
    },
  );
  const radii = createKeyedList<{ unit: UnitShown }>(layer(), keyOfUnit, () => createRadius(map));
  const units = createKeyedList<{ unit: UnitShown; room: Room }>(layer(), keyOfUnit, ({ unit }) => {
    const view = createUnitMark(map);
    view.element.addEventListener('click', () => onUnit(unit.device.id));
    return view;
  });
  const incidents = createKeyedList<Incident>(
    layer(),
    ({ id }) => String(id),
    ({ id }) => {
      const view = createIncidentMark(map);
      view.element.addEventListener('click', () => onIncident(id));
      return view;
    },
  );
  const call = createKeyedList<Position>(
    layer(),
    () => 'call',
    () => createCallMark(map),
  );
  const labels = createMapLabels(layer());
  let covered: readonly Covered[] = [];
  return {
    update(marked) {
      const { room, units: shown } = marked;
      const located = room.state.incidents.filter(({ lat, lng }) => lat !== null && lng !== null);
      hospitals.update(room.state.city.hospitals);
      radii.update(shown.filter(hasRadius).map((unit) => ({ unit })));
      units.update(shown.map((unit) => ({ unit, room })));
      incidents.update(located);
      call.update(marked.call ? [marked.call] : []);
      const { width, height: bottom } = map.size;
      const seen = { box: { left: 0, top: 0, right: width - BUTTONS_PX, bottom }, unitsPerPx: 1 };
      const found = collectLabels(marked, located, map);
      covered = listCovered(found, labels.update(found, seen));
    },
    cover: () => map.cover(covered),
  };
}

/** Whoever reads an old fix must see how far it may be off. */
function hasRadius({ isStale, accuracyM }: UnitShown): boolean {
  return isStale && accuracyM !== undefined;
}

function createRadius(map: CityMap): KeyedView<{ unit: UnitShown }> {
  const circle = svg('circle');
  const element = placed('unit-radius', { x: 0, y: 0 }, circle);
  return {
    element,
    update({ unit: { lng, lat, accuracyM = 0 } }) {
      movePlaced(element, map.project([lng, lat]));
      setAttribute(circle, 'r', map.pxOf(accuracyM, [lng, lat]).toFixed(1));
    },
  };
}

function createCallMark(map: CityMap): KeyedView<Position> {
  const element = placed(
    'call-mark',
    { x: 0, y: 0 },
    svg('circle', { r: 10 }),
    svg('path', { d: 'M-15 0H-5M5 0H15M0 -15V-5M0 5V15' }),
  );
  return { element, update: ({ lng, lat }) => movePlaced(element, map.project([lng, lat])) };
}

interface Found extends Label {
  readonly place: LngLat;
}

/** A candidate by its number and time, as on the list; another by what it does. */
function nameUnit(
  { device, status, proposed }: UnitShown,
  speech: Speech,
): Pick<Label, 'names' | 'text' | 'shorter' | 'order'> {
  if (!proposed) {
    const text = `${device.name} · ${speech.wordOr(status)}`;
    return { names: 'unit', text, shorter: [device.name], order: 20 };
  }
  const { rank, callSign, etaS } = proposed;
  const short = `${rank}. ${callSign}`;
  const text = `${short} · ${formatDuration(etaS, speech)}`;
  return { names: 'unit', text, shorter: [short, `${rank}.`], order: rank };
}

function collectLabels({ room, units, call }: Marked, incidents: readonly Incident[], map: CityMap): Found[] {
  const { speech, state } = room;
  const found = (
    key: string,
    place: LngLat,
    label: Pick<Label, 'names' | 'text' | 'shorter' | 'order'>,
  ): Found => ({
    ...{ key, place, level: 'none', at: map.project(place) },
    ...label,
  });
  return [
    ...(call
      ? [found('call', [call.lng, call.lat], { names: 'incident', text: speech.word('callPlace'), order: 0 })]
      : []),
    ...units.map((unit) => found(`unit-${unit.device.id}`, [unit.lng, unit.lat], nameUnit(unit, speech))),
    ...incidents.map(({ id, priority, category, lng, lat }) => {
      const text = `#${id} P${priority}${category ? ` ${category}` : ''}`;
      return found(`incident-${id}`, [lng ?? 0, lat ?? 0], { names: 'incident', text, order: 10 + priority });
    }),
    ...state.city.hospitals.map(({ id, name, lng, lat }) =>
      found(`hospital-${id}`, [lng, lat], { names: 'hospital', text: name, order: 30 }),
    ),
  ];
}

/** Each mark, as wide as with its label where that found room. */
function listCovered(found: readonly Found[], shown: readonly PlacedLabel[]): Covered[] {
  const placedAt = new Map(shown.map(({ key, side, text }) => [key, { side, text }]));
  return found.map(({ key, place: at }): Covered => {
    const label = placedAt.get(key);
    if (label?.side === 'right') return { at, text: `M ${label.text}`, anchor: 'left' };
    if (label?.side === 'left') return { at, text: `${label.text} M`, anchor: 'right' };
    // Two lines as wide as the label: its own and the mark's.
    if (label?.side === 'above') return { at, text: `${label.text}\nMM`, anchor: 'bottom' };
    if (label?.side === 'below') return { at, text: `MM\n${label.text}`, anchor: 'top' };
    return { at, text: 'MM', anchor: 'center' };
  });
}
