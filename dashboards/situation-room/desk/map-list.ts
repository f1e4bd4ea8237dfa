/**
 * What the desk's map holds, in words: where a browser does not draw maps, and for those who read rather than look.
 *
 * Invariant: it names all that the map would show, candidates with their number first.
 */
import { byId, html } from '../views/dom.ts';
import type { Marked } from './desk-marks.ts';

/** `sentences` say what the layers would show that are switched on. */
export function showMapList({ room, units, call }: Marked, sentences: readonly string[]): void {
  const { speech, state } = room;
  const at = (lat: number, lng: number) => `${lat.toFixed(4)}, ${lng.toFixed(4)}`;
  const ranked = [...units].sort(
    (a, b) => (a.proposed?.rank ?? 99) - (b.proposed?.rank ?? 99) || byName(a, b),
  );
  const lines = [
    ...sentences,
    ...(call ? [`${speech.word('callPlace')}: ${at(call.lat, call.lng)}`] : []),
    ...state.incidents.map(({ id, priority, category, place, lat, lng }) => {
      const where = place ?? (lat === null || lng === null ? '–' : at(lat, lng));
      return `#${id} P${priority} ${category ?? ''}: ${where}`;
    }),
    ...ranked.map(({ proposed, device, status, isStale, fixAgeMs, lat, lng }) => {
      const age = fixAgeMs === undefined ? '–' : speech.age(fixAgeMs);
      const stale = isStale ? `, ${speech.word('staleFix')}` : '';
      const number = proposed ? `${proposed.rank}. ` : '';
      return `${number}${device.name}: ${speech.wordOr(status)}, ${at(lat, lng)}, ${speech.word('fixAge')} ${age}${stale}`;
    }),
    ...state.city.hospitals.map(({ name, lat, lng }) => `${name}: ${at(lat, lng)}`),
  ];
  const list = byId('map-list');
  const shown = lines.join('\n');
  if (list.dataset['shown'] === shown) return;
  list.dataset['shown'] = shown;
  list.replaceChildren(...lines.map((line) => html('li', {}, line)));
}

function byName(a: Marked['units'][number], b: Marked['units'][number]): number {
  return a.device.name.localeCompare(b.device.name);
}
