/**
 * `POST /write` and `POST /api/v2/write`: whoever writes to InfluxDB writes to Siaga, and is answered as by InfluxDB.
 *
 * At the root, where those clients look, with `/ping`, `/health` and `/query`, which they ask before they write. The
 * lines go the way of `POST /v1/ingest/line-protocol`. Invariants: 204 after the journal's commit; a body is bounded
 * before and after it is unpacked; bad lines are named, and the good ones beside them are kept; a secret is in no log.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { formatFault, type ParsedLines, parseLines } from '../../devices/formats/line-protocol-lines.ts';
import { isPrecision, type Precision } from '../../devices/formats/line-protocol-values.ts';
import { Problem } from '../border/problem.ts';
import { type Generation, SPOKEN_VERSION, sendInfluxError, sendProblemAsInflux } from './influx-answers.ts';
import { answerQuery } from './influx-query.ts';
import { createIdentify, type IngestDependencies, parseCredential, type ShownCredential } from './ingest.ts';
import { readPostedBody } from './posted-body.ts';

export interface InfluxIngestDependencies extends Omit<IngestDependencies, 'formats'> {
  /** What SHOW DATABASES names. */
  readonly city: { readonly id: string };
  /** Problems in words; none when ready. */
  readonly readiness: () => readonly string[];
}

const FORMAT = 'line-protocol';
const PRECISIONS: Readonly<Record<Generation, readonly string[]>> = {
  '1.x': ['n', 'ns', 'u', 'us', 'µ', 'ms', 's', 'm', 'h'],
  '2.x': ['ns', 'us', 'ms', 's'],
};
const BAD_PRECISION: Readonly<Record<Generation, (said: string) => string>> = {
  '1.x': (said) => `invalid precision ${JSON.stringify(said)} (use n, u, ms, s, m or h)`,
  '2.x': () => 'invalid precision; valid precision units are ns, us, ms, and s',
};
// InfluxDB knows no other.
const GZIP = { packings: ['gzip'], ofBegin: markEnd } as const;
// Their answers are InfluxDB's, which our document does not describe: docs/api.md does.
const OPEN = { config: { access: 'public', ownCredential: true }, schema: { hide: true } } as const;

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export const influxIngestRoutes =
  (dependencies: InfluxIngestDependencies): FastifyPluginAsync =>
  async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const identify = createIdentify(app, dependencies);
    addGreetings(app, dependencies);
    addQuery(app, dependencies, identify);
    for (const [path, generation] of [
      ['/write', '1.x'],
      ['/api/v2/write', '2.x'],
    ] as const) {
      const errorHandler = errorHandlerOf(generation);
      const { maxBodyBytes: bodyLimit, turns } = dependencies;
      app.post(path, { ...OPEN, bodyLimit, errorHandler }, async (request, reply) => {
        const query = request.query as Query;
        const identity = await identify(request, credentialIn(request, query));
        const precision = precisionOf(query, generation);
        const sender = identity ?? request.ip;
        const payload = await readPostedBody(request, sender, { ...GZIP, maxBodyBytes: bodyLimit, turns });
        return turns.take(sender, payload.length, () =>
          write(dependencies, { request, reply, generation, precision, identity, payload }),
        );
      });
    }
  };

function errorHandlerOf(generation: Generation) {
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
    sendProblemAsInflux(reply, generation, error);
}

interface Write {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly generation: Generation;
  readonly precision: Precision;
  readonly identity: string | undefined;
  readonly payload: Buffer;
}

async function write({ pipeline, now }: InfluxIngestDependencies, wanted: Write): Promise<FastifyReply> {
  const { request, reply, generation, precision, identity, payload } = wanted;
  if (payload.length === 0 && generation === '2.x') {
    return sendInfluxError(reply, generation, 400, 'writing requires points');
  }
  const parsed = parseLines(payload.toString(), precision);
  if (parsed.isCut)
    throw new Problem(413, 'body-too-large', 'Too many lines at once; write smaller batches.');
  const isEmpty = parsed.lines.length + parsed.faultCount === 0;
  // Home Assistant writes nothing at its start, to see whether it may.
  if (!isEmpty) {
    await pipeline.accept({
      topic: precision === 'ns' ? `http/${FORMAT}` : `http/${FORMAT}?precision=${precision}`,
      payload,
      receivedAt: now(),
      clientId: `http ${request.ip}`,
      format: FORMAT,
      ...(identity === undefined ? {} : { identity }),
    });
  }
  const fault = isUtf8(payload) ? explain(parsed) : 'the body is not valid UTF-8';
  if (fault !== undefined) return sendInfluxError(reply, generation, 400, fault);
  return reply.code(204).header('x-influxdb-version', SPOKEN_VERSION[generation]).send();
}

/** In InfluxDB's words, with the number of the line before them. */
function explain({ lines, firstFault, faultCount }: ParsedLines): string | undefined {
  if (!firstFault) return undefined;
  const fault = `${formatFault(firstFault)} (line ${firstFault.line})`;
  return lines.length === 0 ? fault : `partial write: ${fault} dropped=${faultCount}`;
}

function precisionOf(query: Query, generation: Generation): Precision {
  const needed = generation === '1.x' ? 'db' : 'bucket';
  if (textOf(query[needed]) === '') {
    const detail = generation === '1.x' ? 'database is required' : 'bucket is required';
    throw new Problem(400, 'invalid-request', detail);
  }
  const said = textOf(query['precision']) || 'ns';
  if (PRECISIONS[generation].includes(said) && isPrecision(said)) return said;
  throw new Problem(400, 'invalid-request', BAD_PRECISION[generation](said.slice(0, 20)));
}

function textOf(value: string | readonly string[] | undefined): string {
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}

/** Basic, `Token <id>:<secret>`, Bearer the same, or `u` and `p`. */
function credentialIn({ headers }: FastifyRequest, query: Query): ShownCredential | undefined {
  const [user, secret] = [textOf(query['u']), textOf(query['p'])];
  if (headers.authorization !== undefined || user === '') return parseCredential(headers.authorization);
  return { id: user, secret: Buffer.from(secret) };
}

/**
 * What could be unpacked of gzip that ends early, where it has a complete line. Its last line may have lost its end,
 * and 1.4 of 1.42 would be read as a sound value: it is marked so that it is refused, named and kept beside the others.
 */
function markEnd(begun: Buffer): Buffer | undefined {
  return begun.includes('\n') ? Buffer.concat([begun, Buffer.from(' (the gzip ends here)')]) : undefined;
}

/** What clients look for before they write: a server of InfluxDB that is well. */
function addGreetings(app: FastifyInstance, { readiness }: InfluxIngestDependencies): void {
  app.get('/ping', { ...OPEN, errorHandler: errorHandlerOf('1.x') }, async (request, reply) => {
    const version = SPOKEN_VERSION['1.x'];
    reply.header('x-influxdb-version', version).header('x-influxdb-build', 'Siaga');
    const verbose = textOf((request.query as Query)['verbose']);
    const isQuiet = verbose === '' || verbose === '0' || verbose === 'false';
    return isQuiet ? reply.code(204).send() : reply.send({ version });
  });
  app.get('/health', { ...OPEN, errorHandler: errorHandlerOf('2.x') }, async (_request, reply) => {
    const isReady = readiness().length === 0;
    return reply.code(isReady ? 200 : 503).send({
      ...{ name: 'siaga', message: isReady ? 'ready for writes' : 'not ready; see /readyz' },
      ...{ status: isReady ? 'pass' : 'fail', checks: [], version: SPOKEN_VERSION['2.x'] },
    });
  });
}

function addQuery(
  app: FastifyInstance,
  { city }: InfluxIngestDependencies,
  identify: ReturnType<typeof createIdentify>,
): void {
  app.route({
    ...OPEN,
    method: ['GET', 'POST'],
    url: '/query',
    bodyLimit: MAX_QUERY_BYTES,
    errorHandler: errorHandlerOf('1.x'),
    handler: async (request, reply) => {
      // Telegraf sends a form, others a query.
      const form = Buffer.isBuffer(request.body) ? new URLSearchParams(request.body.toString()) : [];
      const query = { ...(request.query as Query), ...Object.fromEntries(form) };
      await identify(request, credentialIn(request, query));
      const results = answerQuery(textOf(query['q']), city.id);
      if (typeof results === 'string') return sendInfluxError(reply, '1.x', 400, results);
      return reply.header('x-influxdb-version', SPOKEN_VERSION['1.x']).send({ results });
    },
  });
}
export const MAX_QUERY_BYTES = 16_384;
