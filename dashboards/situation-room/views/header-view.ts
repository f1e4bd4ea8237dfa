/**
 * The header: whether what is below is live, the city's time, and how many devices are heard.
 *
 * Invariant: when the stream is down it says since when, and the whole page is marked stale (`data-stale` on
 * the body), so that the last known state is never taken for the present.
 */
import type { Liveness } from '../state/api/api-shapes.ts';
import { byId, createKeyedList, html, setAttribute, setOptionalText, setText } from './dom.ts';
import type { Room } from './room.ts';

const LIVENESSES: readonly Liveness[] = ['online', 'sleeping', 'silent', 'offline', 'unseen'];

export interface HeaderView {
  update(room: Room): void;
}

interface KindCount {
  readonly kind: string;
  readonly label: string;
  readonly total: number;
  readonly heard: number;
  /** `1 senyap, 2 mati`; empty when all are heard. */
  readonly rest: string;
}

export function createHeaderView(): HeaderView {
  const counts = createKeyedList<KindCount>(
    byId('device-counts'),
    ({ kind }) => kind,
    () => {
      const [label, figure, rest] = [
        html('span', { class: 'count-label' }),
        html('b'),
        html('span', { class: 'count-rest' }),
      ];
      return {
        element: html('li', {}, label, figure, rest),
        update(count) {
          setText(label, count.label);
          setText(figure, `${count.heard}/${count.total}`);
          setOptionalText(rest, count.rest === '' ? undefined : count.rest);
        },
      };
    },
  );
  return {
    update(room) {
      const { speech, nowMs, state } = room;
      setText(byId('city-name'), state.city.name);
      setText(byId('clock-time'), speech.time(nowMs));
      setText(byId('clock-zone'), speech.zone);
      setText(byId('clock-date'), speech.date(nowMs));
      setOptionalText(byId('exercise'), isExercise(room) ? speech.word('exercise') : undefined);
      showConnection(room);
      counts.update(countKinds(room));
    },
  };
}

function showConnection({ stream, speech, nowMs }: Room): void {
  const pill = byId('connection');
  setAttribute(pill, 'data-stream', stream.name);
  const isStale = stream.name === 'waiting';
  setAttribute(document.body, 'data-stale', isStale);
  setText(byId('connection-word'), describe());
  // Beside the words, which are spoken once; the age would be spoken every second.
  const age = stream.name === 'waiting' ? `(${speech.age(nowMs - stream.sinceMs)})` : undefined;
  setOptionalText(byId('connection-age'), age);
  setOptionalText(byId('stale-banner'), isStale ? speech.word('staleBanner') : undefined);

  function describe(): string {
    if (stream.name === 'live') return speech.word('live');
    if (stream.name === 'connecting') return speech.word('connecting');
    return `${speech.word('reconnecting')} ${speech.time(stream.sinceMs)}`;
  }
}

function isExercise({ state }: Room): boolean {
  for (const { simulated } of state.devices.values()) if (simulated) return true;
  return false;
}

function countKinds({ state, nowMs, speech }: Room): KindCount[] {
  const byKind = new Map<string, Map<Liveness, number>>();
  for (const device of state.devices.values()) {
    const counted = byKind.get(device.kind) ?? new Map<Liveness, number>();
    byKind.set(device.kind, counted);
    const liveness = state.liveness(device, nowMs);
    counted.set(liveness, (counted.get(liveness) ?? 0) + 1);
  }
  const kinds = [...state.city.kinds].sort((a, b) => Number(b.isPublic) - Number(a.isPublic));
  return kinds.flatMap((kind) => {
    const counted = byKind.get(kind.name);
    if (!counted) return [];
    const label = speech.pick(kind.label);
    const rest = LIVENESSES.filter((each) => each !== 'online' && counted.has(each));
    return {
      kind: kind.name,
      label: label.charAt(0).toUpperCase() + label.slice(1),
      total: [...counted.values()].reduce((sum, count) => sum + count, 0),
      heard: counted.get('online') ?? 0,
      rest: rest.map((each) => `${counted.get(each)} ${speech.word(each)}`).join(', '),
    };
  });
}
