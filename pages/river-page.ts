/**
 * The page of one river gauge: the level in words and metres, what each step means here, warnings and forecast,
 * neighbours, past floods, five days as a plot, its data, and how far the gauge can be trusted.
 *
 * Invariants: it is whole without JavaScript; an old level is called old; what cannot be read is said to be missing.
 */
import type { Alert } from '../alerts/alert.ts';
import { isWaterRule } from '../alerts/lifecycle/grouping.ts';
import { rateOfRise } from '../alerts/rules/rate-of-rise.ts';
import type { Page, Setting } from './frame.ts';
import { ARROWS, formatStage } from './home-page.ts';
import { html, type Markup } from './html.ts';
import { PLOT_GAP_MS } from './level-history.ts';
import { drawPlot } from './level-plot.ts';
import type { LevelPoint } from './level-trend.ts';
import type { CityNow, GaugeNow } from './public-city.ts';
import { foretold, formatLabel, formatSentence, formatWarning, instructionFor } from './warnings.ts';

/** Rules that speak of what is to come. */
const FORECASTS: ReadonlySet<string> = new Set(['time-to-threshold', 'upstream-rise']);

export interface RiverFacts {
  readonly gauge: GaugeNow;
  readonly now: CityNow;
  readonly timeZone: string;
  /** All that is open about it, the worst first. */
  readonly open: readonly Alert[];
  readonly floods: readonly Alert[];
  /** Undefined where history does not answer. */
  readonly points: readonly LevelPoint[] | undefined;
}

export function renderRiver(facts: RiverFacts, setting: Setting): Page {
  const { gauge } = facts;
  const { speech, nowMs } = setting;
  const { say } = speech;
  const { device, levelM, step, last } = gauge;
  const unmet = gauge.site.thresholds?.length ? say('below') : say('unjudged');
  const stage = step ? speech.label(step.label, step.severity) : unmet;
  return {
    title: say('riverTitle', { name: device.name }),
    description:
      levelM === undefined || !last
        ? say('riverDescriptionSilent')
        : say('riverDescription', {
            ...{ level: speech.metres(levelM), stage, time: speech.clock(last.measuredAt, nowMs) },
          }),
    picture: `rivers/${device.id}/plot.png`,
    main: html`<h1>${device.name}</h1>
<section id="level" data-live>${formatLevel(gauge, setting)}</section>
<section id="alerts" data-live aria-labelledby="alerts-heading"><h2 id="alerts-heading">${say('alerts')}</h2>${formatAlerts(facts, setting)}</section>
<section id="forecast" data-live aria-labelledby="forecast-heading"><h2 id="forecast-heading">${say('forecast')}</h2>${formatForecast(facts, setting)}</section>
<section id="plot" data-live aria-labelledby="plot-heading"><h2 id="plot-heading">${say('fiveDays')}</h2>${formatPlot(facts, setting)}${formatFiles(gauge, setting)}</section>
<section aria-labelledby="steps-heading"><h2 id="steps-heading">${say('steps')}</h2><div id="steps" data-live>${formatSteps(gauge, setting)}</div></section>
${formatFollowing(gauge, setting)}
${formatNeighbours(facts, setting)}
<section aria-labelledby="floods-heading"><h2 id="floods-heading">${say('floods')}</h2>${formatFloods(facts, setting)}</section>
<section id="health" data-live aria-labelledby="health-heading"><h2 id="health-heading">${say('health')}</h2>${formatHealth(facts, setting)}</section>`,
  };
}

function formatLevel(gauge: GaugeNow, { speech, nowMs }: Setting): Markup {
  const { site, last, lastLevelM, levelM, trend, step } = gauge;
  const { say, metres } = speech;
  const { thresholds = [], normalLevelM } = site;
  const next = levelM === undefined ? undefined : thresholds[step ? thresholds.indexOf(step) + 1 : 0];
  const lowest = thresholds[0];
  return html`<p class="level-now">${formatStage(gauge, speech)} ${levelM !== undefined && html`<b>${metres(levelM)}</b>`} ${trend && html`<span class="trend"><span aria-hidden="true">${ARROWS[trend]}</span> ${say(trend)}</span>`}</p>
<p>${last && levelM !== undefined && html`${say('measured', { time: speech.clock(last.measuredAt, nowMs) })} `}${
    last &&
    levelM === undefined &&
    lastLevelM !== undefined &&
    html`${say('lastLevel', { level: metres(lastLevelM), time: speech.clock(last.measuredAt, nowMs) })} `
  }${next && levelM !== undefined && html`${say('toNext', { level: metres(next.levelM - Number(levelM.toFixed(2))), label: speech.label(next.label, next.severity) })} `}${
    normalLevelM !== undefined && html`${say('usual', { level: metres(normalLevelM) })} `
  }${lowest && say('startsAt', { level: metres(lowest.levelM) })}</p>`;
}

function formatAlerts({ open, gauge }: RiverFacts, setting: Setting): Markup {
  const { speech } = setting;
  const water = open.filter(({ rule }) => isWaterRule(rule));
  const worst = water[0];
  if (!worst) return html`<p>${speech.say(gauge.levelM === undefined ? 'quiet' : 'noAlerts')}</p>`;
  return html`<p class="to-do ${worst.severity}"><b>${speech.say('toDo')}:</b> ${instructionFor(worst, speech)}</p>
${water.filter(({ rule }) => !FORECASTS.has(rule)).map((alert) => formatWarning(alert, { ...setting, isNamed: false }))}`;
}

/** Cards as those of the warnings: what is to come stands here, and what to do about it above. */
function formatForecast({ open, gauge }: RiverFacts, setting: Setting): Markup {
  const ahead = open.filter(({ rule }) => FORECASTS.has(rule));
  if (ahead.length === 0) return html`<p>${setting.speech.say(whyNoForecast(gauge, open))}</p>`;
  return html`${ahead.map((alert) => formatWarning(alert, { ...setting, isNamed: false }))}`;
}

function whyNoForecast({ levelM, step, site, trend }: GaugeNow, open: readonly Alert[]) {
  if (levelM === undefined) return 'riverDescriptionSilent';
  if (!site.thresholds?.length) return 'noSteps';
  if (step === site.thresholds.at(-1)) return 'topReached';
  // That nothing is foretold is no promise while the water comes up.
  const isRising = trend === 'steep-rise' || open.some(({ rule }) => rule === rateOfRise.name);
  return isRising ? 'rising' : 'noForecast';
}

function formatPlot({ gauge, points, open, timeZone }: RiverFacts, { speech, nowMs }: Setting): Markup {
  if (!points) return html`<p>${speech.say('historyFailed')}</p>`;
  const shown = untilNow(points, gauge);
  // History is read once a minute: the first readings of a gauge may not be in it yet.
  if (shown.length < 2) return html`<p>${speech.say(shown.length === 0 ? 'noHistory' : 'begun')}</p>`;
  const { thresholds = [], normalLevelM } = gauge.site;
  return drawPlot({
    ...{ points: shown, thresholds, normalLevelM, gapMs: PLOT_GAP_MS, forecast: foretold(open) },
    ...{ timeZone, speech, nowMs },
  });
}

/** Hidden until the browser says that it can be pushed to: pages/browser/follow.ts. */
function formatFollowing({ device, site }: GaugeNow, { speech }: Setting): Markup {
  const { say, language } = speech;
  const { thresholds = [] } = site;
  const steps = thresholds.filter(
    ({ severity }, index) => thresholds.findIndex((each) => each.severity === severity) === index,
  );
  if (steps.length === 0) return html``;
  return html`<section id="follow" hidden data-gauge="${device.id}" data-language="${language.code}" data-on="${say('followOn')}" data-paused="${say('followPaused')}" data-refused="${say('followRefused')}" data-failed="${say('followFailed')}" aria-labelledby="follow-heading"><h2 id="follow-heading">${say('follow')}</h2>
<p id="follow-state" role="status"></p>
<p id="follow-choice"><label for="follow-least">${say('followFrom')}</label> <select id="follow-least">${steps.map(
    ({ severity, label }) => html`<option value="${severity}">${speech.label(label, severity)}</option>`,
  )}</select></p>
<p><button type="button" id="follow-start">${say('followStart')}</button> <button type="button" id="follow-pause" hidden>${say('followPause')}</button> <button type="button" id="follow-resume" hidden>${say('followResume')}</button> <button type="button" id="follow-stop" hidden>${say('followStop')}</button></p>
<p class="small">${say('followNote')}</p></section>`;
}

/** A window is named by its start: the line ends at the reading that the page tells of. */
export function untilNow(points: readonly LevelPoint[], { last, levelM }: GaugeNow): readonly LevelPoint[] {
  const end = points.at(-1);
  if (!last || levelM === undefined || (end && last.measuredAt <= end.atMs)) return points;
  return [...points, { atMs: last.measuredAt, levelM }];
}

function formatFiles({ device: { id } }: GaugeNow, { speech, root }: Setting): Markup {
  return html`<p><a href="${root}rivers/${id}/year">${speech.say('year')}</a></p>
<p class="small">${speech.say('zone', { zone: speech.zone })} ${speech.say('get')}: <a href="${root}rivers/${id}/levels.csv">CSV</a> · <a href="${root}v1/devices/${id}/readings?every=30m&fn=max">JSON</a></p>`;
}

function formatSteps({ site, step }: GaugeNow, { speech }: Setting): Markup {
  const { thresholds = [] } = site;
  if (thresholds.length === 0) return html`<p>${speech.say('noSteps')}</p>`;
  return html`<ol class="steps">${thresholds
    .toReversed()
    .map(
      (each) =>
        html`<li ${each === step && html`aria-current="true"`}><span class="mark ${each.severity}">${speech.label(each.label, each.severity)}</span> <b>${each.comparator === '>' ? '>' : '≥'}\u00a0${speech.metres(each.levelM)}</b>${each === step && html` · <b>${speech.say('reached')}</b>`}<br>${speech.language.words.instruction[each.severity]}</li>`,
    )}</ol>`;
}

function formatNeighbours({ gauge, now }: RiverFacts, { speech, root }: Setting): Markup | undefined {
  const byId = new Map(now.gauges.map((each) => [each.device.id, each]));
  const above = (gauge.site.upstream ?? []).map(({ gauge: id, lagMin }) => ({
    ...({ where: 'upstream', other: byId.get(id), lagMin } as const),
  }));
  const below = now.gauges.flatMap((other) =>
    (other.site.upstream ?? [])
      .filter(({ gauge: id }) => id === gauge.device.id)
      .map(({ lagMin }) => ({ where: 'downstream', other, lagMin }) as const),
  );
  const known = [...above, ...below].flatMap(({ other, ...rest }) => (other ? [{ other, ...rest }] : []));
  if (known.length === 0) return undefined;
  const { say } = speech;
  return html`<section aria-labelledby="neighbours-heading"><h2 id="neighbours-heading">${say('neighbours')}</h2>
<ul id="neighbours" class="list" data-live>${known.map(
    ({ where, other, lagMin }) =>
      html`<li>${say(where)}: <a href="${root}rivers/${other.device.id}">${other.device.name}</a>
<span class="facts">${formatStage(other, speech)} ${other.levelM !== undefined && html`<b>${speech.metres(other.levelM)}</b>`}</span> <span class="small">${say('lag', { duration: speech.span(lagMin * 60_000) })}</span></li>`,
  )}</ul></section>`;
}

function formatFloods({ floods, gauge }: RiverFacts, { speech, nowMs, root }: Setting): Markup {
  if (floods.length === 0) return html`<p>${speech.say('noFloods')}</p>`;
  return html`<ul>${floods.map((alert) => {
    const highest = alert.highestSeverity;
    const step = gauge.site.thresholds?.find(({ severity }) => severity === highest);
    const line = speech.say('flood', {
      // How it ended has a label of its own; what it was is the gauge's word for its highest severity.
      label: step ? speech.label(step.label, step.severity) : speech.language.words.severity[highest],
      ...{ level: alert.peak === undefined ? '–' : speech.metres(alert.peak) },
      ...{ from: speech.clock(alert.startedAt, nowMs) },
      to: speech.clock(alert.endedAt ?? alert.changedAt, nowMs),
    });
    return html`<li><a href="${root}alerts/${alert.id}">${line}</a></li>`;
  })}</ul>`;
}

function formatHealth({ gauge, open }: RiverFacts, { speech, nowMs, root }: Setting): Markup {
  const { present, last, levelM } = gauge;
  const { say, clock } = speech;
  const state =
    present.lastHeardAt === 0
      ? say('never')
      : levelM !== undefined && last
        ? say('healthy', { time: clock(last.measuredAt, nowMs) })
        : present.unusable
          ? say('unusable', { time: clock(present.unusable.atMs, nowMs) })
          : say('silent', { time: clock(present.lastHeardAt, nowMs) });
  const doubts = open.filter(({ rule }) => !isWaterRule(rule));
  return html`<p>${state}</p>${doubts.map(
    (alert) =>
      html`<p>${formatSentence(alert, speech, nowMs)} <a href="${root}alerts/${alert.id}" aria-label="${say('whyOf', { label: formatLabel(alert, speech), name: alert.subjectName })}">${say('why')}</a></p>`,
  )}<p class="small">${say('judged')}</p>`;
}

/** The city's time with its offset from UTC, level in metres: what a spreadsheet opens. */
export function formatLevelsCsv(points: readonly LevelPoint[], timeZone: string): string {
  const lines = points.map(({ atMs, levelM }) => {
    const time = Temporal.Instant.fromEpochMilliseconds(atMs).toString({ timeZone, smallestUnit: 'second' });
    return `${time},${levelM}`;
  });
  return ['time,levelM', ...lines, ''].join('\r\n');
}
