/**
 * The mark of a level: a shape and a colour, so that nobody needs to tell colours apart.
 *
 * Used by alerts, gauges, map and legend alike. Invariant: each level has a shape of its own, with more
 * corners the higher it is, and "not known" is hollow.
 */
import type { Severity } from '../../state/api/api-shapes.ts';
import { setAttribute, svg } from '../dom.ts';

/** `none` is a gauge without a fresh reading: not "normal". */
export type Level = 'none' | 'normal' | Severity;

/** Outlines about the origin, some 16 units across. */
const SHAPES: Readonly<Record<Level, string>> = {
  // A ring.
  none: 'M-6 0A6 6 0 1 1 6 0A6 6 0 1 1 -6 0Z',
  // A disc.
  normal: 'M-5.5 0A5.5 5.5 0 1 1 5.5 0A5.5 5.5 0 1 1 -5.5 0Z',
  // A drop-like diamond.
  minor: 'M0 -8L7 0L0 8L-7 0Z',
  // A triangle.
  moderate: 'M0 -8L8.5 7H-8.5Z',
  // A square.
  severe: 'M-7 -7H7V7H-7Z',
  // An eight-pointed star.
  extreme:
    'M0 -10L2.9 -6.9L7.1 -7.1L6.9 -2.9L10 0L6.9 2.9L7.1 7.1L2.9 6.9L0 10L-2.9 6.9L-7.1 7.1L-6.9 2.9L-10 0L-6.9 -2.9L-7.1 -7.1L-2.9 -6.9Z',
};

/** A path of class `mark`; its `data-level` gives it its colour. */
export function createMark(level: Level): SVGPathElement {
  return svg('path', { class: 'mark', d: SHAPES[level], 'data-level': level });
}

export function setMark(mark: SVGPathElement, level: Level): void {
  setAttribute(mark, 'd', SHAPES[level]);
  setAttribute(mark, 'data-level', level);
}

/** The mark as a picture of its own, for lists. */
export function createMarkIcon(level: Level): { element: SVGSVGElement; set(level: Level): void } {
  const mark = createMark(level);
  const element = svg('svg', { class: 'mark-icon', viewBox: '-11 -11 22 22', 'aria-hidden': 'true' }, mark);
  return { element, set: (next) => setMark(mark, next) };
}
