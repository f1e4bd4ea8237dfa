/**
 * The devices of every kind that has no panel of its own: what they last said, as their kind names it.
 *
 * A kind that is added shows here without a line of the page. Invariant: a value never stands without its unit and
 * the age of the device's last word.
 */
import type { Device } from '../state/city-state.ts';
import { byId, createKeyedList, html, setAttribute, setText } from './dom.ts';
import type { Room } from './room.ts';

export function createOthersView(): { update(room: Room): void } {
  const list = createKeyedList<{ device: Device; room: Room }>(
    byId('others-list'),
    ({ device }) => device.id,
    () => {
      const [name, values, age] = [html('b'), html('span'), html('span', { class: 'age' })];
      const element = html('li', { class: 'other' }, name, values, age);
      return {
        element,
        update({ device, room }) {
          const { speech, state, nowMs } = room;
          const kind = state.city.kinds.find((each) => each.name === device.kind);
          const liveness = state.liveness(device, nowMs);
          setAttribute(element, 'data-liveness', liveness);
          setText(name, kind ? `${speech.pick(kind.label)} ${device.name}` : device.name);
          setText(values, describeValues(device, room));
          const heard = device.lastHeardAt === 0 ? '–' : speech.age(nowMs - device.lastHeardAt);
          setText(age, `${speech.wordOr(liveness)} · ${heard}`);
        },
      };
    },
  );
  return {
    update(room) {
      const devices = room.state
        .devicesOn('others')
        .sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
      list.update(devices.map((device) => ({ device, room })));
      byId('others-tab').hidden = devices.length === 0;
    },
  };
}

/** `free seats 12 · wheelchair places 1`; `–` before the first word. */
function describeValues({ kind: name, values }: Device, { speech, state }: Room): string {
  const shows = state.city.kinds.find((each) => each.name === name)?.shows ?? [];
  const parts = shows.flatMap(({ name: quantity, unit, label }) => {
    const value = values[quantity];
    if (value === undefined) return [];
    const text = typeof value === 'number' ? speech.number(value) : speech.wordOr(value);
    return [`${speech.pick(label)} ${text}${unit && ` ${unit}`}`];
  });
  return parts.join(' · ') || '–';
}
