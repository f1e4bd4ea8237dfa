/**
 * Where every failed request ends: thrown errors, failed validation, 404, 405, and what Node refuses before
 * there is a request.
 *
 * Registered first, so that it covers all routes. Invariant: the answer is `application/problem+json`, a
 * validation problem lists every wrong field of every part of the request, and only a 5xx is logged (once).
 */
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodFastifySchemaValidationError } from 'fastify-type-provider-zod';
import { answerPreflight, isPublicRead } from '../access/public-reads.ts';
import { formatProblem, PROBLEM_CONTENT_TYPE, Problem, parseProblem } from '../border/problem.ts';

/** In the order in which Fastify validates; it stops at the first that fails. */
const PARTS = ['params', 'body', 'querystring', 'headers'] as const;
const MAX_LISTED_FIELDS = 100;

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { retryAfterS } = problem.extra;
  if (typeof retryAfterS === 'number') reply.header('retry-after', String(retryAfterS));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="siaga"');
  const instance = reply.request.raw.url?.split('?', 1)[0];
  // Sent as bytes: a schema that a route declares for its errors must not change or refuse it.
  return reply
    .code(problem.status)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .header('cache-control', 'no-store')
    .send(Buffer.from(JSON.stringify(formatProblem(problem, instance))));
}

export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = isValidation(error) ? describeValidation(error, request) : parseProblem(error, request.id);
  if (problem.status >= 500 && !(error instanceof Problem)) {
    request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
  }
  return sendProblem(reply, problem);
}

function isValidation(error: FastifyError): boolean {
  return Array.isArray(error.validation) && error.validation.length > 0;
}

/** Fastify stops at the first part that fails; the later ones are judged here, so that all is said at once. */
function describeValidation(error: FastifyError, request: FastifyRequest): Problem {
  const failed = PARTS.indexOf(error.validationContext as (typeof PARTS)[number]);
  const errors = PARTS.flatMap((part, index) => {
    if (index < failed) return [];
    const issues = index === failed ? error.validation : judge(request, part);
    return ((issues ?? []) as ZodFastifySchemaValidationError[]).map((issue) => ({
      in: part === 'querystring' ? 'query' : part,
      field: issue.instancePath.slice(1).replaceAll('/', '.'),
      detail: explainIssue(issue.message ?? 'is wrong'),
    }));
  }).slice(0, MAX_LISTED_FIELDS);
  const [first] = errors;
  const where = first ? ` ${first.in}${first.field ? ` ${first.field}` : ''}: ${first.detail}` : '';
  const detail = `${errors.length} problem(s) in the request;${where}${errors.length > 1 ? ' …' : ''}`;
  return new Problem(400, 'invalid-request', detail, { errors });
}

/** The schema's words where a person can do nothing with them. */
function explainIssue(message: string): string {
  const [, expected, received] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (received === 'undefined') return `is missing: a ${expected}`;
  if (expected) return `must be a ${expected}, and is a ${received}`;
  return message.startsWith('Unrecognized key') ? `${message}; /docs shows those that it takes` : message;
}

function judge(request: FastifyRequest, part: (typeof PARTS)[number]): unknown[] {
  const validate = request.getValidationFunction(part) as
    | ((input: unknown) => { error?: unknown[] })
    | undefined;
  return validate?.(part === 'querystring' ? request.query : request[part]).error ?? [];
}

/** 404, or 405 with Allow where the path exists for other methods. Call before any route is added. */
export function registerNotFound(app: FastifyInstance): void {
  const known = new Map<string, { path: RegExp; methods: Set<string>; isPublic: boolean }>();
  app.addHook('onRoute', (route) => {
    const { url, method } = route;
    const entry = known.get(url) ?? { path: compilePath(url), methods: new Set(), isPublic: false };
    for (const each of [method].flat()) entry.methods.add(each);
    entry.isPublic ||= isPublicRead(route);
    known.set(url, entry);
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const entries = [...known.values()].filter((entry) => entry.path.test(path));
    const preflight = entries.some(({ isPublic }) => isPublic) ? answerPreflight(request, reply) : undefined;
    if (preflight) return preflight;
    const methods = entries.flatMap((entry) => [...entry.methods]);
    if (methods.length === 0 || methods.includes(request.method)) {
      return sendProblem(
        reply,
        new Problem(404, 'not-found', `There is nothing at ${path}; /docs lists every call.`),
      );
    }
    const allowed = [...new Set(methods)].sort().join(', ');
    reply.header('allow', allowed);
    return sendProblem(
      reply,
      new Problem(405, 'method-not-allowed', `${path} does not take ${request.method}; it takes ${allowed}.`),
    );
  });
}

/** `/v1/devices/:id` as a pattern for whole paths. */
function compilePath(url: string): RegExp {
  const pattern = url
    .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*');
  return new RegExp(`^${pattern}$`);
}

/** What Node refuses before there is a request: answered on the bare socket. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const problem = formatProblem(parseProblem(error, 'none'));
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
