/**
 * The arrow of a trend: its slope says which way and how steep, in five steps.
 *
 * Invariant: where the trend is not known there is no arrow; a level line would be a statement.
 */
import type { Trend } from '../../state/levels.ts';
import { setAttribute, svg } from '../dom.ts';

const SLOPE_DEG: Readonly<Record<Trend, number>> = {
  'steep-rise': -75,
  rise: -35,
  steady: 0,
  fall: 35,
  'steep-fall': 75,
};

export function createTrendArrow(): { element: SVGSVGElement; set(trend: Trend | undefined): void } {
  const arrow = svg('path', { d: 'M-7 0H6M1 -5L6 0L1 5', class: 'arrow' });
  const element = svg('svg', { class: 'trend-icon', viewBox: '-10 -10 20 20', 'aria-hidden': 'true' }, arrow);
  return {
    element,
    set(trend) {
      setAttribute(element, 'data-trend', trend ?? 'unknown');
      if (trend) setAttribute(arrow, 'transform', `rotate(${SLOPE_DEG[trend]})`);
    },
  };
}
