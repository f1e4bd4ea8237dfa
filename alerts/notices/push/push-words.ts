/**
 * What a phone shows: a title, what happened and what to do, in one language, readable alone.
 *
 * Invariant: a drill says so in its first word. Javanese and Chinese readers get Indonesian and English: of an
 * alert's text there are these two.
 */
import type { Bilingual } from '../../../devices/site.ts';
import { rankOf } from '../../alert.ts';
import { INSTRUCTIONS } from '../../instructions.ts';
import type { NoticeBody } from '../channel.ts';
import { isEnd } from '../storm-pages.ts';

export type Word = Pick<NoticeBody, 'alert' | 'change'>;

export interface PushMessage {
  readonly title: string;
  readonly body: string;
  /** Of the page that says why, below the root of the pages. */
  readonly page: string;
  /** Whom the button that ends it is about. */
  readonly gauge: string;
  readonly stop: string;
  readonly language: 'id' | 'en';
}

/** Push services take 4,096 bytes encrypted; sentences have up to 200 characters of up to 3 bytes. */
const MAX_CHARACTERS = 600;
const STOP: Bilingual = { id: 'Berhenti', en: 'Stop' };
const OVER: Bilingual = { id: 'selesai', en: 'over' };
const DRILL: Bilingual = { id: '[LATIHAN] ', en: '[EXERCISE] ' };

/** The worst of them in full, the number of the others. */
export function formatPush(words: readonly [Word, ...Word[]], readerLanguage: string): PushMessage {
  const language = readerLanguage === 'id' || readerLanguage === 'jv' ? 'id' : 'en';
  const [{ alert, change }] = words.toSorted((a, b) => urgencyOf(b) - urgencyOf(a)) as [Word, ...Word[]];
  const ended = isEnd(change);
  const label = ended ? OVER[language] : alert.label[language];
  const drill = alert.exercise ? DRILL[language] : '';
  const more = words.length > 1 ? ` (+${words.length - 1})` : '';
  const toDo = ended ? '' : ` ${INSTRUCTIONS[alert.severity][language]}`;
  return {
    title: `${drill}${alert.subjectName}: ${label}${more}`.slice(0, 200),
    body: `${alert.text[language]}${toDo}`.slice(0, MAX_CHARACTERS),
    page: `alerts/${alert.id}`,
    gauge: alert.subject,
    stop: STOP[language],
    language,
  };
}

function urgencyOf({ alert, change }: Word): number {
  return isEnd(change) ? 0 : rankOf(alert.severity);
}
