/**
 * The ambulances by status, with the age of each fix. For staff: the API gives nobody else a position.
 *
 * Invariant: a fix shows its age always; one that is older than a moving unit's may be is marked, since the
 * unit may be half a kilometre away.
 */
import type { Device } from '../state/city-state.ts';
import { byId, createKeyedList, html, setAttribute, setText } from './dom.ts';
import type { Actions, Room } from './room.ts';

/** At 28 km/h a unit is 350 m further by then; dispatch calls it stale at the same age. */
const STALE_FIX_MS = 45_000;

const STATUSES = ['available', 'en-route', 'on-scene', 'transporting', 'at-hospital', 'off-duty'];

export interface UnitNow {
  readonly device: Device;
  /** One of STATUSES, or `unknownStatus`. */
  readonly status: string;
  readonly fixAgeMs: number | undefined;
  readonly isStale: boolean;
  readonly lat: number | undefined;
  readonly lng: number | undefined;
}

function unitNow(device: Device, nowMs: number): UnitNow {
  const { lat, lng, status } = device.values;
  const fixAgeMs = device.measuredAt === 0 ? undefined : nowMs - device.measuredAt;
  return {
    device,
    status: typeof status === 'string' ? status : 'unknownStatus',
    fixAgeMs,
    isStale: fixAgeMs === undefined || fixAgeMs > STALE_FIX_MS,
    lat: typeof lat === 'number' ? lat : undefined,
    lng: typeof lng === 'number' ? lng : undefined,
  };
}

export function unitsNow({ state, nowMs }: Pick<Room, 'state' | 'nowMs'>): UnitNow[] {
  return state.devicesOn('units').map((device) => unitNow(device, nowMs));
}

export function createUnitsView(actions: Actions): { update(room: Room): void } {
  const list = createKeyedList<{ unit: UnitNow; room: Room }>(
    byId('unit-list'),
    ({ unit }) => unit.device.id,
    () => {
      const [name, status, age] = [html('b'), html('span'), html('span', { class: 'age' })];
      const button = html('button', { type: 'button', class: 'unit' }, name, status, age);
      let at: [number, number] | undefined;
      button.addEventListener('click', () => at && actions.showPlace(...at));
      return {
        element: html('li', {}, button),
        update({ unit, room: { speech } }) {
          at = unit.lat !== undefined && unit.lng !== undefined ? [unit.lat, unit.lng] : undefined;
          setAttribute(button, 'data-status', unit.status);
          setAttribute(button, 'data-stale-fix', unit.isStale);
          setText(name, unit.device.name);
          setText(status, speech.wordOr(unit.status));
          const fix = unit.fixAgeMs === undefined ? '–' : speech.age(unit.fixAgeMs);
          setText(age, `${speech.word('fixAge')} ${fix}`);
        },
      };
    },
  );
  const place = (status: string) => (STATUSES.indexOf(status) + STATUSES.length) % STATUSES.length;
  return {
    update(room) {
      const units = unitsNow(room).sort(
        (a, b) => place(a.status) - place(b.status) || a.device.id.localeCompare(b.device.id),
      );
      list.update(units.map((unit) => ({ unit, room })));
      byId('units-tab').hidden = units.length === 0;
    },
  };
}
