/**
 * What no request may be, whatever it asks: one place for all routes, before any schema looks at it.
 *
 * Registered first, so that 404 and 405 are behind it too. Invariant: what is refused here is refused with a problem
 * that names the part; a handler never sees text that the state database cannot keep, nor a member that is null:
 * for clients that write every member, null is absent, but where a route says that null means something there.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findNul } from '../../devices/nul.ts';
import { Problem } from '../border/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Null in the body is a word of its own: of a merge patch, the field is to go. */
    nullSpeaks?: true;
  }
}

export function registerRequestBorder(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw, headers }) => {
    // RFC 9112 §3.2; Node would answer without a word.
    if (headers.host === undefined && raw.httpVersion === '1.1') {
      throw new Problem(400, 'no-host', 'HTTP/1.1 needs the header Host.');
    }
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
      throw new Problem(
        417,
        'expectation-failed',
        'The header Expect may say 100-continue and nothing else.',
      );
    }
  });
  app.addHook('preValidation', async (request) => {
    const { params, query, body } = request;
    // Bytes are the reader's of their format; asked one by one, 256 KiB would hold the event loop.
    const isBytes = Buffer.isBuffer(body);
    refuseNul({ params, query, ...(isBytes ? {} : { body }) });
    if (isBytes) return;
    if (request.routeOptions.config.nullSpeaks) return;
    if (request.body === null) request.body = undefined;
    dropNulls(request.body);
  });
}

/** Throws Problem 400. A header cannot hold one: Node refuses it. */
function refuseNul(parts: Partial<Pick<FastifyRequest, 'params' | 'query' | 'body'>>): void {
  const detail = 'holds the character NUL (U+0000), which no text here may hold';
  const errors = Object.entries(parts).flatMap(([part, value]) => {
    const field = findNul(value);
    return field === undefined ? [] : [{ in: part, field, detail }];
  });
  const [first] = errors;
  if (!first) return;
  const where = `${first.in}${first.field ? ` ${first.field}` : ''}`;
  throw new Problem(
    400,
    'invalid-request',
    `${errors.length} problem(s) in the request; ${where}: ${detail}`,
    {
      errors,
    },
  );
}

/** Members that are null, at any depth; the body is ours alone, read a moment ago. */
function dropNulls(body: unknown): void {
  const waiting: unknown[] = [body];
  while (waiting.length > 0) {
    const here = waiting.pop();
    if (typeof here !== 'object' || here === null) continue;
    for (const [name, member] of Object.entries(here)) {
      if (member === null && !Array.isArray(here)) Reflect.deleteProperty(here, name);
      else waiting.push(member);
    }
  }
}
