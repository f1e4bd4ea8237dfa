/**
 * CitySpeech: the words, fields and sentences of the page of the city in the chosen language.
 *
 * Made anew when the language is switched. Invariant: a field or sentence that has no word of its own is shown as the
 * API says it, never left out.
 */
import type { Bilingual } from '../state/api/api-shapes.ts';
import { createSpeech, type Language, type Speech } from '../state/words/speech.ts';
import { PARAMETERS } from './parameter-words.ts';
import { sayReason } from './sentences.ts';
import { englishOfCity } from './words-en.ts';
import { type CityWord, indonesianOfCity } from './words-id.ts';

export interface CitySpeech {
  /** Words, times and numbers that the pages share. */
  readonly shared: Speech;
  word(key: CityWord, facts?: Readonly<Record<string, string | number>>): string;
  /** A field's name for people; the name itself where there is none. */
  field(name: string): string;
  /** `thresholds.0.levelM` → `Thresholds 1: Level (m)`. */
  path(path: string): string;
  pick(text: Bilingual): string;
  /** A sentence of `check`. */
  reason(sentence: string): string;
  /** Date and time in the city. */
  moment(at: string): string;
}

export function createCitySpeech(language: Language, timeZone: string): CitySpeech {
  const words: Readonly<Record<CityWord, string>> = language === 'id' ? indonesianOfCity : englishOfCity;
  const shared = createSpeech(language, timeZone);
  const field = (name: string) =>
    Object.hasOwn(words, name) ? words[name as CityWord] : (PARAMETERS[name]?.name[language] ?? name);
  return {
    shared,
    word: (key, facts = {}) =>
      words[key].replace(/\{(\w+)\}/g, (_whole, name: string) => {
        const fact = facts[name];
        return typeof fact === 'number'
          ? fact.toLocaleString(language === 'id' ? 'id-ID' : 'en-GB')
          : `${fact}`;
      }),
    field,
    path: (path) =>
      path
        .split('.')
        .map((name) => (/^\d+$/.test(name) ? String(Number(name) + 1) : field(name)))
        .join(' › '),
    pick: (text) => text[language],
    reason: (sentence) => (language === 'id' ? sayReason(sentence) : sentence),
    moment: (at) => `${shared.date(Date.parse(at))} ${shared.shortTime(Date.parse(at))}`,
  };
}
