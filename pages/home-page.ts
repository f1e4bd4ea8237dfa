/**
 * The first page: what is wrong now and what to do, then rivers near first, and where the free Wi-Fi is.
 *
 * Invariants: one card a place, however many alerts it has, and the worst first; silence is said and never read as
 * calm; everything is there without JavaScript, which only adds "near me".
 */
import type { Alert } from '../alerts/alert.ts';
import { distanceM } from '../cities/great-circle.ts';
import type { Page, Setting } from './frame.ts';
import { html, type Markup } from './html.ts';
import type { Place } from './place-search.ts';
import { type CityNow, type GaugeNow, MAX_LISTED_GAUGES } from './public-city.ts';
import { formatWarning, instructionFor } from './warnings.ts';

/** Cards on the first screen of a phone; the others are behind one line. */
const FIRST_WARNINGS = 3;
/** Links to other places of the same name. */
const MAX_ALTERNATIVES = 5;

export interface Search {
  readonly query: string;
  readonly found: readonly Place[];
}

export function renderHome(now: CityNow, search: Search | undefined, setting: Setting): Page {
  const { speech, cityName } = setting;
  const { say } = speech;
  const near = search?.found[0];
  return {
    title: say('homeTitle', { city: cityName }),
    description: say('homeDescription', { city: cityName }),
    main: html`<h1 class="unseen">${say('homeTitle', { city: cityName })}</h1>
<section id="warnings" data-live>${formatNow(now, setting)}</section>
${formatSearch(search, setting, say('search'))}
<section aria-labelledby="rivers-heading">
<h2 id="rivers-heading">${say('rivers')}</h2>
<ul id="rivers" class="list" data-live data-near>${sortNear(now.gauges, near)
      .slice(0, MAX_LISTED_GAUGES)
      .map((gauge) => formatGauge(gauge, near, setting))}</ul>
${now.gauges.length > MAX_LISTED_GAUGES && html`<p class="small">${speech.count('notListed', now.gauges.length - MAX_LISTED_GAUGES)}</p>`}
</section>`,
  };
}

function formatNow({ gauges }: CityNow, setting: Setting): Markup {
  const { speech } = setting;
  const { say } = speech;
  const warned = gauges.filter(({ warnings }) => warnings.length > 0);
  const blind = gauges.filter(({ levelM }) => levelM === undefined).length;
  const silence = blind > 0 && html`<p class="silence">${speech.count('blind', blind)}</p>`;
  if (warned.length === 0) {
    if (blind === gauges.length) return html`<h2>${say('nobodyReports')}</h2>`;
    // Not judged yet, or by a rule that is off here: no warning, and no calm either.
    const above = gauges.filter(({ step }) => step !== undefined).length;
    return above > 0
      ? html`<h2>${say('calm')}</h2><p>${speech.count('above', above)}</p>${silence}`
      : html`<h2 class="calm">${say('calm')}</h2><p>${say('calmNote')}</p>${silence}`;
  }
  const first = warned.slice(0, FIRST_WARNINGS);
  const rest = warned.slice(FIRST_WARNINGS);
  return html`<h2>${speech.count('warnings', warned.length)}</h2>
${formatCards(first, undefined, setting)}
${rest.length > 0 && html`<details id="more-warnings"><summary>${speech.count('more', rest.length)}</summary>${formatCards(rest, first.at(-1), setting)}</details>`}
${silence}`;
}

/** What to do stands before the places that it is for, once: nobody else is to leave home. */
function formatCards(gauges: readonly GaugeNow[], before: GaugeNow | undefined, setting: Setting): Markup {
  const { speech } = setting;
  const bySeverity = Map.groupBy(gauges, (gauge) => worstOf(gauge).severity);
  return html`${[...bySeverity].map(
    ([severity, cards]) =>
      html`${(!before || severity !== worstOf(before).severity) && html`<p class="to-do ${severity}"><b>${speech.say('toDoNear')}:</b> ${instructionFor(worstOf(cards[0] as GaugeNow), speech)}</p>`}
${cards.map((gauge) => formatWarning(worstOf(gauge), { ...setting, isNamed: true, gauge }))}`,
  )}`;
}

/** Of a gauge that has one. */
function worstOf({ warnings }: GaugeNow): Alert {
  return warnings[0] as Alert;
}

/** Also of the Wi-Fi page. Without JavaScript the button "near me" is not shown: it could do nothing. */
export function formatSearch(
  search: Search | undefined,
  { speech, root, path }: Setting,
  label: string,
): Markup {
  const { say } = speech;
  const page = path.split('?')[0];
  const [best, ...others] = search?.found ?? [];
  return html`<form class="search" role="search" method="get" action="${root}${page}">
<label for="query">${label}</label>
<div><input id="query" name="q" type="search" maxlength="80" autocomplete="off" value="${search?.query}"><button type="submit">${say('searchButton')}</button></div>
<p id="near" hidden><button type="button" id="near-me">${say('nearMe')}</button> <span class="small" id="near-note" data-failed="${say('nearMeFailed')}">${say('nearMeNote')}</span></p>
${search && !best && html`<p role="status">${say('notFound', { query: search.query })}</p>`}
${best && html`<p role="status">${say('nearPlace', { place: best.name })}</p>`}
${
  others.length > 0 &&
  html`<p class="small">${say('alsoFound')} ${others
    .slice(0, MAX_ALTERNATIVES)
    .map(({ name }) => html`<a href="${root}${page}?q=${encodeURIComponent(name)}">${name}</a> `)}</p>`
}
</form>`;
}

/** By distance from a place; as they stand without one. What has no position comes last. */
function sortNear(gauges: readonly GaugeNow[], near: Place | undefined): readonly GaugeNow[] {
  if (!near) return gauges;
  const far = (gauge: GaugeNow) => {
    const place = placeOfGauge(gauge);
    return place ? distanceM(near, place) : Number.POSITIVE_INFINITY;
  };
  return gauges.toSorted((a, b) => far(a) - far(b));
}

function placeOfGauge({ device: { name, lat, lng } }: GaugeNow): Place | undefined {
  return lat === undefined || lng === undefined ? undefined : { name, lat, lng };
}

function formatGauge(gauge: GaugeNow, near: Place | undefined, { speech, root }: Setting): Markup {
  const { device, levelM, trend } = gauge;
  const place = placeOfGauge(gauge);
  return html`<li ${place && html`data-lat="${place.lat}" data-lng="${place.lng}"`}><a href="${root}rivers/${device.id}">${device.name}</a>
<span class="facts">${formatStage(gauge, speech)} ${levelM !== undefined && html`<b>${speech.metres(levelM)}</b>`} ${trend && html`<span class="trend"><span aria-hidden="true">${ARROWS[trend]}</span> ${speech.say(trend)}</span>`} <span class="far">${near && place && speech.distance(near, place)}</span></span></li>`;
}

export const ARROWS = { 'steep-rise': '⇑', rise: '↗', steady: '→', fall: '↘', 'steep-fall': '⇓' } as const;

/** The step that is met, in the agency's word; a gauge without data says so. */
export function formatStage({ levelM, step, site }: GaugeNow, { say, label }: Setting['speech']): Markup {
  if (levelM === undefined) return html`<span class="mark silent">${say('noData')}</span>`;
  if (!site.thresholds?.length) return html`<span class="mark silent">${say('unjudged')}</span>`;
  if (!step) return html`<span class="mark normal">${say('below')}</span>`;
  return html`<span class="mark ${step.severity}">${label(step.label, step.severity)}</span>`;
}
