/**
 * What a person reads in a notice: a subject line and a few sentences, Indonesian first, then English.
 *
 * Used by e-mail and Telegram. Invariant: a drill says so in its first word, and what is not confirmed too.
 */
import type { LogEntry } from '../alert.ts';
import type { NoticeBody } from './channel.ts';

const CHANGES: Readonly<Partial<Record<LogEntry['change'], { id: string; en: string }>>> = {
  opened: { id: 'MULAI', en: 'STARTED' },
  provisional: { id: 'BELUM TERKONFIRMASI', en: 'NOT CONFIRMED' },
  confirmed: { id: 'TERKONFIRMASI', en: 'CONFIRMED' },
  upgraded: { id: 'NAIK', en: 'RAISED' },
  reopened: { id: 'MULAI LAGI', en: 'AGAIN' },
  resolved: { id: 'SELESAI', en: 'OVER' },
  withdrawn: { id: 'DICABUT', en: 'WITHDRAWN' },
  blind: { id: 'ALAT TIDAK TERDENGAR', en: 'GAUGE SILENT' },
  escalated: { id: 'BELUM DITANGANI', en: 'NOBODY HAS IT' },
  unsilenced: { id: 'MASIH BERLANGSUNG', en: 'STILL OPEN' },
};

export interface Words {
  readonly subject: string;
  readonly text: string;
}

export function formatWords(
  { alert, change, others, silencedBy }: NoticeBody,
  url: string | undefined,
): Words {
  const word = CHANGES[change] ?? { id: change.toUpperCase(), en: change.toUpperCase() };
  const drill = alert.exercise ? { id: '[LATIHAN] ', en: '[EXERCISE] ' } : { id: '', en: '' };
  const lines = [
    `${drill.id}${word.id}: ${alert.label.id}. ${alert.text.id}`,
    `${drill.en}${word.en}: ${alert.label.en} (${alert.severity}). ${alert.text.en}`,
  ];
  if (others > 0) {
    lines.push(
      `Dan ${others} peringatan lain dari kejadian yang sama. / And ${others} more alerts of the same event.`,
    );
  }
  if (silencedBy)
    lines.push(
      `Dibisukan oleh ${silencedBy}; tingkat tertinggi tetap dikirim. / Silenced by ${silencedBy}; the top level is sent all the same.`,
    );
  if (alert.flapping) lines.push('Berulang kali mulai dan selesai. / It starts and ends again and again.');
  if (url) lines.push(`${url}/v1/alerts/${alert.id}`);
  const subject = `${drill.id}${word.id}: ${alert.subjectName}, ${alert.label.id}`;
  return { subject: subject.replaceAll(/[\r\n]+/g, ' ').slice(0, 200), text: lines.join('\n') };
}
