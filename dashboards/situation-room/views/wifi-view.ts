/**
 * The public Wi-Fi by place: how many access points work and how full they are.
 *
 * What a citizen asks ("where does it work?") and an engineer sees at a glance. Invariant: load is told of
 * access points that are heard only; a place with none of them is down, whatever it said last.
 */
import type { CityState } from '../state/city-state.ts';
import { byId, createKeyedList, html, setAttribute, setText } from './dom.ts';
import type { Room } from './room.ts';
import { loadOf, wordFor } from './wifi-load.ts';

interface WifiPlace {
  readonly name: string;
  total: number;
  working: number;
  clients: number;
  capacity: number;
}

export function createWifiView(): { update(room: Room): void } {
  const list = createKeyedList<{ place: WifiPlace; room: Room }>(
    byId('wifi-list'),
    ({ place }) => place.name,
    () => {
      const [name, state, load] = [html('b'), html('span'), html('span', { class: 'age' })];
      const element = html('li', { class: 'wifi' }, name, state, load);
      return {
        element,
        update({ place, room: { speech } }) {
          const { total, working, clients, capacity } = place;
          const word = working === 0 ? 'down' : wordFor(clients / Math.max(1, capacity));
          setAttribute(element, 'data-load', word);
          setText(name, place.name);
          setText(state, speech.word(word));
          const users = `${speech.number(clients)} ${speech.word('clients')}`;
          setText(load, `${users} · ${working}/${total} ${speech.word('working')}`);
        },
      };
    },
  );
  return {
    update(room) {
      list.update(groupByPlace(room.state, room.nowMs).map((place) => ({ place, room })));
    },
  };
}

function groupByPlace(state: CityState, nowMs: number): WifiPlace[] {
  const places = new Map<string, WifiPlace>();
  for (const device of state.devicesOn('wifi')) {
    const site = state.capacities.get(device.id);
    const name = site?.place ?? device.name;
    const place = places.get(name) ?? { name, total: 0, working: 0, clients: 0, capacity: 0 };
    places.set(name, place);
    place.total++;
    if (loadOf({ state, nowMs }, device) === 'down') continue;
    const { clients } = device.values;
    place.working++;
    place.clients += typeof clients === 'number' ? clients : 0;
    place.capacity += site?.capacityClients ?? 0;
  }
  return [...places.values()].sort((a, b) => a.name.localeCompare(b.name));
}
