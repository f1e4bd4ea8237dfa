/**
 * What everybody may read, for other sites' pages and for those who ask again and again: CORS, ETag, revalidation.
 *
 * Around every GET that is public. Invariants: a page of another site sees what anybody sees, since a token is never
 * taken from it (Authorization is not among the headers that a preflight allows); an answer may be kept where it was
 * given to somebody without a token, and is asked for again each time.
 */
import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { ANONYMOUS } from './access.ts';

/** Besides those that any page may send: to ask again, to resume the stream. */
const ALLOWED_HEADERS = 'If-None-Match, Last-Event-ID, Cache-Control';
const EXPOSED_HEADERS = 'ETag, Link, Retry-After';
/** A day: what may be asked does not change while Siaga runs. */
const PREFLIGHT_MAX_AGE_S = 86_400;

/** After access. */
export function registerPublicReads(app: FastifyInstance): void {
  const publicPaths = new Set<string>();
  app.addHook('onRoute', (route) => {
    if (isPublicRead(route)) publicPaths.add(route.url);
  });
  const isOne = ({ method, routeOptions, is404 }: FastifyRequest) =>
    !is404 && (method === 'GET' || method === 'HEAD') && publicPaths.has(routeOptions.url ?? '');

  app.addHook('onRequest', async (request, reply) => {
    if (!isOne(request)) return;
    reply
      .header('access-control-allow-origin', '*')
      .header('access-control-expose-headers', EXPOSED_HEADERS)
      .header('vary', 'authorization, cookie, accept');
    if (request.user === ANONYMOUS) reply.header('cache-control', 'no-cache');
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isWhole || reply.statusCode !== 200 || !isOne(request)) return payload;
    // Weak, since the same answer may be sent compressed.
    const tag = `W/"${hash('sha1', payload, 'base64url')}"`;
    reply.header('etag', tag);
    if (!isKnown(request.headers['if-none-match'], tag)) return payload;
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return '';
  });
}

/** Answers the preflight of a page that wants to read what is public; undefined where it is none. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const wanted = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || request.headers.origin === undefined || wanted !== 'GET')
    return undefined;
  return reply
    .code(204)
    .header('access-control-allow-origin', '*')
    .header('access-control-allow-methods', 'GET, HEAD')
    .header('access-control-allow-headers', ALLOWED_HEADERS)
    .header('access-control-max-age', String(PREFLIGHT_MAX_AGE_S))
    .send();
}

/** Health and the pages themselves are for no other site. */
export function isPublicRead({ url, method, config }: RouteOptions): boolean {
  const isData = url.startsWith('/v1/') || url === '/openapi.json';
  return isData && config?.access === 'public' && [method].flat().includes('GET');
}

/** RFC 9110 §13.1.2: any of a list, by weak comparison. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return known.includes('*') || known.includes(tag.replace(/^W\//, ''));
}
