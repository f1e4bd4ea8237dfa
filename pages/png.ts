/**
 * The PNG of a picture with a palette.
 *
 * PNG (W3C, third edition): signature, IHDR (8 bits, colour type 3), PLTE, one IDAT, IEND; every row with filter 0.
 * Invariant: it is compressed on a thread of the pool and not on the event loop.
 */
import { promisify } from 'node:util';
import { crc32, deflate as deflateWithCallback } from 'node:zlib';
import type { Colour, Picture } from './picture.ts';

const deflate = promisify(deflateWithCallback);
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export async function encodePng(
  { width, height, pixels }: Picture,
  palette: readonly Colour[],
): Promise<Buffer> {
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
    chunk('IDAT', await deflate(rows)),
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
