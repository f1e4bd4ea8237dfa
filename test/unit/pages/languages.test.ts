import { describe, expect, test } from 'vitest';
import { CHANGES, OPERATOR_CHANGES } from '../../../alerts/alert.ts';
import { isWaterRule } from '../../../alerts/lifecycle/grouping.ts';
import { trackRules } from '../../../alerts/rules/index.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { indonesian } from '../../../pages/languages/id.ts';
import { chooseLanguage, LANGUAGES } from '../../../pages/languages/languages.ts';
import { createSpeech } from '../../../pages/languages/speech.ts';

/** `key` and `list.key`, each with its texts. */
function textsOf(words: object): Map<string, readonly string[]> {
  return new Map(
    Object.entries(words).flatMap(([key, value]): [string, readonly string[]][] => {
      if (typeof value === 'string') return [[key, [value]]];
      if ('other' in value && 'one' in value) return [[key, Object.values(value) as string[]]];
      return Object.entries(value as Record<string, string>).map(([inner, text]) => [
        `${key}.${inner}`,
        [text],
      ]);
    }),
  );
}
const holes = (text: string) => new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string));

/** Rules of what everybody may see. */
const publicRules = [
  ...trackRules.filter(({ kind }) => deviceKinds.get(kind)?.audience === 'public').map(({ name }) => name),
  // The silence of any kind has one sentence, that of a river's gauge one of its own.
  ...['upstream-rise', 'rob', 'uplink-down', 'clock-skew', 'gauge-blind', 'silent', 'other'],
];

describe.each(LANGUAGES)('$name', ({ words, code, alertTexts, locale }) => {
  const texts = textsOf(words);

  test('has every word of the list, with the same parts to fill in, and none besides', () => {
    const wanted = textsOf(indonesian);
    expect([...texts.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [key, forms] of texts) {
      for (const form of forms) {
        expect(form.trim(), key).not.toBe('');
        expect(holes(form), key).toEqual(holes((wanted.get(key) as string[])[0] as string));
      }
    }
  });

  test('has a word for each thing that can happen to an alert, and a sentence for each rule that the public meets', () => {
    expect(Object.keys(words.change).sort()).toEqual([...CHANGES, ...OPERATOR_CHANGES].sort());
    expect(Object.keys(words.rules).sort()).toEqual([...publicRules].sort());
  });

  test('tells each flood warning in itself', () => {
    if (!alertTexts) return expect(['id', 'en']).toContain(code);
    const water = publicRules.filter((rule) => isWaterRule(rule));
    expect(water.length).toBeGreaterThanOrEqual(4);
    expect(Object.keys(alertTexts)).toEqual(expect.arrayContaining([...water, 'time-to-threshold-untimed']));
  });

  test('is known to Intl for its numbers, dates and plural forms', () => {
    expect(Intl.NumberFormat.supportedLocalesOf([locale])).toEqual([locale]);
    expect(Intl.DateTimeFormat.supportedLocalesOf([locale])).toEqual([locale]);
    expect(Intl.PluralRules.supportedLocalesOf([locale])).toEqual([locale]);
  });
});

test('levels, spans and clock times are written as each language writes them', () => {
  const at = Date.UTC(2026, 0, 15, 1, 22);
  const lines = LANGUAGES.map((language) => {
    const speech = createSpeech(language, 'Asia/Jakarta');
    const written = [
      speech.metres(1.28),
      speech.span(25 * 60_000),
      speech.span(7 * 3_600_000),
      speech.clock(at, at),
    ];
    return [...written, speech.count('users', 1)].join(' | ').replaceAll('\u00a0', ' ');
  });
  expect(lines).toEqual([
    '1,28 m | 25 menit | 7 jam | pukul 08.22 | 1 pengguna',
    '1.28 m | 25 minutes | 7 hours | 08:22 | 1 user',
    '1,28 m | 25 menit | 7 jam | jam 08:22 | 1 pangangge',
    '1.28米 | 25分钟 | 7小时 | 08:22 | 1 位用户',
  ]);
});

test('a chosen language counts before a kept one, and that before what the browser asks for', () => {
  const code = (query: unknown, cookie?: string, acceptLanguage?: string) =>
    chooseLanguage({ query, cookie, acceptLanguage }).code;
  expect(code('zh', 'siaga-lang=jv', 'en')).toBe('zh');
  expect(code('xx', 'siaga-lang=jv', 'en')).toBe('jv');
  expect(code(undefined, undefined, 'in-ID, en;q=0.9')).toBe('id');
  expect(code(undefined, undefined, 'en;q=0, jv;q=0.1')).toBe('jv');
  expect(code(['en', 'zh'], undefined, undefined)).toBe('id');
});

test('Javanese speaks to strangers in krama throughout, and never in the ngoko of friends', () => {
  const ngoko =
    /(?<![\p{L}-])(?:iki|kuwi|sing|ora|aku|kowe|wis|ning|yen|mung|durung|bisa|menyang|bakal)(?![\p{L}-])/iu;
  const language = LANGUAGES.find(({ code }) => code === 'jv');
  const own = [...Object.values(language?.alertTexts ?? {}), ...Object.values(language?.alertLabels ?? {})];
  const said = [...textsOf(language?.words ?? {}).values()].flat().concat(own);
  expect(said.filter((text) => ngoko.test(text))).toEqual([]);
});
