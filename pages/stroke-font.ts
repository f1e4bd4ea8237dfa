/**
 * Figures as strokes of a pen, for pictures: the server has no fonts, and a level needs eleven signs.
 *
 * Pure. A sign stands in a box one unit high, y downwards. Invariant: what has no sign leaves a gap of its width.
 */
type Point = readonly [x: number, y: number];

interface Sign {
  readonly width: number;
  readonly strokes: readonly (readonly Point[])[];
}

export interface Segment {
  readonly from: Point;
  readonly to: Point;
}

const ARC_STEPS = 16;
/** Between two signs. */
const SPACE = 0.18;

/** Part of an ellipse; 0° is to the right, 90° down. */
function arc([x, y]: Point, [radiusX, radiusY]: Point, [fromDeg, toDeg]: readonly [number, number]): Point[] {
  return Array.from({ length: ARC_STEPS + 1 }, (_, step): Point => {
    const angle = ((fromDeg + ((toDeg - fromDeg) * step) / ARC_STEPS) * Math.PI) / 180;
    return [x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle)];
  });
}

const ALL = [0, 360] as const;
const SIGNS: Readonly<Record<string, Sign>> = {
  '0': { width: 0.6, strokes: [arc([0.3, 0.5], [0.26, 0.48], ALL)] },
  '1': {
    width: 0.45,
    strokes: [
      [
        [0.08, 0.2],
        [0.3, 0.02],
        [0.3, 0.98],
      ],
    ],
  },
  '2': { width: 0.6, strokes: [[...arc([0.3, 0.28], [0.25, 0.26], [200, 400]), [0.05, 0.98], [0.57, 0.98]]] },
  '3': {
    width: 0.6,
    strokes: [
      [...arc([0.28, 0.26], [0.24, 0.24], [200, 450]), ...arc([0.28, 0.73], [0.27, 0.25], [270, 520])],
    ],
  },
  '4': {
    width: 0.62,
    strokes: [
      [
        [0.43, 0.98],
        [0.43, 0.02],
        [0.03, 0.68],
        [0.6, 0.68],
      ],
    ],
  },
  '5': {
    width: 0.6,
    strokes: [[[0.52, 0.03], [0.13, 0.03], [0.09, 0.46], ...arc([0.29, 0.67], [0.26, 0.31], [222, 500])]],
  },
  '6': {
    width: 0.6,
    strokes: [arc([0.3, 0.68], [0.25, 0.3], ALL), arc([0.55, 0.68], [0.5, 0.66], [180, 258])],
  },
  '7': {
    width: 0.58,
    strokes: [
      [
        [0.03, 0.03],
        [0.55, 0.03],
        [0.2, 0.98],
      ],
    ],
  },
  '8': {
    width: 0.6,
    strokes: [arc([0.3, 0.26], [0.21, 0.24], ALL), arc([0.3, 0.74], [0.26, 0.24], ALL)],
  },
  '9': {
    width: 0.6,
    strokes: [arc([0.3, 0.32], [0.25, 0.3], ALL), arc([0.05, 0.32], [0.5, 0.66], [0, 78])],
  },
  ',': {
    width: 0.14,
    strokes: [
      [
        [0.1, 0.95],
        [0.03, 1.16],
      ],
    ],
  },
  '-': {
    width: 0.4,
    strokes: [
      [
        [0.02, 0.55],
        [0.38, 0.55],
      ],
    ],
  },
  '?': {
    width: 0.6,
    strokes: [
      [...arc([0.3, 0.27], [0.25, 0.25], [190, 430]), [0.3, 0.7]],
      [
        [0.3, 0.97],
        [0.3, 0.97],
      ],
    ],
  },
  m: {
    width: 0.78,
    strokes: [
      [
        [0.04, 0.42],
        [0.04, 0.98],
      ],
      [...arc([0.21, 0.6], [0.17, 0.18], [180, 360]), [0.38, 0.98]],
      [...arc([0.55, 0.6], [0.17, 0.18], [180, 360]), [0.72, 0.98]],
    ],
  },
};

/** The strokes of a text whose box is `size` high and begins at a point. */
export function writeText(text: string, [left, top]: Point, size: number): Segment[] {
  const segments: Segment[] = [];
  let x = left;
  for (const letter of text) {
    const sign = SIGNS[letter];
    for (const stroke of sign?.strokes ?? []) {
      const points = stroke.map(([px, py]): Point => [x + px * size, top + py * size]);
      for (const [index, to] of points.entries())
        if (index > 0) segments.push({ from: points[index - 1] as Point, to });
    }
    x += widthOf(letter) * size;
  }
  return segments;
}

export function measureText(text: string, size: number): number {
  return [...text].reduce((sum, letter) => sum + widthOf(letter), -SPACE) * size;
}

function widthOf(letter: string): number {
  return (SIGNS[letter]?.width ?? 0.16) + SPACE;
}
