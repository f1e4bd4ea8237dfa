/**
 * The back-test's picture: the level over time, the bands of the thresholds, and when alerts were open.
 *
 * Plain SVG, made by hand, no dependencies. Invariant: no more points than pixels, and the highest level of
 * every pixel is drawn, so that no peak is lost by thinning.
 */
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';

import type { LevelPoint } from '../tables/level-series.ts';
import { formatTime } from '../tables/times.ts';
import type { BacktestReport } from './report.ts';

const WIDTH = 1_000;
const HEIGHT = 420;
const MARGIN = { left: 56, right: 16, top: 34, bottom: 92 };
const COLOURS = { minor: '#f4d35e', moderate: '#ee964b', severe: '#d1495b', extreme: '#7b1e3b' } as const;
const LANES = [
  { rule: 'river-level', label: 'level', colour: '#d1495b' },
  { rule: 'time-to-threshold', label: 'expected', colour: '#1b6ca8' },
  { rule: 'rate-of-rise', label: 'rising fast', colour: '#6a994e' },
] as const;
const LANE_HEIGHT = 10;

export interface ChartOptions {
  readonly gauge: RiverGauge;
  readonly points: readonly LevelPoint[];
  readonly report: BacktestReport;
  readonly timeZone: string;
  readonly title: string;
  /** The part to draw, epoch ms; all of it when absent. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export function drawChart(options: ChartOptions): string {
  const { gauge, report, timeZone, title } = options;
  const fromMs = options.fromMs ?? report.fromMs;
  const toMs = options.toMs ?? report.toMs;
  const [lowest, highest] = gauge.sensorRangeM;
  const points = options.points.filter(
    ({ atMs, levelM }) => atMs >= fromMs && atMs <= toMs && levelM >= lowest && levelM <= highest,
  );
  const top = Math.max(
    ...gauge.thresholds.map((each) => each.levelM),
    ...thin(points, 2_000).map((each) => each.levelM),
  );
  const bottom = Math.min(...thin(points, 2_000, Math.min).map((each) => each.levelM));
  const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
  const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
  const x = (ms: number) => MARGIN.left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * plotWidth;
  const y = (levelM: number) =>
    MARGIN.top + plotHeight * (1 - (levelM - bottom) / Math.max(0.01, (top - bottom) * 1.05));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="14" fill="#222">${escapeXml(title)}</text>`,
  ];
  for (const [index, threshold] of gauge.thresholds.entries()) {
    const above = gauge.thresholds[index + 1]?.levelM ?? bottom + (top - bottom) * 1.05;
    const height = Math.max(0, y(threshold.levelM) - y(above));
    const colour = COLOURS[threshold.severity];
    parts.push(
      `<rect x="${MARGIN.left}" y="${fixed(y(above))}" width="${plotWidth}" height="${fixed(height)}" fill="${colour}" opacity="0.18"/>`,
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${fixed(y(threshold.levelM))}" y2="${fixed(y(threshold.levelM))}" stroke="${colour}"/>`,
      `<text x="${MARGIN.left - 6}" y="${fixed(y(threshold.levelM) + 4)}" text-anchor="end" fill="#444">${threshold.levelM} m</text>`,
    );
  }
  const path = thin(points, plotWidth).map(({ atMs, levelM }) => `${fixed(x(atMs))},${fixed(y(levelM))}`);
  parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="#12355b" stroke-width="1.5"/>`);
  parts.push(...drawLanes(report, x, fromMs, toMs));
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const ms = fromMs + share * (toMs - fromMs);
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    parts.push(
      `<text x="${fixed(x(ms))}" y="${HEIGHT - 12}" text-anchor="${anchor}" fill="#444">${formatTime(ms, timeZone)}</text>`,
    );
  }
  parts.push('</svg>');
  return `${parts.join('\n')}\n`;
}

function drawLanes(
  report: BacktestReport,
  x: (ms: number) => number,
  fromMs: number,
  toMs: number,
): string[] {
  const parts: string[] = [];
  for (const [index, lane] of LANES.entries()) {
    const top = HEIGHT - MARGIN.bottom + 12 + index * (LANE_HEIGHT + 5);
    parts.push(
      `<text x="${MARGIN.left - 6}" y="${top + LANE_HEIGHT - 1}" text-anchor="end" fill="#444" font-size="9">${lane.label}</text>`,
    );
    for (const alert of report.alerts) {
      const endedAt = alert.endedAt ?? toMs;
      if (alert.rule !== lane.rule || endedAt < fromMs || alert.startedAt > toMs) continue;
      const [left, right] = [x(Math.max(fromMs, alert.startedAt)), x(Math.min(toMs, endedAt))];
      parts.push(
        `<rect x="${fixed(left)}" y="${top}" width="${fixed(Math.max(1, right - left))}" height="${LANE_HEIGHT}" fill="${lane.colour}"${alert.state === 'withdrawn' ? ' opacity="0.35"' : ''}/>`,
      );
    }
  }
  return parts;
}

/** At most `count` points: the extreme one of each slot. */
function thin(
  points: readonly LevelPoint[],
  count: number,
  pick: (a: number, b: number) => number = Math.max,
): readonly LevelPoint[] {
  if (points.length <= count) return points;
  const size = Math.ceil(points.length / count);
  const thinned: LevelPoint[] = [];
  for (let from = 0; from < points.length; from += size) {
    thinned.push(
      points.slice(from, from + size).reduce((a, b) => (pick(a.levelM, b.levelM) === a.levelM ? a : b)),
    );
  }
  return thinned;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
