/**
 * `POST /v1/ingest/{format}`: a device or gateway posts instead of publishing: OwnTracks in HTTP mode, webhooks of
 * ChirpStack and The Things Stack, Traccar's forwarding, a logger with a modem.
 *
 * Shows the same credential as over MQTT, as Basic (id and secret) or Bearer (`<id>:<secret>`), and goes the same way
 * through the pipeline. Invariants: answered after the journal's commit, as the sender expects; what was not
 * understood is answered like the rest, since it is kept and would otherwise be sent for ever; a secret is in no log.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Formats } from '../../devices/formats/index.ts';
import { formatHttpOrigin } from '../../ingest/incoming-message.ts';
import type { Pipeline } from '../../ingest/pipeline.ts';
import { Problem } from '../border/problem.ts';
import { createWrongTokens } from '../server/load-bounds.ts';
import type { IngestTurns } from './ingest-turns.ts';
import { PACKINGS, readPostedBody } from './posted-body.ts';

/** Who knows the credentials: the broker's authenticator. */
export interface DeviceAuthenticator {
  /** Whose they are; undefined when name and secret do not belong together. */
  verify(
    userName: string,
    secret: Buffer,
  ): Promise<{ readonly role: string; readonly id?: string } | undefined>;
}

export interface IngestDependencies {
  /** Undefined where devices need no credential. */
  readonly deviceAuthenticator: DeviceAuthenticator | undefined;
  readonly formats: Formats;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly turns: IngestTurns;
  /** As of an MQTT packet. */
  readonly maxBodyBytes: number;
  readonly now: () => number;
}

/** As the addresses of this machine are written. */
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

const answer = z
  .object({
    stored: z.int().describe('Readings that are new.'),
    repeated: z.int().describe('Readings that were there already.'),
    rejected: z.int().describe('What was not understood; it is kept, and the inbox says why.'),
  })
  .meta({ id: 'IngestOutcome' });

/** OwnTracks takes a list of messages for its app, and we have none. */
const ownTracksAnswer = z.array(z.string()).max(0).meta({ id: 'NoMessages' });

export const ingestRoutes =
  (dependencies: IngestDependencies): FastifyPluginAsync =>
  async (app) => {
    const { formats, pipeline, turns, maxBodyBytes, now } = dependencies;
    const identify = createIdentify(app, dependencies);
    // Whatever the sender calls it, the format reads it.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.post<{ Params: { format: string } }>(
      '/ingest/:format',
      {
        bodyLimit: maxBodyBytes,
        config: {
          access: 'public',
          ownCredential: true,
          anyBody:
            'What the device or gateway sends, of any type: the format reads it. Packed with Content-Encoding gzip, deflate or br if it likes.',
        },
        schema: {
          operationId: 'postReadings',
          tags: ['devices'],
          summary: 'Readings of a device or gateway in one of the formats',
          description: "With the credential of the device or gateway: Basic, or Bearer '<id>:<secret>'.",
          params: z.object({
            format: z
              .string()
              .max(40)
              .describe('The name of a format, of GET /v1/formats.')
              .meta({ example: 'owntracks' }),
          }),
          response: { 200: z.union([answer, ownTracksAnswer]).meta({ id: 'IngestAnswer' }) },
        },
      },
      async (request, reply) => {
        const { format } = request.params;
        if (!formats.has(format)) {
          const detail = `There is no format ${format}; there are ${[...formats.keys()].join(', ')}.`;
          throw new Problem(404, 'unknown-format', detail);
        }
        const identity = await identify(request, parseCredential(request.headers.authorization));
        const sender = identity ?? request.ip;
        const payload = await readPostedBody(request, sender, { turns, maxBodyBytes, packings: PACKINGS });
        const outcome = await turns.take(sender, payload.length, () =>
          pipeline.accept({
            ...formatHttpOrigin(format, request.ip),
            payload,
            receivedAt: now(),
            format,
            ...(identity === undefined ? {} : { identity }),
          }),
        );
        return reply.send(format === 'owntracks' ? [] : outcome);
      },
    );
  };

/** A credential as it was shown. */
export interface ShownCredential {
  readonly id: string;
  readonly secret: Buffer;
}

/** Who a shown credential proves; undefined where none is asked for. Throws Problem 401 and 429. */
export function createIdentify(
  app: FastifyInstance,
  { deviceAuthenticator }: Pick<IngestDependencies, 'deviceAuthenticator'>,
) {
  const wrong = createWrongTokens(app);
  return async (request: FastifyRequest, shown: ShownCredential | undefined): Promise<string | undefined> => {
    if (!deviceAuthenticator) {
      if (LOOPBACK.test(request.ip)) return shown?.id;
      throw new Problem(401, 'credential-needed', 'Without credentials only this machine may post readings.');
    }
    // A right one is let in first: a neighbour who guesses locks nobody out.
    const identity = shown && (await deviceAuthenticator.verify(shown.id, shown.secret));
    if (identity?.id !== undefined) return identity.id;
    const waitMs = await wrong.waitMs(request);
    if (waitMs > 0) {
      const detail = 'Too many wrong credentials came from this address.';
      throw new Problem(429, 'too-many-failures', detail, { retryAfterS: Math.ceil(waitMs / 1000) });
    }
    if (shown) await wrong.record(request);
    throw new Problem(
      401,
      'credential-needed',
      'Show the id and secret of the device: Basic, or Bearer <id>:<secret>.',
    );
  };
}

/** Basic; Bearer, or any other word before `<id>:<secret>`. */
export function parseCredential(header: string | undefined): ShownCredential | undefined {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  const text = /^basic$/i.test(scheme) ? Buffer.from(value, 'base64').toString() : value;
  // `gateway:lora:secret`: a secret has no colon, a name may have one.
  const at = text.lastIndexOf(':');
  return at > 0 ? { id: text.slice(0, at), secret: Buffer.from(text.slice(at + 1)) } : undefined;
}
