/**
 * The languages of the public pages, and which one a visitor gets: what he chose, else what his browser asks for.
 *
 * Invariant: a new language is its file and one line here; what a visitor sends is only ever compared with this list.
 */
import type { Severity } from '../../devices/site.ts';
import { english } from './en.ts';
import { indonesian, type Words } from './id.ts';
import { javanese, javaneseAlerts, javaneseRules } from './jv.ts';
import { chinese, chineseAlerts, chineseRules, chineseSeverities } from './zh.ts';

export interface Language {
  /** In `lang` and in the cookie. */
  readonly code: 'id' | 'en' | 'jv' | 'zh';
  /** In itself. */
  readonly name: string;
  /** For Intl, and for `lang` in the document. */
  readonly locale: string;
  readonly words: Words;
  /** The language that the city's and the alerts' own texts are shown in. */
  readonly textsIn: 'id' | 'en';
  /** What is told of an alert, by rule, where its own text is in another language. */
  readonly alertTexts?: Readonly<Record<string, string>>;
  /** What warnings are called, by rule, where the alert's own word is in another language. */
  readonly alertLabels?: Readonly<Record<string, string>>;
  /** Said before the agency's word for a level. */
  readonly severities?: Readonly<Record<Severity, string>>;
}

const indonesia: Language = {
  code: 'id',
  name: 'Indonesia',
  locale: 'id-ID',
  words: indonesian,
  textsIn: 'id',
};

export const LANGUAGES: readonly Language[] = [
  indonesia,
  { code: 'en', name: 'English', locale: 'en-GB', words: english, textsIn: 'en' },
  {
    ...{ code: 'jv', name: 'Jawa', locale: 'jv-ID', words: javanese, textsIn: 'id' },
    alertTexts: javaneseAlerts,
    alertLabels: javaneseRules,
  },
  {
    ...{ code: 'zh', name: '中文', locale: 'zh-CN', words: chinese, textsIn: 'en' },
    alertTexts: chineseAlerts,
    alertLabels: chineseRules,
    severities: chineseSeverities,
  },
];

export const LANGUAGE_COOKIE = 'siaga-lang';

export interface Wish {
  /** `?lang=` of the link that was followed. */
  readonly query: unknown;
  readonly cookie: string | undefined;
  readonly acceptLanguage: string | undefined;
}

export function chooseLanguage({ query, cookie, acceptLanguage }: Wish): Language {
  const kept = cookie
    ?.split(';')
    .map((pair) => pair.trim().split('='))
    .find(([name]) => name === LANGUAGE_COOKIE)?.[1];
  return findLanguage(query) ?? findLanguage(kept) ?? firstAccepted(acceptLanguage ?? '') ?? indonesia;
}

export function findLanguage(code: unknown): Language | undefined {
  return LANGUAGES.find((each) => each.code === code);
}

/** RFC 9110 §12.5.4: by quality, and by order where that is the same. `in` is the old code of Indonesian. */
function firstAccepted(header: string): Language | undefined {
  const wishes = header.split(',').map((each) => {
    const [range = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((part) => part.startsWith('q='));
    const code = range.split('-')[0] as string;
    return { code: code === 'in' ? 'id' : code, quality: quality ? Number(quality.slice(2)) : 1 };
  });
  const wanted = wishes.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
  for (const { code } of wanted) {
    const language = findLanguage(code);
    if (language) return language;
  }
  return undefined;
}
