/**
 * How InfluxDB says that something failed: the clients that write to us read that, and no problem of RFC 9457.
 *
 * Used by ingest-influx.ts. 1.x: `{"error"}` and the header X-Influxdb-Error; 2.x: `{"code", "message"}`. Invariant:
 * the status is the one of our own problem, so that a client tries again what can be tried again, and nothing else.
 */
import type { FastifyReply } from 'fastify';
import { type Problem, parseProblem } from '../border/problem.ts';

/** Which generation a route speaks. */
export type Generation = '1.x' | '2.x';

/** Clients read the first digit, and refuse to work with a server that says none. */
export const SPOKEN_VERSION: Readonly<Record<Generation, string>> = { '1.x': '1.8.10', '2.x': '2.7.12' };

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  404: 'not found',
  405: 'method not allowed',
  413: 'request too large',
  415: 'invalid',
  422: 'unprocessable entity',
  429: 'too many requests',
  503: 'unavailable',
};

export function sendInfluxError(
  reply: FastifyReply,
  generation: Generation,
  status: number,
  message: string,
): FastifyReply {
  const body =
    generation === '1.x' ? { error: message } : { code: CODES[status] ?? 'internal error', message };
  if (generation === '1.x') {
    // A header is one line of ASCII; the body has the whole of it.
    reply.header('x-influxdb-error', message.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_HEADER_CHARACTERS));
  }
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .header('x-influxdb-version', SPOKEN_VERSION[generation])
    .send(Buffer.from(JSON.stringify(body)));
}
const MAX_HEADER_CHARACTERS = 500;

/** Whatever was thrown: our own problem in their words. */
export function sendProblemAsInflux(
  reply: FastifyReply,
  generation: Generation,
  error: unknown,
): FastifyReply {
  const problem: Problem = parseProblem(error, reply.request.id);
  const { status, extra, message } = problem;
  if (status >= 500 && problem !== error) {
    reply.request.log.error({ err: error, route: reply.request.routeOptions.url }, 'request failed');
  }
  if (typeof extra['retryAfterS'] === 'number') reply.header('retry-after', String(extra['retryAfterS']));
  if (status === 401) {
    reply.header('www-authenticate', generation === '1.x' ? 'Basic realm="InfluxDB"' : 'Token');
  }
  return sendInfluxError(reply, generation, status, message);
}
