/**
 * Speech: words filled in, numbers, levels, spans and clock times as a reader of a language writes them.
 *
 * One object a language and time zone. Invariant: numbers, units, plural forms and dates come from Intl; times are the
 * city's, without seconds, and carry their day where it is not today's.
 */
import { distanceM, type Position } from '../../cities/great-circle.ts';
import type { Bilingual, Severity } from '../../devices/site.ts';
import { html, type Markup } from '../html.ts';
import type { Text, Words } from './id.ts';
import type { Language } from './languages.ts';

type Params = Readonly<Record<string, string>>;
export type Word = {
  [Key in keyof Words]: Words[Key] extends Text ? Key : never;
}[keyof Words];

export interface Speech {
  readonly language: Language;
  say(key: Word, params?: Params): string;
  /** The form that `n` takes; `{n}` is filled in. */
  count(key: Word, n: number, params?: Params): string;
  /** `1,28 m`. */
  metres(levelM: number): string;
  /** `pukul 08.22`, on another day with that day. */
  clock(atMs: number, nowMs: number): string;
  /** `29 Nov 2026 pukul 08.22`: for what is kept, printed or passed on. */
  dated(atMs: number): string;
  /** `25 menit`, `7 jam`, `3 hari`: in the largest unit that is exact, from two days on in days. */
  span(ms: number): string;
  /** `70%`, of a figure from 0 to 100. */
  percent(pct: number): string;
  /** `850 m`, `3,2 km`. */
  distance(a: Position, b: Position): string;
  day(atMs: number): string;
  /** With its year. */
  date(atMs: number): string;
  /** What the clock is called here: `WIB`. */
  readonly zone: string;
  /** A text of the city or of an alert, marked with its own language where that is another. */
  text(text: Bilingual): Markup;
  /** The agency's word for a level. */
  label(label: Bilingual, severity: Severity): string;
}

const MINUTE_MS = 60_000;

export function createSpeech(language: Language, timeZone: string): Speech {
  const { locale, words, textsIn } = language;
  const plural = new Intl.PluralRules(locale);
  const unit = (name: string, digits: number, unitDisplay: 'short' | 'long') =>
    new Intl.NumberFormat(locale, {
      ...{ style: 'unit', unit: name, unitDisplay },
      ...{ minimumFractionDigits: digits, maximumFractionDigits: digits },
    });
  const metres = unit('meter', 2, 'short');
  const wholeMetres = unit('meter', 0, 'short');
  const kilometres = unit('kilometer', 1, 'short');
  const spans = ['minute', 'hour', 'day'].map((name) => unit(name, 0, 'long'));
  const percent = new Intl.NumberFormat(locale, { style: 'percent' });
  const number = new Intl.NumberFormat(locale);
  const time = new Intl.DateTimeFormat(locale, {
    ...{ timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const day = new Intl.DateTimeFormat(locale, { timeZone, day: 'numeric', month: 'short' });
  const date = new Intl.DateTimeFormat(locale, {
    ...{ timeZone, day: 'numeric', month: 'short', year: 'numeric' },
  });
  const speech: Speech = {
    language,
    say: (key, params = {}) => fill(formOf(words[key], 'other'), params),
    count: (key, n, params = {}) =>
      fill(formOf(words[key], plural.select(n)), { n: number.format(n), ...params }),
    metres: (levelM) => whole(metres.format(levelM)),
    clock(atMs, nowMs) {
      const clock = { time: time.format(atMs) };
      const date = day.format(atMs);
      return date === day.format(nowMs)
        ? speech.say('at', clock)
        : speech.say('atDay', { ...clock, day: date });
    },
    dated: (atMs) => speech.say('atDay', { time: time.format(atMs), day: date.format(atMs) }),
    span(ms) {
      const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
      const [inMinutes, inHours, inDays] = spans as [Intl.NumberFormat, Intl.NumberFormat, Intl.NumberFormat];
      if (minutes >= 2 * 24 * 60) return inDays.format(Math.floor(minutes / (24 * 60)));
      if (minutes % 60 === 0) return inHours.format(minutes / 60);
      if (minutes < 120) return inMinutes.format(minutes);
      return `${inHours.format(Math.floor(minutes / 60))} ${inMinutes.format(minutes % 60)}`;
    },
    percent: (pct) => percent.format(pct / 100),
    distance(a, b) {
      const exactM = distanceM(a, b);
      const roundM = Math.round(exactM / 10) * 10;
      return whole(roundM < 1_000 ? wholeMetres.format(roundM) : kilometres.format(exactM / 1_000));
    },
    day: (atMs) => day.format(atMs),
    date: (atMs) => date.format(atMs),
    zone: zoneName(timeZone),
    text: (text) =>
      textsIn === language.code
        ? html`${text[textsIn]}`
        : html`<span lang="${textsIn}">${text[textsIn]}</span>`,
    label(label, severity) {
      const own = language.severities?.[severity];
      return own === undefined ? label[textsIn] : `${own} (${label.id})`;
    },
  };
  return speech;
}

/** Today's name of it in Indonesian, which knows WIB, WITA and WIT: each language says them so. */
function zoneName(timeZone: string): string {
  const parts = new Intl.DateTimeFormat('id-ID', { timeZone, timeZoneName: 'short' }).formatToParts();
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}

/** A number and its unit stay on one line. */
function whole(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

function formOf(text: Text, form: Intl.LDMLPluralRule): string {
  if (typeof text === 'string') return text;
  return (form === 'one' ? text.one : undefined) ?? text.other;
}

export function fill(text: string, params: Params): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole);
}
