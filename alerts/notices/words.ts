/**
 * What a person reads in a notice: a subject line and a few sentences, Indonesian first, then English.
 *
 * Used by e-mail and Telegram. Invariant: a drill says so in its first word, and what is not confirmed too.
 */
import type { LogEntry } from '../alert.ts';
import { audienceOf } from '../record/format-alert.ts';
import type { NoticeBody } from './channel.ts';

const CHANGES: Readonly<Partial<Record<LogEntry['change'], { id: string; en: string }>>> = {
  opened: { id: 'MULAI', en: 'STARTED' },
  provisional: { id: 'BELUM TERKONFIRMASI', en: 'NOT CONFIRMED' },
  confirmed: { id: 'TERKONFIRMASI', en: 'CONFIRMED' },
  upgraded: { id: 'NAIK', en: 'RAISED' },
  reopened: { id: 'TERJADI LAGI', en: 'BACK' },
  resolved: { id: 'SELESAI', en: 'OVER' },
  withdrawn: { id: 'DICABUT', en: 'WITHDRAWN' },
  blind: { id: 'ALAT TIDAK TERDENGAR', en: 'GAUGE SILENT' },
  escalated: { id: 'BELUM DITANGANI', en: 'NOBODY HAS IT' },
  unsilenced: { id: 'MASIH BERLANGSUNG', en: 'STILL OPEN' },
};

type Language = 'id' | 'en';

const DRILL = { id: '[LATIHAN] ', en: '[EXERCISE] ' } as const;
/** Of one message: Telegram takes 4,096 characters, a sentence has up to 200 in each language. */
const MAX_NAMED = 8;

export interface Words {
  readonly subject: string;
  readonly text: string;
}

/**
 * The first sentence is the worst; what else the storm brought follows line by line, in one language after the other.
 */
export function formatWords({ alert, change, also, silencedBy }: NoticeBody, url: string | undefined): Words {
  const drill = alert.exercise;
  const lines = (['id', 'en'] as const).flatMap((language) => [
    `${drill ? DRILL[language] : ''}${formatSentence({ alert, change }, language)}`,
    ...also.slice(0, MAX_NAMED).map((part) => `• ${formatSentence(part, language)}`),
    ...(also.length > MAX_NAMED ? [formatRest(also.length - MAX_NAMED, language)] : []),
  ]);
  if (silencedBy)
    lines.push(
      `Dibisukan oleh ${silencedBy}; tingkat tertinggi tetap dikirim. / Silenced by ${silencedBy}; the top level is sent all the same.`,
    );
  if (alert.flapping) lines.push('Berulang kali mulai dan selesai. / It starts and ends again and again.');
  // The public's page says why; what is for staff is read with a token.
  if (url) lines.push(`${url}${audienceOf(alert) === 'public' ? '' : '/v1'}/alerts/${alert.id}`);
  const more = also.length > 0 ? ` (+${also.length})` : '';
  const subject = `${drill ? DRILL.id : ''}${wordOf(change).id}: ${alert.subjectName}, ${alert.label.id}${more}`;
  return { subject: subject.replaceAll(/[\r\n]+/g, ' ').slice(0, 200), text: lines.join('\n') };
}

function formatSentence({ alert, change }: Pick<NoticeBody, 'alert' | 'change'>, language: Language): string {
  const severity = language === 'en' ? ` (${alert.severity})` : '';
  const [label, text] = [alert.label[language], alert.text[language]];
  // "Air kiriman: Kali Kreo naik …" needs no label before it.
  if (text.toLowerCase().startsWith(label.toLowerCase()))
    return `${wordOf(change)[language]}${severity}. ${text}`;
  return `${wordOf(change)[language]}: ${label}${severity}. ${text}`;
}

function formatRest(count: number, language: Language): string {
  return {
    id: `• dan ${count} peringatan lain; lihat halaman ruang situasi.`,
    en: `• and ${count} more alerts; see the situation room.`,
  }[language];
}

function wordOf(change: LogEntry['change']): { readonly id: string; readonly en: string } {
  return CHANGES[change] ?? { id: change.toUpperCase(), en: change.toUpperCase() };
}
