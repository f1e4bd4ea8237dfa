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
  readonly names: 'gauge' | 'place' | 'river';
  readonly level: string;
  readonly text: string;
  readonly at: Point;
  /** The lower, the sooner it is placed. */
  readonly order: number;
}

const MAX_LABELS = 80;
/** Of a glyph, on average, in pixels at the label's size. */
const GLYPH_PX = 7.3;
const HEIGHT_PX = 17;
/** From the mark to its label. */
const OFFSET_PX = 13;

/** In drawing units, or in pixels from the drawing's origin. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What is on screen, in drawing units, and how large a pixel is. */
export interface Seen {
  readonly box: Box;
  readonly unitsPerPx: number;
}

interface PlacedLabel extends Label {
  /** On which side of its point the text stands. */
  readonly side: Side;
}
type Side = 'right' | 'left' | 'middle';

const ANCHORS = { right: 'start', left: 'end', middle: 'middle' } as const;
const OFFSETS_PX = { right: OFFSET_PX, left: -OFFSET_PX, middle: 0 } as const;

export function createMapLabels(layer: SVGGElement): { update(labels: readonly Label[], seen: Seen): void } {
  const list = createKeyedList<PlacedLabel>(
    layer,
    ({ key }) => key,
    (label) => {
      const text = svg('text', { dy: '0.35em' });
      const element = placed(`label label-${label.names}`, label.at, text);
      return {
        element,
        update({ at, level, text: words, side }) {
          movePlaced(element, at);
          setAttribute(element, 'data-level', level);
          setAttribute(text, 'text-anchor', ANCHORS[side]);
          setAttribute(text, 'dx', OFFSETS_PX[side]);
          setText(text, words);
        },
      };
    },
  );
  return { update: (labels, seen) => list.update(placeLabels(labels, seen)) };
}

/** Those that find room on the screen, in their order; a gauge's stands right of its mark, or else left. */
function placeLabels(labels: readonly Label[], { box, unitsPerPx }: Seen): PlacedLabel[] {
  const screen: Box = {
    ...{ left: box.left / unitsPerPx, right: box.right / unitsPerPx },
    ...{ top: box.top / unitsPerPx, bottom: box.bottom / unitsPerPx },
  };
  const taken: Box[] = labels
    .filter(({ names, level }) => names === 'gauge' && level !== 'normal')
    .map(({ at }) => boxAround(at.x / unitsPerPx, at.y / unitsPerPx, 9));
  const shown: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => a.order - b.order)) {
    if (shown.length >= MAX_LABELS) break;
    const sides: readonly Side[] = label.names === 'gauge' ? ['right', 'left'] : ['middle'];
    for (const side of sides) {
      const own = boxOf(label, side, unitsPerPx);
      if (!contains(screen, own) || taken.some((other) => overlaps(own, other))) continue;
      taken.push(own);
      shown.push({ ...label, side });
      break;
    }
  }
  return shown;
}

function boxAround(x: number, y: number, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
}

function boxOf({ text, at }: Label, side: Side, unitsPerPx: number): Box {
  const [x, y] = [at.x / unitsPerPx, at.y / unitsPerPx];
  const width = text.length * GLYPH_PX;
  const gap = OFFSET_PX - 3;
  const left = { right: x + gap, left: x - gap - width, middle: x - width / 2 }[side];
  return { left, right: left + width, top: y - HEIGHT_PX / 2, bottom: y + HEIGHT_PX / 2 };
}

function contains(outer: Box, inner: Box): boolean {
  return (
    inner.left >= outer.left &&
    inner.right <= outer.right &&
    inner.top >= outer.top &&
    inner.bottom <= outer.bottom
  );
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
