/**
 * How a refusal of dispatch leaves the API: one table of code → status, for every route about incidents.
 *
 * Invariant: the problem's slug is dispatch's own code and its members are dispatch's facts, so that a program
 * can try again with the version it lacks without reading the sentence.
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { DispatchError, type DispatchErrorCode } from '../dispatch/dispatch-error.ts';
import { handleError } from './failures.ts';
import { Problem } from './problem.ts';

const STATUS: Readonly<Record<DispatchErrorCode, number>> = {
  'unknown-incident': 404,
  'unknown-assignment': 404,
  'unknown-unit': 404,
  'unknown-hospital': 404,
  'incident-closed': 409,
  'incident-has-open-assignments': 409,
  'not-classified': 409,
  'no-location': 409,
  'unit-taken': 409,
  'unit-changed': 409,
  blocked: 409,
  'needs-reason': 409,
  'step-not-possible': 409,
  'key-reused': 422,
  'too-many-open-incidents': 503,
};

/** Within the plugin that calls it, and nowhere else. */
export function registerDispatchProblems(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const known: unknown = error;
    if (!(known instanceof DispatchError)) return handleError(error, request, reply);
    const problem = new Problem(STATUS[known.code], known.code, known.message, known.facts);
    return handleError(problem as unknown as FastifyError, request, reply);
  });
}
