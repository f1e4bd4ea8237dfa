/**
 * readPostedBody: the body that a device or gateway posted, unpacked where it says that it is packed.
 *
 * Between the credential and the pipeline, for /v1/ingest/{format} and for /write. Invariants: what comes of it is no
 * larger than a message may be, and no more than that is ever unpacked; a body that is no valid packing is refused,
 * never taken in part unless the caller asks for its begin.
 */
import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../border/problem.ts';
import type { IngestTurns } from './ingest-turns.ts';

/** It took time to find out. */
class UnpackProblem extends Problem {}

export type Packing = 'gzip' | 'deflate' | 'br';

export const PACKINGS: readonly Packing[] = ['gzip', 'deflate', 'br'];

export interface PostedBodyOptions {
  readonly turns: IngestTurns;
  /** Packed and unpacked. */
  readonly maxBodyBytes: number;
  readonly packings: readonly Packing[];
  /** Given what could be unpacked of gzip that ends early: what to take of it; undefined: nothing. */
  readonly ofBegin?: (begin: Buffer) => Buffer | undefined;
}

interface Unpacked {
  readonly buffer: Buffer;
  /** Of the packed bytes, up to the end of what they are packed as. */
  readonly engine: { readonly bytesWritten: number };
}

type Unpack = (
  packed: Buffer,
  options: { readonly info: true; readonly maxOutputLength: number; readonly finishFlush?: number },
) => Promise<Unpacked>;

/** Node's types do not know what `info` gives. */
const unpackWith = (zlib: unknown) => promisify(zlib as typeof gunzip) as unknown as Unpack;
const zlibStream = unpackWith(inflate);
const bareStream = unpackWith(inflateRaw);
const UNPACK: Readonly<Record<Packing, Unpack>> = {
  gzip: unpackWith(gunzip),
  // RFC 9110 §8.4.1.2 means zlib's format; some send the bare stream.
  deflate: (packed, options) => (hasZlibHeader(packed) ? zlibStream : bareStream)(packed, options),
  br: unpackWith(brotliDecompress),
};

/** Throws Problem 400, 413, 415, 429, 503. `sender` pays for it. */
export async function readPostedBody(
  { headers, body }: Pick<FastifyRequest, 'headers' | 'body'>,
  sender: string,
  options: PostedBodyOptions,
): Promise<Buffer> {
  const packed = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const packing = packingOf(headers['content-encoding'], options.packings);
  if (packing === undefined) return packed;
  const { turns, maxBodyBytes } = options;
  try {
    return await turns.take(sender, packed.length, () => unpackBody(packed, packing, options));
  } catch (error) {
    // 27 bytes of brotli take 9 ms to be found too large: as long as the largest message.
    if (error instanceof UnpackProblem) turns.charge(sender, maxBodyBytes);
    throw error;
  }
}

function packingOf(header: string | undefined, known: readonly Packing[]): Packing | undefined {
  const said = (header ?? '').trim().toLowerCase();
  if (said === '' || said === 'identity') return undefined;
  const packing = known.find((each) => each === said || `x-${each}` === said);
  if (packing) return packing;
  const choices = known.length === 0 ? 'send it unpacked' : `send ${known.join(', ')} or none`;
  throw new Problem(415, 'unsupported-encoding', `Content-Encoding ${said.slice(0, 40)}: ${choices}`);
}

/** RFC 1950 §2.2: method 8, and a check of the first two bytes. */
function hasZlibHeader(packed: Buffer): boolean {
  return packed.length >= 2 && ((packed[0] as number) & 15) === 8 && packed.readUInt16BE() % 31 === 0;
}

async function unpackBody(
  packed: Buffer,
  packing: Packing,
  { maxBodyBytes, turns, ofBegin }: PostedBodyOptions,
): Promise<Buffer> {
  const bound = { info: true, maxOutputLength: maxBodyBytes } as const;
  try {
    const { buffer, engine } = await UNPACK[packing](packed, bound);
    // A second message behind the first would be lost.
    if (engine.bytesWritten < packed.length) throw new Error('something stands behind its end');
    return buffer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      turns.refused('unpacked');
      const detail = `unpacked it is more than the ${maxBodyBytes} bytes that are taken at once; send smaller batches`;
      throw new UnpackProblem(413, 'body-too-large', detail, {}, { cause: error });
    }
    const isCut = code === 'Z_BUF_ERROR' && packing === 'gzip' && ofBegin !== undefined;
    const begun = isCut
      ? ofBegin((await UNPACK.gzip(packed, { ...bound, finishFlush: constants.Z_SYNC_FLUSH })).buffer)
      : undefined;
    if (begun) return begun;
    throw new UnpackProblem(400, `not-${packing}`, `the body is not valid ${packing}`, {}, { cause: error });
  }
}
