/**
 * How a refusal of dispatch leaves the API: one table of code → status, for every route about incidents.
 *
 * A refusal that a call of this API can mend names that call. Invariant: the problem's slug is dispatch's own code and
 * its members are dispatch's facts, so that a program can try again with the version it lacks without reading the
 * sentence.
 */
import type { FastifyError, FastifyInstance } from 'fastify';
import { DispatchError, type DispatchErrorCode } from '../../dispatch/dispatch-error.ts';
import { Problem } from '../border/problem.ts';
import { handleError } from '../server/failures.ts';

const STATUS: Readonly<Record<DispatchErrorCode, number>> = {
  'unknown-incident': 404,
  'unknown-assignment': 404,
  'unknown-unit': 404,
  'unknown-hospital': 404,
  'unknown-word': 404,
  'own-duplicate': 409,
  'incident-closed': 409,
  'incident-open': 409,
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
  'outside-city': 422,
  'too-many-messages': 409,
};

/** What the dispatcher can call next, where dispatch's own sentence does not say it. */
const NEXT: Readonly<Partial<Record<DispatchErrorCode, string>>> = {
  'unknown-incident': 'GET /v1/incidents lists them',
  'unknown-assignment': 'GET /v1/incidents/{id} shows those of an incident',
  'unknown-unit': 'GET /v1/devices?kind=ambulance lists them',
  'unknown-hospital': 'GET /v1/hospitals lists them',
  'unknown-word': 'GET /v1/ambulances/{id}/words lists those that it has yet to take',
  'not-classified': 'POST /v1/incidents/{id}/triage {"classification": "real"}',
  'no-location': 'POST /v1/incidents/{id}/triage with lat and lng, or a place that the city knows',
  'unit-changed': 'GET /v1/incidents/{id}/recommendation has its unitVersion',
  'incident-has-open-assignments':
    'POST /v1/incidents/{id}/assignments/{id}/status {"status": "completed"} or "cancelled"',
};

/** Within the plugin that calls it, and nowhere else. */
export function registerDispatchProblems(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const known: unknown = error;
    if (!(known instanceof DispatchError)) return handleError(error, request, reply);
    const next = NEXT[known.code];
    const sentence = next === undefined ? known.message : `${known.message}; ${next}`;
    const problem = new Problem(STATUS[known.code], known.code, sentence, known.facts);
    return handleError(problem as unknown as FastifyError, request, reply);
  });
}
