/**
 * The map's labels: gauges in alarm first, then districts and rivers, as far as there is room.
 *
 * Invariant: no two labels cover each other, none covers the mark of a gauge in alarm, and the number of
 * labels is bounded; which are shown depends on the view only.
 */
import type { Point } from '../state/projection.ts';
import { createKeyedList, setAttribute, setText, svg } from './dom.ts';
import { movePlaced, placed } from './map-ground.ts';

export interface Label {
  readonly key: string;
  readonly kind: 'gauge' | 'place' | 'river';
  readonly level: string;
  readonly text: string;
  readonly at: Point;
  /** The lower, the sooner it is placed. */
  readonly order: number;
}

const MAX_LABELS = 80;
/** Of a glyph, on average, in pixels at the label's size. */
const GLYPH_PX = 6.6;
const HEIGHT_PX = 17;
/** From the mark to its label. */
const OFFSET_PX = 13;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function createMapLabels(layer: SVGGElement): {
  update(labels: readonly Label[], unitsPerPx: number): void;
} {
  const list = createKeyedList<Label>(
    layer,
    ({ key }) => key,
    (label) => {
      const text = svg('text', { dy: '0.35em' });
      const element = placed(`label label-${label.kind}`, label.at, text);
      return {
        element,
        update({ at, level, text: words, kind }) {
          movePlaced(element, at);
          setAttribute(element, 'data-level', level);
          setAttribute(text, 'dx', kind === 'gauge' ? OFFSET_PX : 0);
          setText(text, words);
        },
      };
    },
  );
  return { update: (labels, unitsPerPx) => list.update(placeLabels(labels, unitsPerPx)) };
}

/** Those that find room, in their order. */
export function placeLabels(labels: readonly Label[], unitsPerPx: number): Label[] {
  const taken: Box[] = labels
    .filter(({ kind, level }) => kind === 'gauge' && level !== 'normal')
    .map(({ at }) => boxAround(at.x / unitsPerPx, at.y / unitsPerPx, 9));
  const shown: Label[] = [];
  for (const label of [...labels].sort((a, b) => a.order - b.order)) {
    if (shown.length >= MAX_LABELS) break;
    const box = boxOf(label, unitsPerPx);
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    shown.push(label);
  }
  return shown;
}

function boxAround(x: number, y: number, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
}

function boxOf({ kind, text, at }: Label, unitsPerPx: number): Box {
  const [x, y] = [at.x / unitsPerPx, at.y / unitsPerPx];
  const width = text.length * GLYPH_PX;
  const left = kind === 'gauge' ? x + OFFSET_PX - 3 : x - width / 2;
  return { left, right: left + width, top: y - HEIGHT_PX / 2, bottom: y + HEIGHT_PX / 2 };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
