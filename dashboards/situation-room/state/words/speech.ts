/**
 * Speech: words, numbers, ages and times as a person of the chosen language reads them.
 *
 * One object a language and time zone, made anew when the language is switched. Invariant: times are the
 * city's, whatever the zone of the computer that shows them.
 */
import type { Bilingual } from '../api/api-shapes.ts';
import type { Word } from './words-id.ts';

export type Language = 'id' | 'en';
/** The same words in each language. */
export type Words<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>;

const loaded = new Map<Language, Readonly<Record<Word, string>>>();

/** Before speech of that language is made: a page is sent the words that it shows. Rejects where they do not come. */
export async function loadWords(language: Language): Promise<void> {
  if (loaded.has(language)) return;
  const words =
    language === 'id' ? (await import('./words-id.ts')).indonesian : (await import('./words-en.ts')).english;
  loaded.set(language, words);
}

/** `Own` are words that a page has beside those of all pages. */
export interface Speech<Own extends string = never> {
  readonly language: Language;
  word(key: Word | Own): string;
  /** The word for a key that comes from the API; the key itself where there is none. */
  wordOr(key: string): string;
  pick(text: Bilingual): string;
  /** `1,82`; the unit is written beside it. */
  metres(levelM: number): string;
  /** `+0,42`, `−0,05`. */
  signed(changeM: number): string;
  /** With so many decimals at most, one where nothing is said. */
  number(value: number, decimals?: number): string;
  /** `12 dtk`, `3 mnt`, `2 j 05 mnt`, `4 hr`: an age never reads as less than it is by more than its unit. */
  age(ms: number): string;
  /** `14.03.22` with seconds, in the city. */
  time(atMs: number): string;
  /** `14.03`. */
  shortTime(atMs: number): string;
  /** `Sab 21 Nov 2026`. */
  date(atMs: number): string;
  /** `WIB`. */
  readonly zone: string;
}

const UNITS = {
  id: { s: 'dtk', min: 'mnt', h: 'j', d: 'hr' },
  en: { s: 's', min: 'min', h: 'h', d: 'd' },
} as const;

export function createSpeech<Own extends string = never>(
  language: Language,
  timeZone: string,
  own?: Words<Own>,
): Speech<Own> {
  const locale = language === 'id' ? 'id-ID' : 'en-GB';
  const shared = loaded.get(language);
  if (!shared) throw new Error(`the words of ${language} are not loaded`);
  const words: Readonly<Record<string, string>> = { ...shared, ...own?.[language] };
  const decimals = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const metres = new Intl.NumberFormat(locale, decimals);
  const signed = new Intl.NumberFormat(locale, { ...decimals, signDisplay: 'exceptZero' });
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const clock = { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const time = new Intl.DateTimeFormat(locale, { ...clock, second: '2-digit' });
  const shortTime = new Intl.DateTimeFormat(locale, clock);
  const date = new Intl.DateTimeFormat(locale, {
    ...{ timeZone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  });
  return {
    language,
    word: (key) => words[key] as string,
    wordOr: (key) => (Object.hasOwn(words, key) ? (words[key] as string) : key),
    pick: (text) => text[language],
    metres: (levelM) => metres.format(levelM),
    signed: (changeM) => signed.format(changeM).replace('-', '−'),
    number: (value, decimals = 1) =>
      decimals === 1
        ? plain.format(value)
        : value.toLocaleString(locale, { maximumFractionDigits: decimals }),
    age: (ms) => formatAge(ms, UNITS[language]),
    time: (atMs) => time.format(atMs),
    shortTime: (atMs) => shortTime.format(atMs),
    date: (atMs) => date.format(atMs),
    zone: zoneName(timeZone),
  };
}

function formatAge(ms: number, units: Readonly<Record<'s' | 'min' | 'h' | 'd', string>>): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} ${units.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${units.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} ${units.h} ${String(minutes % 60).padStart(2, '0')} ${units.min}`;
  return `${Math.floor(hours / 24)} ${units.d}`;
}

/** The name of today in Indonesian, which knows WIB, WITA and WIT; Pontianak kept the clock of WITA until 1987. */
function zoneName(timeZone: string): string {
  const parts = new Intl.DateTimeFormat('id-ID', { timeZone, timeZoneName: 'short' }).formatToParts();
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}
