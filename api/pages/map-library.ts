/**
 * MapLibre GL as the browser takes it: its module and its worker, below a path that carries their version.
 *
 * Pages name the module (`{{mapLibrary}}`) and load it after their first paint. Read and compressed when somebody
 * first asks, so that a server whose desk nobody opens does not hold it. The worker has most of its text from the
 * module: to a browser that has the module as a dictionary (RFC 9842) goes what differs, a quarter of it. Invariants:
 * it comes from this server only; a path never changes what it means and is kept for a year; the worker may fetch from
 * this server and run nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { constants, zstdCompress } from 'node:zlib';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../border/problem.ts';
import { type PackedFile, packFile } from './packed-file.ts';
import { sendFile, takes } from './send-file.ts';

const PACKAGE = createRequire(import.meta.url).resolve('maplibre-gl/package.json');
const MODULE = 'maplibre-gl.mjs';
const WORKER = 'maplibre-gl-worker.mjs';
const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
/** A worker has the policy of its own answer: the tiles that it fetches are here. */
const CSP = "default-src 'none'; connect-src 'self'";
/** A skippable frame of Zstandard that holds the dictionary's SHA-256 (RFC 9842, section 5). */
const DCZ_MAGIC = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 0x20, 0x00, 0x00, 0x00]);
const ZSTD_LEVEL = 19;
const VARY = 'accept-encoding, available-dictionary';

/** Beside `/desk`, without a slash before it: a proxy may have put the pages below a path. */
export const MAP_LIBRARY_PATH = `map-library/${version}/${MODULE}`;

interface Library {
  readonly files: ReadonlyMap<string, PackedFile>;
  /** As a browser names it in `Available-Dictionary`. */
  readonly dictionary: string;
  /** Undefined until it is made, which the first call begins. */
  workerByDictionary(): Buffer | undefined;
}

/** At the root. */
export const mapLibrary: FastifyPluginAsync = async (app) => {
  let known: Promise<Library> | undefined;
  const read = (): Promise<Library> => {
    known ??= readLibrary();
    // What could not be read is read again when it is asked for again.
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  app.get<{ Params: { version: string; file: string } }>(
    '/map-library/:version/:file',
    { config: { access: 'public', whenLate: 'answered' } },
    async (request, reply) => {
      const { params } = request;
      const isOurs = params.version === version && [MODULE, WORKER].includes(params.file);
      if (!isOurs) {
        throw new Problem(404, 'unknown-page', 'There is no such file of the map; load the page again.');
      }
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('content-security-policy', CSP);
      const library = await read();
      const file = library.files.get(params.file) as PackedFile;
      if (params.file === MODULE) {
        reply.header('use-as-dictionary', `match="${WORKER}"`);
        return sendFile(file, request, reply);
      }
      return sendWorker(library, file, request, reply);
    },
  );
};

function sendWorker(library: Library, file: PackedFile, request: FastifyRequest, reply: FastifyReply) {
  const hasModule = request.headers['available-dictionary'] === library.dictionary && takes(request, 'dcz');
  const difference = hasModule ? library.workerByDictionary() : undefined;
  if (!difference) return sendFile(file, request, reply, VARY);
  return reply.type(file.contentType).header('vary', VARY).header('content-encoding', 'dcz').send(difference);
}

async function readLibrary(): Promise<Library> {
  const pack = async (name: string) =>
    packFile('text/javascript; charset=utf-8', await readFile(`${dirname(PACKAGE)}/dist/${name}`));
  const [library, worker] = await Promise.all([pack(MODULE), pack(WORKER)]);
  const hash = createHash('sha256').update(library.body).digest();
  let difference: Buffer | undefined;
  let isBegun = false;
  return {
    files: new Map([
      [MODULE, library],
      [WORKER, worker],
    ]),
    dictionary: `:${hash.toString('base64')}:`,
    workerByDictionary() {
      if (isBegun) return difference;
      isBegun = true;
      const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
      // What fails here is memory: the whole worker stays.
      zstdCompress(worker.body, { dictionary: library.body, params }, (error, packed) => {
        if (!error) difference = Buffer.concat([DCZ_MAGIC, hash, packed]);
      });
      return undefined;
    },
  };
}
