/**
 * A warning as a citizen reads it: its level as a word in its colour, a sentence, since when, and the way to why.
 *
 * Used by the first page, a river's page and the page of the warning itself. Invariant: what to do is the sentence
 * that the CAP message of the same severity says.
 */
import type { Alert } from '../alerts/alert.ts';
import { isWaterRule } from '../alerts/lifecycle/grouping.ts';
import { type Prediction, roundChance } from '../alerts/rules/forecast-words.ts';
import { timeToThreshold } from '../alerts/rules/time-to-threshold.ts';
import { html, type Markup } from './html.ts';
import { fill, type Speech } from './languages/speech.ts';
import type { LevelPoint } from './level-trend.ts';
import type { GaugeNow } from './public-city.ts';

const FORECAST = timeToThreshold.name;

/** What an alert says, in the reader's language where its facts can be told in it, else in the one that it has. */
export function formatSentence(alert: Alert, speech: Speech, nowMs: number): Markup {
  const { alertTexts } = speech.language;
  const { targetM, probabilityPct } = (alert.detail ?? {}) as Prediction;
  const when = foretold([alert]).at(-1);
  const isUntimed = alert.rule === FORECAST && !when;
  const template = alertTexts?.[isUntimed ? `${alert.rule}-untimed` : alert.rule];
  if (template === undefined) return speech.text(alert.text);
  const chance = probabilityPct === undefined ? '' : ` (${speech.percent(roundChance(probabilityPct))})`;
  return html`${fill(template, {
    name: alert.subjectName,
    label: formatLabel(alert, speech),
    value: alert.value === undefined || alert.unit !== 'm' ? '' : speech.metres(alert.value),
    target: targetM === undefined ? '' : `${speech.metres(targetM)}${chance}`,
    when: when ? speech.clock(when.atMs, nowMs) : '',
  })}`;
}

/** What a warning is called. */
export function formatLabel({ rule, label, severity }: Alert, speech: Speech): string {
  return speech.language.alertLabels?.[rule] ?? speech.label(label, severity);
}

/** The levels that a forecast expects and when, for a plot: ascending. */
export function foretold(alerts: readonly Alert[]): readonly LevelPoint[] {
  const forecast = alerts.find(({ rule }) => rule === FORECAST);
  const { claims = [], targetM, likelyMin, atMs } = (forecast?.detail ?? {}) as Prediction;
  const timed = claims.flatMap(({ levelM, likelyAtMs }) =>
    likelyAtMs === undefined ? [] : [{ atMs: likelyAtMs, levelM }],
  );
  if (timed.length > 0) return timed.toSorted((a, b) => a.atMs - b.atMs);
  // Alerts of the version before say one time, of the target.
  if (targetM === undefined || likelyMin === undefined || atMs === undefined) return [];
  return [{ atMs: atMs + likelyMin * 60_000, levelM: targetM }];
}

export interface WarningOptions {
  readonly speech: Speech;
  readonly nowMs: number;
  readonly root: string;
  /** The name of the subject as a link to its page, where the card stands elsewhere. */
  readonly isNamed: boolean;
  /**
   * Where the page does not say it elsewhere: the text of a warning is of when it was raised, and the water moves on.
   */
  readonly gauge?: GaugeNow | undefined;
}

export function formatWarning(alert: Alert, options: WarningOptions): Markup {
  const { speech, nowMs, root, isNamed, gauge } = options;
  const { say } = speech;
  const label = formatLabel(alert, speech);
  return html`<article class="warning ${alert.severity}">
<h3><span class="mark ${alert.severity}">${label}</span> ${isNamed && html`<a href="${root}rivers/${alert.subject}">${alert.subjectName}</a>`}</h3>
<p>${formatSentence(alert, speech, nowMs)}</p>
<p class="small">${gauge && html`<b>${formatPresent(gauge, speech)}</b> · `}${say('since', { time: speech.clock(alert.startedAt, nowMs) })}${alert.provisional && html` · ${say('unconfirmed')}`} · <a href="${root}alerts/${alert.id}" aria-label="${say('whyOf', { label, name: alert.subjectName })}">${say('why')}</a></p>
</article>`;
}

function formatPresent({ levelM, trend }: GaugeNow, { say, metres }: Speech): string {
  if (levelM === undefined) return say('noData');
  return `${say('levelNow', { level: metres(levelM) })}${trend ? `, ${say(trend)}` : ''}`;
}

/** What to do; undefined for what is no danger to people, such as Wi-Fi that is down. */
export function instructionFor({ rule, severity }: Alert, speech: Speech): string | undefined {
  return isWaterRule(rule) ? speech.language.words.instruction[severity] : undefined;
}
