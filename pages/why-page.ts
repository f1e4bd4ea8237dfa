/**
 * Why? The page of one alert: what is and on what it rests, the readings as a plot and as figures, the rule, the story.
 *
 * Shows what GET /v1/alerts/{id} tells everybody. Invariant: nothing of who was told and nobody's name.
 */
import type { Alert, Evidence } from '../alerts/alert.ts';
import type { Explanation } from '../alerts/record/explain.ts';
import { SILENCE_RULES } from '../alerts/rules/silence.ts';
import type { Page, Setting } from './frame.ts';
import { html, type Markup } from './html.ts';
import type { Words } from './languages/id.ts';
import { drawPlot } from './level-plot.ts';
import type { LevelPoint } from './level-trend.ts';
import type { GaugeNow } from './public-city.ts';
import { formatLabel, formatSentence, instructionFor } from './warnings.ts';

/** The newest lines of a story and of the readings; the API has them all. */
const MAX_LINES = 30;
/** Readings of an alert are minutes apart. */
const GAP_MS = 60 * 60_000;

export interface WhyFacts {
  readonly alert: Alert;
  readonly explanation: Explanation;
  /** Where it is about one. */
  readonly gauge: GaugeNow | undefined;
  readonly timeZone: string;
}

export function renderWhy(facts: WhyFacts, setting: Setting): Page {
  const { alert, explanation, gauge } = facts;
  const { speech, nowMs, root } = setting;
  const { say } = speech;
  const { words } = speech.language;
  const label = formatLabel(alert, speech);
  const isOver = alert.endedAt !== undefined;
  const toDo = isOver ? undefined : instructionFor(alert, speech);
  return {
    title: say('whyTitle', { label, name: alert.subjectName }),
    description: speech.language.textsIn === 'id' ? alert.text.id : alert.text.en,
    ...(gauge ? { picture: `rivers/${gauge.device.id}/plot.png` } : {}),
    main: html`<h1>${say('whyTitle', { label, name: alert.subjectName })}</h1>
<section id="what" data-live class="warning ${alert.severity}">
${speech.language.alertTexts && !isOver && html`<p>${formatSentence(alert, speech, nowMs)}</p>`}
<p>${speech.text(explanation.sentences)}</p>
${speech.language.alertTexts && formatSpan(alert, setting)}
${toDo && html`<p class="to-do ${alert.severity}"><b>${say('toDo')}:</b> ${toDo}</p>`}
</section>
${gauge && html`<p><a href="${root}rivers/${gauge.device.id}">${say('toRiver')}</a></p>`}
<section aria-labelledby="evidence-heading"><h2 id="evidence-heading">${say('evidence')}</h2>${formatEvidence(facts, setting)}</section>
<section aria-labelledby="rule-heading"><h2 id="rule-heading">${say('rule')}</h2><p>${explainRule(alert.rule, speech)}</p><p class="small">${say('ruleVersion', { rule: alert.rule, version: String(alert.ruleVersion) })}</p></section>
<section aria-labelledby="story-heading"><h2 id="story-heading">${say('story')}</h2>
<ul>${explanation.log
      .slice(-MAX_LINES)
      .map(
        ({ at, change }) =>
          html`<li>${speech.clock(at, nowMs)}: ${(words.change as Words['change'])[change]}</li>`,
      )}</ul>
<p class="small">${say('zone', { zone: speech.zone })}</p>
<p class="small"><a href="${root}v1/alerts/${alert.id}">JSON</a></p></section>`,
  };
}

/** The explanation says it too, in its own language. */
function formatSpan({ startedAt, endedAt }: Alert, { speech, nowMs }: Setting): Markup {
  const { say, clock } = speech;
  const since = say('inForce', { time: say('since', { time: clock(startedAt, nowMs) }) });
  return html`<p>${since}${endedAt !== undefined && html` ${say('ended', { time: clock(endedAt, nowMs) })}`}</p>`;
}

/** Each kind of device names its own silence; what that is, is the same for all. */
function explainRule(rule: string, { language: { words } }: Setting['speech']): string {
  const known = (words.rules as Readonly<Record<string, string>>)[rule];
  const isSilence = [...SILENCE_RULES.values()].some(({ name }) => name === rule);
  return known ?? (isSilence ? words.rules.silent : words.rules.other);
}

function formatEvidence({ explanation, gauge, timeZone }: WhyFacts, { speech, nowMs }: Setting): Markup {
  const { say } = speech;
  const { column } = speech.language.words;
  const readings = explanation.readings.toSorted((a, b) => a.measuredAt - b.measuredAt);
  if (readings.length === 0) return html`<p>${say('noEvidence')}</p>`;
  const points = readings.flatMap((reading): LevelPoint[] => {
    const levelM = reading.values['levelM'];
    return typeof levelM === 'number' ? [{ atMs: reading.measuredAt, levelM }] : [];
  });
  const { thresholds = [], normalLevelM } = gauge?.site ?? {};
  return html`${points.length > 1 && drawPlot({ points, thresholds, normalLevelM, gapMs: GAP_MS, timeZone, speech, nowMs })}
<details id="figures"><summary>${say('table')}</summary>
<div class="wide" role="region" aria-label="${say('table')}" tabindex="0"><table><thead><tr><th scope="col">${column.time}</th><th scope="col">${column.level}</th><th scope="col">${column.received}</th></tr></thead>
<tbody>${readings
    .slice(-MAX_LINES)
    .map(
      (reading) =>
        html`<tr><td>${speech.clock(reading.measuredAt, nowMs)}</td><td>${formatValue(reading, speech)}</td><td>${speech.clock(reading.receivedAt, nowMs)}</td></tr>`,
    )}</tbody></table></div></details>`;
}

function formatValue({ values }: Evidence, speech: Setting['speech']): string {
  const levelM = values['levelM'];
  if (typeof levelM === 'number') return speech.metres(levelM);
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
