/**
 * The picture of a river's link when it is shared: the level in large figures on the colour of its step, and five days
 * of it over its steps. Without words, so that it is right in every language; title and description say them.
 *
 * Readable as small as a stamp. Invariants: a time without readings is hatched, up to now; a level that is not fresh
 * has no figure and no step's colour.
 */
import { PLOT_GAP_MS } from './level-history.ts';
import { spanOf } from './level-plot.ts';
import type { LevelPoint } from './level-trend.ts';
import {
  type Box,
  blendPalette,
  type Colour,
  createPicture,
  drawLine,
  fillBox,
  hatchBox,
  type Picture,
} from './picture.ts';
import { encodePng } from './png.ts';
import type { GaugeNow } from './public-city.ts';
import { measureText, writeText } from './stroke-font.ts';

const WIDTH = 1_200;
const HEIGHT = 630;
const HEAD = 210;
const PLOT: Box = [0, HEAD, WIDTH, HEIGHT];
/** Of the figures of the steps, at the right. */
const MARGIN = 130;
const INK: Colour = [13, 35, 51];
/** By place: paper, a gauge that is not heard and its hatching, then the level below all steps and the severities. */
const GROUNDS: readonly Colour[] = [
  [255, 255, 255],
  [214, 221, 227],
  [190, 200, 209],
  [164, 211, 240],
  [255, 214, 66],
  [255, 166, 64],
  [244, 110, 80],
  [204, 130, 222],
  // The same, paler: the ground of the plot.
  [236, 246, 252],
  [255, 247, 214],
  [255, 234, 211],
  [253, 221, 213],
  [243, 223, 248],
];
const [PAPER, SILENT, HATCH, NORMAL] = [0, 1, 2, 3];
/** From a colour to its paler one. */
const PALE = 5;
const GROUND_OF = { minor: 4, moderate: 5, severe: 6, extreme: 7 } as const;
const [LINE, PEN, SMALL_PEN] = [8, 17, 5];
const [FIGURES, SMALL_FIGURES] = [120, 30];

export function drawLinkPicture(
  gauge: GaugeNow,
  points: readonly LevelPoint[],
  nowMs: number,
): Promise<Buffer> {
  const picture = createPicture(WIDTH, HEIGHT);
  drawHead(picture, gauge);
  drawPlot(picture, gauge, points, nowMs);
  return encodePng(picture, blendPalette(GROUNDS, INK));
}

function drawHead(picture: Picture, { levelM, step, trend }: GaugeNow): void {
  const ground = levelM === undefined ? SILENT : step ? GROUND_OF[step.severity] : NORMAL;
  fillBox(picture, [0, 0, WIDTH, HEAD], ground as number);
  write(picture, levelM === undefined ? '?' : `${formatFigures(levelM)} m`, [60, 44], FIGURES, PEN);
  if (trend)
    drawArrow(picture, trend.includes('rise') ? -1 : trend.includes('fall') ? 1 : 0, trend.includes('steep'));
}

function drawPlot(picture: Picture, gauge: GaugeNow, points: readonly LevelPoint[], nowMs: number): void {
  const { thresholds = [], normalLevelM } = gauge.site;
  const shown = points.length > 0 ? points : [{ atMs: nowMs, levelM: normalLevelM ?? 0 }];
  const { minM, maxM, fromMs, ...span } = spanOf({ points: shown, thresholds, normalLevelM });
  const toMs = Math.max(span.toMs, nowMs);
  const x = (atMs: number) => 30 + ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * (WIDTH - MARGIN - 50);
  const y = (levelM: number) => HEAD + 44 + ((maxM - levelM) / (maxM - minM)) * (HEIGHT - HEAD - 66);
  fillBox(picture, PLOT, (NORMAL as number) + PALE);
  for (const [index, { levelM, severity }] of thresholds.entries()) {
    const next = thresholds[index + 1];
    fillBox(picture, [0, next ? y(next.levelM) : HEAD, WIDTH, y(levelM)], GROUND_OF[severity] + PALE);
  }
  if (points.length === 0) hatchBox(picture, [0, HEAD, WIDTH - MARGIN, HEIGHT], HATCH as number);
  for (const hole of findHoles(points, nowMs))
    hatchBox(picture, [x(hole.fromMs), HEAD, x(hole.toMs), HEIGHT], HATCH as number);
  fillBox(picture, [0, HEAD, WIDTH, HEAD + 6], PAPER as number);
  let freeBelow = HEIGHT - 8;
  for (const { levelM, severity } of thresholds) {
    const at = y(levelM);
    fillBox(picture, [0, at - 2, WIDTH, at + 2], GROUND_OF[severity]);
    if (at + SMALL_FIGURES / 2 > freeBelow) continue;
    const figures = formatFigures(levelM);
    const left = WIDTH - 24 - measureText(figures, SMALL_FIGURES);
    write(picture, figures, [left, at - SMALL_FIGURES - 8], SMALL_FIGURES, SMALL_PEN);
    freeBelow = at - SMALL_FIGURES - 16;
  }
  let before: LevelPoint | undefined;
  for (const point of points) {
    const from = before && point.atMs - before.atMs <= PLOT_GAP_MS ? before : point;
    drawLine(picture, [x(from.atMs), y(from.levelM), x(point.atMs), y(point.levelM)], LINE);
    before = point;
  }
  if (before)
    drawLine(picture, [x(before.atMs), y(before.levelM), x(before.atMs), y(before.levelM)], 3.5 * LINE);
}

/** Times without a reading between the first one and now. */
function* findHoles(
  points: readonly LevelPoint[],
  nowMs: number,
): Generator<{ readonly fromMs: number; readonly toMs: number }> {
  let lastMs = points[0]?.atMs ?? nowMs;
  for (const atMs of [...points.map((point) => point.atMs), nowMs]) {
    if (atMs - lastMs > PLOT_GAP_MS) yield { fromMs: lastMs, toMs: atMs };
    lastMs = atMs;
  }
}

function drawArrow(picture: Picture, slope: -1 | 0 | 1, isSteep: boolean): void {
  const [x, y] = [WIDTH - 150, HEAD / 2];
  const [dx, dy] = slope === 0 ? [60, 0] : isSteep ? [0, 60 * slope] : [45, 45 * slope];
  const [tipX, tipY] = [x + dx, y + dy];
  drawLine(picture, [x - dx, y - dy, tipX, tipY], PEN);
  for (const turn of [2.5, -2.5]) {
    const angle = Math.atan2(dy, dx) + turn;
    drawLine(picture, [tipX, tipY, tipX + 52 * Math.cos(angle), tipY + 52 * Math.sin(angle)], PEN);
  }
}

function write(
  picture: Picture,
  text: string,
  at: readonly [number, number],
  size: number,
  thickness: number,
): void {
  for (const { from, to } of writeText(text, at, size)) drawLine(picture, [...from, ...to], thickness);
}

/** As this country writes a level. */
function formatFigures(levelM: number): string {
  return levelM.toFixed(2).replace('.', ',');
}
