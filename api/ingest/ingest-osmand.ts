/**
 * `GET` and `POST /v1/ingest/osmand?id=…&lat=…&lon=…`: trackers that say their place in a query.
 *
 * Traccar Client up to 8 can send no header, so the secret stands in the query as `p`, with the device's id as `u`, or
 * as `id` where that is the same. Hidden from the document, as the answers to other makers' clients are. Invariants:
 * answered after the commit; the secret goes no further than the check: not into the journal and into no log.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { formatHttpOrigin } from '../../ingest/incoming-message.ts';
import { createIdentify, type IngestDependencies, parseCredential, type ShownCredential } from './ingest.ts';
import { readPostedBody } from './posted-body.ts';

const FORMAT = 'osmand';
const OPEN = { config: { access: 'public', ownCredential: true }, schema: { hide: true } } as const;

export const osmandIngestRoutes =
  (dependencies: Omit<IngestDependencies, 'formats'>): FastifyPluginAsync =>
  async (app) => {
    const { pipeline, turns, maxBodyBytes, now } = dependencies;
    const identify = createIdentify(app, dependencies);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.route({
      ...OPEN,
      method: ['GET', 'POST'],
      url: `/ingest/${FORMAT}`,
      bodyLimit: maxBodyBytes,
      async handler(request) {
        // Its credential may stand in the body: nothing is unpacked for whoever has not shown it.
        const body = await readPostedBody(request, request.ip, { turns, maxBodyBytes, packings: [] });
        const { said, credential } = readQuery(request, body);
        const identity = await identify(request, credential);
        const payload = Buffer.from(said);
        return turns.take(identity ?? request.ip, payload.length, () =>
          pipeline.accept({
            ...formatHttpOrigin(FORMAT, request.ip),
            payload,
            receivedAt: now(),
            format: FORMAT,
            ...(identity === undefined ? {} : { identity }),
          }),
        );
      },
    });
  };

/** What query and body say together, without the credential. */
function readQuery(
  { url, headers }: FastifyRequest,
  body: Buffer,
): {
  readonly said: string;
  readonly credential: ShownCredential | undefined;
} {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  for (const [name, value] of new URLSearchParams(body.toString())) query.append(name, value);
  const secret = query.get('p');
  const name = query.get('u') ?? query.get('id') ?? query.get('deviceid') ?? '';
  query.delete('p');
  query.delete('u');
  const credential =
    headers.authorization !== undefined || secret === null
      ? parseCredential(headers.authorization)
      : { id: name, secret: Buffer.from(secret) };
  return { said: query.toString(), credential };
}
