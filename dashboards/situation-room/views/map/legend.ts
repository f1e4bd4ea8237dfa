/**
 * The map's legend: each shape and colour with its word.
 *
 * Written anew when the language is switched. Invariant: it shows the very marks that the map shows, made by
 * the same functions.
 */
import type { Speech } from '../../state/words/speech.ts';
import { byId, html, svg } from '../dom.ts';
import { createMarkIcon, type Level } from '../gauges/level-mark.ts';

const LEVELS: readonly Level[] = ['normal', 'minor', 'moderate', 'severe', 'extreme', 'none'];

export function fillLegend(speech: Speech): void {
  const levels = LEVELS.map((level) => {
    const word = speech.word(level === 'none' ? 'noData' : level);
    return html('li', {}, createMarkIcon(level).element, word);
  });
  const points = (['free', 'busy', 'full', 'down'] as const).map((load) => {
    const d = load === 'down' ? 'M-5 -5L5 5M5 -5L-5 5' : 'M-5 -5H5V5H-5Z';
    const mark = svg('g', { class: 'point', 'data-load': load }, svg('path', { class: 'point-mark', d }));
    const icon = svg('svg', { class: 'mark-icon', viewBox: '-11 -11 22 22', 'aria-hidden': 'true' }, mark);
    return html('li', {}, icon, `Wi-Fi ${speech.word(load)}`);
  });
  const units = (['available', 'en-route', 'at-hospital', 'off-duty'] as const).map((status) => {
    const shapes = [svg('circle', { r: 8 }), svg('path', { d: 'M0 -4.5V4.5M-4.5 0H4.5' })];
    const mark = svg('g', { class: 'unit-mark', 'data-status': status }, ...shapes);
    const icon = svg('svg', { class: 'mark-icon', viewBox: '-11 -11 22 22', 'aria-hidden': 'true' }, mark);
    return html('li', { class: 'for-staff' }, icon, speech.word(status));
  });
  const letter = svg('path', { d: 'M-3.5 -5V5M3.5 -5V5M-3.5 0H3.5' });
  const field = svg('rect', { x: -8, y: -8, width: 16, height: 16, rx: 2 });
  const sign = svg('g', { class: 'hospital' }, field, letter);
  const icon = svg('svg', { class: 'mark-icon', viewBox: '-11 -11 22 22', 'aria-hidden': 'true' }, sign);
  const hospital = html('li', {}, icon, speech.word('hospital'));
  byId('legend-list').replaceChildren(...levels, ...points, hospital, ...units);
}
