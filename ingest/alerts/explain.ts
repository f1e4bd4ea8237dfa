/**
 * The explanation of an alert: which readings, which rule with which parameters, which timers, which notices.
 *
 * For the official who must decide, two sentences; for the engineer who asks why, all of it as JSON. Pure.
 */

import type { Bilingual } from '../../cities/city.ts';
import type { Alert, Evidence, LogEntry } from './alert.ts';
import type { NoticeRecord } from './alert-store.ts';
import { formatTime } from './format-alert.ts';
import { formatIndonesian } from './indonesian-number.ts';
import { formatLocalTime } from './local-time.ts';

export interface Explanation {
  /** Two sentences: what is, and on what it rests. */
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

function formatSentences(alert: Alert, { notices, timeZone }: ExplainOptions): Bilingual {
  const last = alert.evidence.at(-1);
  const clock = (ms: number) => formatLocalTime(ms, timeZone).slice(11, 19);
  const sent = notices.filter((notice) => notice.state === 'sent').length;
  const waiting = notices.filter((notice) => notice.state === 'waiting').length;
  const since = clock(alert.startedAt);
  const rests = last
    ? {
        en: `${alert.evidence.length} readings up to ${clock(last.measuredAt)}, received ${delayS(last).toFixed(1)} s later`,
        id: `${alert.evidence.length} bacaan sampai ${clock(last.measuredAt)}, diterima ${formatIndonesian(delayS(last), 1)} s kemudian`,
      }
    : { en: 'what was heard and not heard of its devices', id: 'apa yang terdengar dan tidak dari alatnya' };
  const blind = alert.blindSince === undefined ? undefined : clock(alert.blindSince);
  const en = `It stands since ${since} by the rule ${alert.rule} (version ${alert.ruleVersion}) on ${rests.en}${
    blind ? `, and has been blind since ${blind}` : ''
  }; ${sent} notices were sent and ${waiting} wait.`;
  const id = `Berlaku sejak ${since} menurut aturan ${alert.rule} (versi ${alert.ruleVersion}) berdasarkan ${rests.id}${
    blind ? `, dan alatnya tidak terdengar sejak ${blind}` : ''
  }; ${sent} pemberitahuan terkirim dan ${waiting} menunggu.`;
  return { en: `${firstSentence(alert.text.en)} ${en}`, id: `${firstSentence(alert.text.id)} ${id}` };
}

/** The rule's own words up to their first full stop that ends a sentence. */
function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}

function delayS({ measuredAt, receivedAt }: Evidence): number {
  return (receivedAt - measuredAt) / 1000;
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
