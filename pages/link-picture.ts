/**
 * The picture of a river's link when it is shared: five days of its level over its steps, as a PNG without text.
 *
 * The title and the description beside it say the words. Pure.
 */
import { spanOf } from './level-plot.ts';
import type { LevelPoint } from './level-trend.ts';
import { type Colour, createPicture, drawLine, encodePng, fillRectangle } from './png.ts';
import type { GaugeNow } from './public-city.ts';

const WIDTH = 1_200;
const HEIGHT = 630;
const MARGIN = 40;
const GAP_MS = 105 * 60_000;
const GROUND = 0;
const LINE = 1;
/** By place: ground, line, then the severities from minor to extreme, as pale bands. */
const PALETTE: readonly Colour[] = [
  [255, 255, 255],
  [7, 95, 145],
  [251, 240, 196],
  [252, 222, 190],
  [243, 200, 192],
  [224, 198, 230],
];
const BANDS = { minor: 2, moderate: 3, severe: 4, extreme: 5 } as const;

export function drawLinkPicture({ site }: GaugeNow, points: readonly LevelPoint[]): Buffer {
  const { thresholds = [], normalLevelM } = site;
  const picture = createPicture(WIDTH, HEIGHT);
  picture.pixels.fill(GROUND);
  const shown = points.length > 0 ? points : [{ atMs: 0, levelM: normalLevelM ?? 0 }];
  const span = spanOf({ points: shown, thresholds, normalLevelM });
  const x = (atMs: number) =>
    MARGIN + ((atMs - span.fromMs) / (span.toMs - span.fromMs)) * (WIDTH - 2 * MARGIN);
  const y = (levelM: number) =>
    MARGIN + ((span.maxM - levelM) / (span.maxM - span.minM)) * (HEIGHT - 2 * MARGIN);
  for (const [index, { levelM, severity }] of thresholds.entries()) {
    const next = thresholds[index + 1];
    fillRectangle(picture, [0, next ? y(next.levelM) : 0, WIDTH, y(levelM)], BANDS[severity]);
  }
  let before: LevelPoint | undefined;
  for (const point of points) {
    const from = before && point.atMs - before.atMs <= GAP_MS ? before : point;
    drawLine(picture, [x(from.atMs), y(from.levelM), x(point.atMs), y(point.levelM)], 7, LINE);
    before = point;
  }
  if (before)
    drawLine(picture, [x(before.atMs), y(before.levelM), x(before.atMs), y(before.levelM)], 26, LINE);
  return encodePng(picture, PALETTE);
}
