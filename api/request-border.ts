/**
 * What no request may be, whatever it asks: one place for all routes, before any schema looks at it.
 *
 * Registered first, so that 404 and 405 are behind it too. Invariant: what is refused here is refused with a problem
 * that names the part; a handler never sees text that the state database cannot keep.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findNul } from '../devices/nul.ts';
import { Problem } from './problem.ts';

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
  app.addHook('preValidation', async (request) => refuseNul(request));
}

/** Throws Problem 400. A header cannot hold one: Node refuses it. */
function refuseNul({ params, query, body }: FastifyRequest): void {
  const detail = 'holds the character NUL (U+0000), which no text here may hold';
  const errors = Object.entries({ params, query, body }).flatMap(([part, value]) => {
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
