/**
 * A file of the pages in the forms that a browser takes it in: as it is, by gzip, by brotli.
 *
 * Made by page-files.ts at start and by map-library.ts, sent by send-file.ts. Invariant: no request waits for brotli,
 * which takes seconds for a library: it is made when somebody first asks for it, and whoever comes before it is there
 * has gzip.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const compress = promisify(gzip);

export interface PackedFile {
  readonly contentType: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** Undefined until it is made, which the first call begins. */
  brotliNow?(): Buffer | undefined;
}

export async function packFile(contentType: string, body: Buffer): Promise<PackedFile> {
  let brotli: Buffer | undefined;
  let isBegun = false;
  return {
    contentType,
    body,
    gzipped: await compress(body, { level: 9 }),
    brotliNow() {
      if (isBegun) return brotli;
      isBegun = true;
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      };
      // What fails here is memory: gzip stays.
      brotliCompress(body, { params }, (error, packed) => {
        if (!error) brotli = packed;
      });
      return undefined;
    },
  };
}
