/**
 * Which labels of a map find room, and on which side of their marks.
 *
 * Those in alarm and those proposed first; used by the room's map and by the desk's. Invariant: no two labels cover
 * each other, none covers another's mark (a normal gauge's may be, and a hospital's by a candidate's), and their
 * number is bounded; which are shown depends on the view only.
 */
import type { Point } from './projection.ts';

export interface Label {
  readonly key: string;
  readonly names: 'gauge' | 'place' | 'river' | 'unit' | 'incident' | 'hospital';
  readonly level: string;
  readonly text: string;
  /** What is said of it where there is no room for the whole text, the longer first. */
  readonly shorter?: readonly string[];
  readonly at: Point;
  /** The lower, the sooner it is placed. */
  readonly order: number;
}

const MAX_LABELS = 80;
/**
 * Labels of a lower order may cover a hospital's mark: who can be sent matters more than what stands there every day.
 */
const BEFORE_HOSPITALS = 10;
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

export interface PlacedLabel extends Label {
  /** On which side of its point the text stands. */
  readonly side: Side;
}
export type Side = 'right' | 'left' | 'above' | 'below' | 'middle';

/** From the point to the text's anchor. */
export const OFFSETS_PX: Readonly<Record<Side, Point>> = {
  right: { x: OFFSET_PX, y: 0 },
  left: { x: -OFFSET_PX, y: 0 },
  above: { x: 0, y: -OFFSET_PX - 6 },
  below: { x: 0, y: OFFSET_PX + 6 },
  middle: { x: 0, y: 0 },
};
/** Half the height of a small letter: text stands on its line, a label about its point. */
export const MIDDLE_PX = 4.5;

/** How far the marks reach whose label stands beside them, px; a gauge that is normal may be covered. */
const REACH_PX = { gauge: 9, unit: 9, incident: 11, hospital: 8 } as const;
/** An incident's pin stands above its place; its point is the place. */
const PIN_PX = 24;

/** Those that find room on the screen, in their order; a mark's stands beside it, above or below. */
export function placeLabels(labels: readonly Label[], { box, unitsPerPx }: Seen): PlacedLabel[] {
  const screen: Box = {
    ...{ left: box.left / unitsPerPx, right: box.right / unitsPerPx },
    ...{ top: box.top / unitsPerPx, bottom: box.bottom / unitsPerPx },
  };
  const boxes = (isHospital: boolean) =>
    labels.flatMap(({ names, level, at }): Box[] => {
      if (names === 'place' || names === 'river' || (names === 'gauge' && level === 'normal')) return [];
      if ((names === 'hospital') !== isHospital) return [];
      const [x, y] = [at.x / unitsPerPx, at.y / unitsPerPx];
      const around = boxAround(x, y, REACH_PX[names]);
      return [names === 'incident' ? { ...around, top: y - PIN_PX, bottom: y + 2 } : around];
    });
  const taken = boxes(false);
  let isBeforeHospitals = true;
  const shown: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => a.order - b.order)) {
    if (shown.length >= MAX_LABELS) break;
    if (isBeforeHospitals && label.order >= BEFORE_HOSPITALS) {
      taken.push(...boxes(true));
      isBeforeHospitals = false;
    }
    const found = findRoom(label, screen, taken, unitsPerPx);
    if (!found) continue;
    taken.push(found.box);
    shown.push({ ...label, ...found });
  }
  return shown;
}

/** The whole text on any side before a shorter one. */
function findRoom(
  label: Label,
  screen: Box,
  taken: readonly Box[],
  unitsPerPx: number,
): { readonly text: string; readonly side: Side; readonly box: Box } | undefined {
  const isBeside = label.names !== 'place' && label.names !== 'river';
  const around: readonly Side[] = ['right', 'left', 'below', 'above'];
  const sides = isBeside ? around : (['middle'] as const);
  for (const text of [label.text, ...(label.shorter ?? [])]) {
    for (const side of sides) {
      const box = boxOf({ text, at: label.at }, side, unitsPerPx);
      if (contains(screen, box) && !taken.some((other) => overlaps(box, other))) return { text, side, box };
    }
  }
  return undefined;
}

function boxAround(x: number, y: number, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
}

function boxOf({ text, at }: Pick<Label, 'text' | 'at'>, side: Side, unitsPerPx: number): Box {
  const width = text.length * GLYPH_PX;
  const offset = OFFSETS_PX[side];
  const [x, y] = [at.x / unitsPerPx + offset.x, at.y / unitsPerPx + offset.y];
  // A text beside its mark begins a little nearer than it looks: its halo is no part of it.
  const left = {
    right: x - 3,
    left: x + 3 - width,
    above: x - width / 2,
    below: x - width / 2,
    middle: x - width / 2,
  }[side];
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
