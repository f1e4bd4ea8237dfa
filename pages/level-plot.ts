/**
 * A plot of levels over time as inline SVG, made by the server: it is there without JavaScript.
 *
 * Used for five days and a year of a gauge, and for the readings of an alert. Invariants: a gap in the data is a gap
 * in the line; no style stands in it, as the content security policy allows none; who cannot see it is told what it
 * shows.
 */
import type { Threshold } from '../devices/kinds/river-gauge.ts';
import { html, type Markup } from './html.ts';
import type { Speech } from './languages/speech.ts';
import type { LevelPoint } from './level-trend.ts';

export interface PlotOptions {
  /** Ascending by time; at least one. */
  readonly points: readonly LevelPoint[];
  readonly thresholds: readonly Threshold[];
  readonly normalLevelM: number | undefined;
  /** A longer step between two points is a gap. */
  readonly gapMs: number;
  /** What is foretold, ascending by time; drawn as a broken line from the last point. */
  readonly forecast?: readonly LevelPoint[];
  /** Each point is a day and has no time of day. */
  readonly isByDay?: boolean;
  readonly timeZone: string;
  readonly speech: Speech;
  readonly nowMs: number;
}

const WIDTH = 420;
const HEIGHT = 230;
const LEFT = 8;
const RIGHT = 100;
const TOP = 12;
const BOTTOM = 28;
const DAY_MS = 86_400_000;
/** In a longer plot the quarters of the year are marked, and not the days. */
const MANY_DAYS_MS = 60 * DAY_MS;
/** Names of days that have room beside each other. */
const MAX_DAY_NAMES = 6;

/** Where a point lies, in the plot's own units; shared with the picture of a link. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minM: number;
  readonly maxM: number;
}

export function spanOf({
  points,
  thresholds,
  normalLevelM,
  forecast = [],
}: Pick<PlotOptions, 'points' | 'thresholds' | 'normalLevelM' | 'forecast'>): Span {
  const levels = [...points, ...forecast].map(({ levelM }) => levelM);
  const marks = [...levels, ...thresholds.map(({ levelM }) => levelM)];
  if (normalLevelM !== undefined) marks.push(normalLevelM);
  const [low, high] = [Math.min(...marks), Math.max(...marks)];
  const marginM = Math.max(0.05, (high - low) * 0.06);
  const fromMs = points[0]?.atMs ?? 0;
  const toMs = Math.max(forecast.at(-1)?.atMs ?? 0, points.at(-1)?.atMs ?? 0);
  return { fromMs, toMs: Math.max(toMs, fromMs + 1), minM: low - marginM, maxM: high + marginM };
}

export function drawPlot(options: PlotOptions): Markup {
  const { points, thresholds, forecast = [], gapMs, speech, nowMs } = options;
  const span = spanOf(options);
  const x = (atMs: number) =>
    Number((LEFT + ((atMs - span.fromMs) / (span.toMs - span.fromMs)) * (WIDTH - LEFT - RIGHT)).toFixed(1));
  const y = (levelM: number) =>
    Number((TOP + ((span.maxM - levelM) / (span.maxM - span.minM)) * (HEIGHT - TOP - BOTTOM)).toFixed(1));
  const last = points.at(-1) as LevelPoint;
  const levels = points.map(({ levelM }) => levelM);
  const tell = (atMs: number) => (options.isByDay ? speech.date(atMs) : speech.clock(atMs, nowMs));
  const description = speech.say('plot', {
    ...{ from: tell(span.fromMs), to: tell(last.atMs) },
    ...{ low: speech.metres(Math.min(...levels)), high: speech.metres(Math.max(...levels)) },
    last: speech.metres(last.levelM),
  });
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${description}">
${thresholds.map((each) => {
  const at = y(each.levelM);
  return html`<path class="step ${each.severity}" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text class="step-name" x="${WIDTH - RIGHT + 6}" y="${at + 5}">${shorten(speech.label(each.label, each.severity))}</text>`;
})}
${daysOf(options, span).map(({ atMs, name }) => html`<path class="day" d="M${x(atMs)} ${TOP}V${HEIGHT - BOTTOM}"/><text class="day-name" x="${x(atMs) + 3}" y="${HEIGHT - 8}">${name}</text>`)}
<path class="level" d="${formatPath(points, gapMs, x, y)}"/>
${forecast.length > 0 && html`<path class="forecast" d="${formatPath([last, ...forecast], Number.POSITIVE_INFINITY, x, y)}"/>`}
<circle class="last" cx="${x(last.atMs)}" cy="${y(last.levelM)}" r="5"/>
</svg>`;
}

function formatPath(
  points: readonly LevelPoint[],
  gapMs: number,
  x: (atMs: number) => number,
  y: (levelM: number) => number,
): string {
  let path = '';
  let beforeMs = 0;
  for (const { atMs, levelM } of points) {
    path += `${path === '' || atMs - beforeMs > gapMs ? 'M' : 'L'}${x(atMs)} ${y(levelM)}`;
    beforeMs = atMs;
  }
  return path;
}

/**
 * Midnights of the city within a plot of more than a day, as many as have room, and in one of months the quarters;
 * where there is none, where the plot begins.
 */
function daysOf(
  { speech, timeZone, nowMs, isByDay }: PlotOptions,
  { fromMs, toMs }: Span,
): { readonly atMs: number; readonly name: string }[] {
  if (toMs - fromMs < DAY_MS) {
    return [{ atMs: fromMs, name: isByDay ? speech.day(fromMs) : speech.clock(fromMs, nowMs) }];
  }
  const marks: { atMs: number; name: string }[] = [];
  const start = Temporal.Instant.fromEpochMilliseconds(Math.floor(fromMs)).toZonedDateTimeISO(timeZone);
  const isOfMonths = toMs - fromMs > MANY_DAYS_MS;
  const days = isOfMonths ? 1 : Math.ceil((toMs - fromMs) / DAY_MS / MAX_DAY_NAMES);
  for (let day = start.startOfDay().add({ days }); day.epochMilliseconds <= toMs; day = day.add({ days })) {
    if (isOfMonths && (day.day !== 1 || day.month % 3 !== 1)) continue;
    marks.push({ atMs: day.epochMilliseconds, name: speech.day(day.epochMilliseconds) });
  }
  // A year's last quarter may have begun before the first reading.
  return marks.length > 0 ? marks : [{ atMs: fromMs, name: speech.day(fromMs) }];
}

/** There is room for so much beside the plot: a Chinese sign is as wide as two letters. */
const NAME_WIDTH = 12;

/** A word of a translation goes before the agency's own in brackets; a longer one is cut. */
function shorten(name: string): string {
  if (widthOf(name) <= NAME_WIDTH) return name;
  const [first = name] = name.split(' (');
  return widthOf(first) <= NAME_WIDTH ? first : `${first.slice(0, NAME_WIDTH - 1)}…`;
}

function widthOf(name: string): number {
  return [...name].reduce((sum, sign) => sum + (/\p{Script=Han}/u.test(sign) ? 2 : 1), 0);
}
