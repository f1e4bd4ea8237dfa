/**
 * A year of one river gauge: the highest level of each day as a plot, the highest of each month as figures.
 *
 * Invariants: it is whole without JavaScript; days without a reading are a gap in the line, and months without one are
 * not in the list.
 */
import type { Page, Setting } from './frame.ts';
import { html, type Markup } from './html.ts';
import { DAY_MS } from './level-history.ts';
import { drawPlot } from './level-plot.ts';
import type { LevelPoint } from './level-trend.ts';
import type { GaugeNow } from './public-city.ts';

/** A day may have 25 hours; two days without a reading are a gap. */
const GAP_MS = 1.5 * DAY_MS;

export interface YearFacts {
  readonly gauge: GaugeNow;
  readonly timeZone: string;
  /** The highest level of each day; undefined where history does not answer. */
  readonly points: readonly LevelPoint[] | undefined;
}

export function renderYear(facts: YearFacts, setting: Setting): Page {
  const { device } = facts.gauge;
  const { speech, root } = setting;
  const title = speech.say('yearTitle', { name: device.name });
  return {
    title,
    description: speech.say('yearDescription', { name: device.name }),
    picture: `rivers/${device.id}/plot.png`,
    main: html`<h1>${title}</h1>
<p><a href="${root}rivers/${device.id}">${speech.say('toRiver')}</a></p>
<section id="plot">${formatYear(facts, setting)}</section>`,
  };
}

function formatYear({ gauge, timeZone, points }: YearFacts, { speech, nowMs }: Setting): Markup {
  const { say } = speech;
  if (!points) return html`<p>${say('historyFailed')}</p>`;
  if (points.length === 0) return html`<p>${say(gauge.levelM === undefined ? 'noYear' : 'begun')}</p>`;
  const { thresholds = [], normalLevelM } = gauge.site;
  const { columnOfYear } = speech.language.words;
  return html`<p class="small">${say('dailyHighest')}</p>
${drawPlot({ points, thresholds, normalLevelM, gapMs: GAP_MS, isByDay: true, timeZone, speech, nowMs })}
<h2 id="months-heading">${say('months')}</h2>
<div class="wide" role="region" aria-labelledby="months-heading" tabindex="0"><table><thead><tr><th scope="col">${columnOfYear.day}</th><th scope="col">${columnOfYear.highest}</th></tr></thead>
<tbody>${highestByMonth(points, timeZone).map(
    ({ atMs, levelM }) => html`<tr><td>${speech.date(atMs)}</td><td>${speech.metres(levelM)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The highest day of each month, the newest first. */
function highestByMonth(points: readonly LevelPoint[], timeZone: string): readonly LevelPoint[] {
  const months = Map.groupBy(points, ({ atMs }) =>
    Temporal.Instant.fromEpochMilliseconds(atMs)
      .toZonedDateTimeISO(timeZone)
      .toPlainDate()
      .toPlainYearMonth()
      .toString(),
  );
  return [...months.values()]
    .map((month) => month.reduce((highest, each) => (each.levelM > highest.levelM ? each : highest)))
    .toReversed();
}
