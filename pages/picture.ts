/**
 * A picture of at most 16 grounds and one ink, drawn with soft edges: what the preview of a link needs, and no more.
 *
 * Pure; png.ts makes a PNG of it. A pixel is the number of its ground in the upper four bits, and how far the ink
 * covers it in the lower four. Invariant: what is painted outside the picture is left out.
 */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly pixels: Uint8Array;
}

/** Of coverage: 15 is all of the pixel. */
const FULL = 15;

export type Box = readonly [left: number, top: number, right: number, bottom: number];

export function createPicture(width: number, height: number): Picture {
  return { width, height, pixels: new Uint8Array(width * height) };
}

/** A ground over all that was there, by whole pixels. */
export function fillBox({ width, height, pixels }: Picture, box: Box, ground: number): void {
  const [fromX, fromY, toX, toY] = box.map(Math.round) as [number, number, number, number];
  const left = Math.max(0, fromX);
  const right = Math.min(width, toX);
  if (right <= left) return;
  for (let y = Math.max(0, fromY); y < Math.min(height, toY); y++) {
    pixels.fill(ground << 4, y * width + left, y * width + right);
  }
}

/** Stripes from the lower left to the upper right, on the grounds that are there. */
export function hatchBox({ width, height, pixels }: Picture, box: Box, ground: number): void {
  const [fromX, fromY, toX, toY] = box.map(Math.round) as [number, number, number, number];
  for (let y = Math.max(0, fromY); y < Math.min(height, toY); y++) {
    for (let x = Math.max(0, fromX); x < Math.min(width, toX); x++) {
      if ((x + y) % 18 < 5) pixels[y * width + x] = ground << 4;
    }
  }
}

/** A line of the ink with round ends. */
export function drawLine(
  { width, height, pixels }: Picture,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  thickness: number,
): void {
  const reach = thickness / 2 + 1;
  const fromX = Math.max(0, Math.floor(Math.min(x1, x2) - reach));
  const toX = Math.min(width - 1, Math.ceil(Math.max(x1, x2) + reach));
  const fromY = Math.max(0, Math.floor(Math.min(y1, y2) - reach));
  const toY = Math.min(height - 1, Math.ceil(Math.max(y1, y2) + reach));
  const [dx, dy] = [x2 - x1, y2 - y1];
  const lengthSquared = dx * dx + dy * dy;
  const farSquared = (thickness / 2 + 0.5) ** 2;
  for (let y = fromY; y <= toY; y++) {
    for (let x = fromX; x <= toX; x++) {
      // The nearest point of the line, as a share of its length.
      const along = lengthSquared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / lengthSquared;
      const share = Math.min(1, Math.max(0, along));
      const awayX = x - x1 - share * dx;
      const awayY = y - y1 - share * dy;
      const awaySquared = awayX * awayX + awayY * awayY;
      if (awaySquared >= farSquared) continue;
      const covered = Math.round(Math.min(1, thickness / 2 + 0.5 - Math.sqrt(awaySquared)) * FULL);
      const at = y * width + x;
      const pixel = pixels[at] as number;
      if (covered > (pixel & FULL)) pixels[at] = (pixel & ~FULL) | covered;
    }
  }
}

/** The colour of each pixel value: the ground, and the ink over it by its coverage. */
export function blendPalette(grounds: readonly Colour[], ink: Colour): Colour[] {
  return grounds.flatMap((ground) =>
    Array.from({ length: FULL + 1 }, (_, covered): Colour => {
      const mix = (channel: 0 | 1 | 2) =>
        Math.round(ground[channel] + ((ink[channel] - ground[channel]) * covered) / FULL);
      return [mix(0), mix(1), mix(2)];
    }),
  );
}
