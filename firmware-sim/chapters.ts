/**
 * The chapters of a demo on its terminal, in Indonesian and English: what has just begun, and where.
 *
 * Looks at the simulation once a second and says what is new; knows nothing of the server. Invariant: a chapter is
 * said once when it begins, with the minutes and seconds since the start before it.
 */
import type { City } from '../cities/city.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../devices/site.ts';
import type { RiverStory } from './city-run.ts';
import type { Cancel, Clock } from './clock.ts';
import type { DispatcherTotals } from './dispatcher/dispatcher.ts';

const LOOK_EVERY_MS = 1_000;

export interface ToldOf {
  readonly city: City;
  readonly clock: Clock;
  readonly storyOf: (nowMs: number) => RiverStory | undefined;
  readonly activeCuts: () => readonly string[];
  /** Undefined where nobody calls 112. */
  readonly dispatcher: { readonly totals: DispatcherTotals } | undefined;
}

/** Says each chapter as it begins, with the time since the start, until the answer is called. */
export function keepTellingChapters(told: ToldOf, say: (at: string, text: Bilingual) => void): Cancel {
  const { clock } = told;
  const startedAt = clock.now();
  const known = new Set<string>();
  let cut = new Set<string>();
  let phase: string | undefined;
  let cancel: Cancel;
  const look = () => {
    const nowMs = clock.now();
    const since = formatElapsed(nowMs - startedAt);
    const begin = (text: Bilingual | undefined) => text && say(since, text);
    const story = told.storyOf(nowMs);
    if (story && story.phase !== phase) begin(describePhase(story, told.city, phase === undefined));
    phase = story?.phase;
    for (const [name, text] of firstsOf(told)) {
      if (!known.has(name)) begin(text);
      known.add(name);
    }
    const active = new Set(told.activeCuts());
    for (const label of active.difference(cut)) begin(describeCut(label, told.city, true));
    for (const label of cut.difference(active)) begin(describeCut(label, told.city, false));
    cut = active;
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  look();
  return () => cancel();
}

function describePhase({ phase, leaders }: RiverStory, city: City, isFirst: boolean): Bilingual {
  const lowest = leaders.at(-1) as RiverGauge;
  const river = city.rivers.find(({ id }) => id === lowest.river)?.name ?? lowest.name;
  switch (phase) {
    case 'calm':
      return isFirst
        ? {
            id: 'Tenang: semua sungai di muka air normal.',
            en: 'Calm: every river stands at its normal level.',
          }
        : { id: `${river} kembali normal.`, en: `${river} is back to normal.` };
    case 'rain':
      return {
        id: `Hujan lebat di hulu ${river}; sungai lain tetap tenang.`,
        en: `Heavy rain upstream on ${river}; the other rivers stay calm.`,
      };
    case 'flood':
      return {
        id: `Puncak banjir lewat di hulu dan bergerak ke ${lowest.name}.`,
        en: `The flood has peaked upstream and moves down to ${lowest.name}.`,
      };
    case 'receding':
      return {
        id: `Puncak banjir melewati ${lowest.name}; air mulai surut.`,
        en: `The flood has peaked at ${lowest.name}; the water falls.`,
      };
  }
}

/** What is worth a chapter the first time it happens, as far as it has happened. */
function firstsOf({ dispatcher }: ToldOf): [string, Bilingual][] {
  const { reported = 0, assigned = 0 } = dispatcher?.totals ?? {};
  const firsts: [string, Bilingual][] = [];
  if (reported > 0)
    firsts.push(['call', { id: 'Panggilan darurat masuk ke 112.', en: 'An emergency call reaches 112.' }]);
  if (assigned > 0)
    firsts.push(['unit', { id: 'Ambulans terdekat dikirim.', en: 'The nearest ambulance is sent.' }]);
  return firsts;
}

/** Of an uplink; what fails besides is on the progress line. A label is the id of what is cut off, and a word. */
function describeCut(label: string, { uplinks }: City, isCut: boolean): Bilingual | undefined {
  const uplink = uplinks.find(({ id }) => id === label.split(' ')[0]);
  if (!uplink) return undefined;
  return isCut
    ? { id: `Jaringan putus: ${uplink.name}.`, en: `The network fails: ${uplink.name}.` }
    : { id: `Jaringan pulih: ${uplink.name}.`, en: `The network is back: ${uplink.name}.` };
}

/** A chapter as two lines of a terminal. */
export function formatChapter(at: string, { id, en }: Bilingual): string {
  return `[${at}] ${id}\n${' '.repeat(at.length + 3)}${en}`;
}

/** `1:08`. */
function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
