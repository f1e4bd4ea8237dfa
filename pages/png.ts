/**
 * A small picture with a palette, and its PNG: what the preview of a link needs, and no more.
 *
 * Pure. PNG (W3C, third edition): signature, IHDR (8 bits, colour type 3), PLTE, one IDAT, IEND; every row with
 * filter 0. Invariant: what is painted outside the picture is left out.
 */
import { crc32, deflateSync } from 'node:zlib';

export type Colour = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** A colour's place in the palette, row by row. */
  readonly pixels: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function createPicture(width: number, height: number): Picture {
  return { width, height, pixels: new Uint8Array(width * height) };
}

export function fillRectangle(
  { width, height, pixels }: Picture,
  [left, top, right, bottom]: readonly [number, number, number, number],
  colour: number,
): void {
  const fromX = Math.max(0, Math.round(left));
  const toX = Math.min(width, Math.round(right));
  if (toX <= fromX) return;
  for (let y = Math.max(0, Math.round(top)); y < Math.min(height, Math.round(bottom)); y++) {
    pixels.fill(colour, y * width + fromX, y * width + toX);
  }
}

/** A line as thick as a brush of `size` pixels, in steps of a pixel. */
export function drawLine(
  picture: Picture,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  size: number,
  colour: number,
): void {
  const steps = Math.max(1, Math.ceil(Math.hypot(x2 - x1, y2 - y1)));
  for (let step = 0; step <= steps; step++) {
    const x = x1 + ((x2 - x1) * step) / steps;
    const y = y1 + ((y2 - y1) * step) / steps;
    fillRectangle(picture, [x - size / 2, y - size / 2, x + size / 2, y + size / 2], colour);
  }
}

export function encodePng({ width, height, pixels }: Picture, palette: readonly Colour[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a pixel, by palette; compression, filter and interlace have one value or none.
  header.set([8, 3, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
