/**
 * The explanation of an alert: which readings, which rule with which parameters, which timers, which notices.
 *
 * For the official who must decide, a few sentences; for the engineer who asks why, all of it as JSON. Pure.
 */

import type { Bilingual } from '../../devices/site.ts';
import type { Alert, Evidence, LogEntry } from '../alert.ts';
import { createClock, formatSpan } from '../wording.ts';
import type { NoticeRecord } from './alert-store.ts';
import { formatTime } from './format-alert.ts';

export interface Explanation {
  /** A few sentences: what is, and on what it rests. */
  readonly sentences: Bilingual;
  readonly rule: { readonly name: string; readonly version: number; readonly parameters: unknown };
  readonly readings: readonly Evidence[];
  /** What runs now and when it ends, epoch ms. */
  readonly timers: Readonly<Record<string, number>>;
  readonly notices: readonly NoticeRecord[];
  readonly log: readonly LogEntry[];
}

export interface ExplainOptions {
  readonly notices: readonly NoticeRecord[];
  /** The rule's own timers: pending, hold. */
  readonly ruleTimers: Readonly<Record<string, number>>;
  readonly timeZone: string;
  readonly nowMs: number;
  /** When the silence that mutes it ends. */
  readonly silenceEndsAt: number | undefined;
}

export function explainAlert(alert: Alert, options: ExplainOptions): Explanation {
  const { notices, ruleTimers, silenceEndsAt } = options;
  const { dueAt } = alert.escalation;
  return {
    sentences: formatSentences(alert, options),
    rule: { name: alert.rule, version: alert.ruleVersion, parameters: alert.parameters },
    readings: alert.evidence,
    timers: {
      ...ruleTimers,
      ...(dueAt === undefined ? {} : { escalationAt: dueAt }),
      ...(silenceEndsAt === undefined ? {} : { silenceEndsAt }),
    },
    notices,
    log: alert.log,
  };
}

function formatSentences(alert: Alert, { notices, timeZone, nowMs }: ExplainOptions): Bilingual {
  const { startedAt, endedAt, blindSince, text } = alert;
  const clock = createClock(timeZone);
  const since = clock(startedAt, nowMs);
  const until = endedAt === undefined ? undefined : clock(endedAt, nowMs);
  const span = until
    ? {
        en: `It was in force from ${since.en} to ${until.en}`,
        id: `Berlaku sejak ${since.id} sampai ${until.id}`,
      }
    : { en: `In force since ${since.en}`, id: `Berlaku sejak ${since.id}` };
  const rests = formatEvidence(alert.evidence, (atMs) => clock(atMs, nowMs));
  const blind = blindSince === undefined ? undefined : clock(blindSince, nowMs);
  const deaf = blind
    ? { en: ` Without data since ${blind.en}.`, id: ` Tanpa data sejak ${blind.id}.` }
    : { en: '', id: '' };
  const sent = notices.filter((notice) => notice.state === 'sent').length;
  const waiting = notices.filter((notice) => notice.state === 'waiting').length;
  const left = waiting > 0 ? { en: `; ${waiting} wait`, id: `; ${waiting} menunggu` } : { en: '', id: '' };
  return {
    en: `${text.en} ${span.en}${rests.en}.${deaf.en} ${sent} notices were sent${left.en}.`,
    id: `${text.id} ${span.id}${rests.id}.${deaf.id} ${sent} pemberitahuan terkirim${left.id}.`,
  };
}

/** `, from 8 readings; the last was at 08:22 and arrived 2 min later`. */
function formatEvidence(evidence: readonly Evidence[], clock: (atMs: number) => Bilingual): Bilingual {
  const last = evidence.at(-1);
  if (!last) return { en: '', id: '' };
  const at = clock(last.measuredAt);
  const delayMs = last.receivedAt - last.measuredAt;
  const span = formatSpan(delayMs);
  const delay =
    delayMs < 1_000
      ? { en: 'at once', id: 'langsung diterima' }
      : { en: `${span.en} later`, id: `diterima ${span.id} kemudian` };
  const count = evidence.length;
  return {
    en: `, from ${count} reading${count === 1 ? '' : 's'}; the last was at ${at.en} and arrived ${delay.en}`,
    id: `, dari ${count} bacaan; yang terakhir ${at.id}, ${delay.id}`,
  };
}

/** An explanation as it leaves the API: times as RFC 3339. */
export function formatExplanation(explanation: Explanation) {
  const { sentences, rule, readings, timers, notices, log } = explanation;
  return {
    sentences,
    rule,
    readings: readings.map(({ measuredAt, receivedAt, ...rest }) => ({
      ...rest,
      measuredAt: formatTime(measuredAt),
      receivedAt: formatTime(receivedAt),
    })),
    timers: Object.fromEntries(Object.entries(timers).map(([name, at]) => [name, formatTime(at)])),
    notices: notices.map(({ createdAt, doneAt, nextAt, outcome, ...rest }) => ({
      ...rest,
      createdAt: formatTime(createdAt),
      doneAt: doneAt === undefined ? null : formatTime(doneAt),
      nextAt: nextAt === undefined ? null : formatTime(nextAt),
      outcome: outcome ?? null,
    })),
    log: log.map(({ at, by, note, ...rest }) => ({
      ...rest,
      at: formatTime(at),
      by: by ?? null,
      note: note ?? null,
    })),
  };
}
