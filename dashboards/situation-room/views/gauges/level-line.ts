/**
 * The line of a stage over time, as the text of an SVG path, with breaks where readings are missing.
 *
 * Pure. Used by the sparkline and by the large plot. Invariant: two points are joined only when nothing is
 * missing between them, so that a gap is seen as a gap.
 */
import type { LevelPoint } from '../../state/level-series.ts';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly minM: number;
  readonly maxM: number;
}

export function xOf({ width, fromMs, toMs }: Frame, atMs: number): number {
  return ((atMs - fromMs) / (toMs - fromMs)) * width;
}

export function yOf({ height, minM, maxM }: Frame, levelM: number): number {
  return height - ((levelM - minM) / (maxM - minM)) * height;
}

/** `M0 3.1L4 3` …; a lone point becomes a short dash. */
export function formatLine(frame: Frame, points: readonly LevelPoint[], gapMs: number): string {
  let text = '';
  points.forEach((point, index) => {
    const before = points[index - 1];
    const joined = before !== undefined && point.atMs - before.atMs <= gapMs;
    const after = points[index + 1];
    const alone = !joined && (after === undefined || after.atMs - point.atMs > gapMs);
    const x = xOf(frame, point.atMs).toFixed(1);
    const y = yOf(frame, point.levelM).toFixed(1);
    text += `${joined ? 'L' : 'M'}${x} ${y}${alone ? 'h1' : ''}`;
  });
  return text;
}
