/**
 * How each call of the document ends: its answers, the problems it meets, and the token it needs.
 *
 * Used by openapi.ts for every route, from the declarations that the hooks enforce, so that no route says it twice;
 * what only a route knows (409, 422 …) it says as `config.fails`. Invariant: a status that a call answers stands in
 * the document by its number; `default` is for what is refused before a route is found.
 */
import type { FastifySchema, RouteOptions } from 'fastify';
import { formatAccess } from '../access/access.ts';
import { isPublicRead } from '../access/public-reads.ts';
import { PROBLEM_CONTENT_TYPE } from '../border/problem.ts';
import type { OpenApiDocument, Operation } from './openapi-schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Statuses of problems that only this route knows. */
    fails?: readonly FailingStatus[];
    /** The body is read as it comes, whatever its type, and no schema judges it: what it is, in a sentence. */
    anyBody?: string;
  }
}
export type FailingStatus = 403 | 404 | 409 | 412 | 413 | 422 | 428;

const problemContent = {
  [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } },
};
const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds until it is worth another call.',
    schema: { type: 'integer', format: 'int64' },
  },
} as const;

/** By the name under which the document holds them. */
export const PROBLEM_ANSWERS = {
  BadRequest: { description: 'The request is wrong; `errors` lists every wrong field.' },
  Unauthorized: {
    description: 'A token is missing, or the one that was sent is not in force.',
    headers: { 'WWW-Authenticate': { description: 'Bearer.', schema: { type: 'string' } as const } },
  },
  Forbidden: { description: 'The token or the person is of another role, or no page of ours sent it.' },
  NotFound: { description: 'There is none, or none that you may see.' },
  Conflict: { description: 'It does not go together with what is; `detail` says what to do.' },
  ChangedMeanwhile: { description: 'It is not what If-Match says any more; read it again.' },
  TooLarge: { description: 'More than one call takes.' },
  UnsupportedMediaType: { description: 'The body is not JSON, or does not say so.' },
  Unprocessable: { description: 'Understood, and not possible; `detail` says why.' },
  IfMatchNeeded: { description: 'Say by If-Match which version you have seen.' },
  TooManyCalls: { description: 'Too many calls, or too many wrong tokens.', headers: RETRY_AFTER },
  InternalError: { description: 'A mistake of ours; the log says more under `requestId`.' },
  Unavailable: { description: 'A part does not work, or has too much to do.', headers: RETRY_AFTER },
  Failure: { description: 'Any other failure, RFC 9457.' },
} as const;

const NAME_BY_STATUS: Readonly<Record<string, keyof typeof PROBLEM_ANSWERS>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  412: 'ChangedMeanwhile',
  413: 'TooLarge',
  415: 'UnsupportedMediaType',
  422: 'Unprocessable',
  428: 'IfMatchNeeded',
  429: 'TooManyCalls',
  500: 'InternalError',
  503: 'Unavailable',
  default: 'Failure',
};

export const problemResponses = Object.fromEntries(
  Object.entries(PROBLEM_ANSWERS).map(([name, answer]) => [name, { ...answer, content: problemContent }]),
);

/** The route's schema with who may call; routes without a schema are hidden. */
export function describeAccess(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  if (!schema || schema.hide) return { ...schema, hide: true };
  const access = formatAccess(route.config?.access);
  const note = route.config?.ownCredential
    ? ''
    : access === 'public'
      ? 'For everybody.'
      : `For ${[...new Set(['admin', ...access])].join(', ')}.`;
  const description = [schema.description, note].filter(Boolean).join(' ');
  return {
    ...schema,
    description,
    security: formatSecurity(route),
  };
}

function formatSecurity({ config }: RouteOptions): Record<string, string[]>[] {
  if (config?.ownCredential) return [{ device: [] }, { deviceBasic: [] }, {}];
  if (config?.signsIn) return [{}];
  return formatAccess(config?.access) === 'public' ? [{}, { token: [] }] : [{ token: [] }];
}

/** The statuses of a call's problems. */
function statusesOf({ schema = {}, config = {}, method }: RouteOptions): (number | 'default')[] {
  const takesBody = [method].flat().some((each) => each === 'POST' || each === 'PUT' || each === 'PATCH');
  const access = formatAccess(config.access);
  return [
    // NUL is refused in every query.
    400,
    401,
    ...(access === 'public' ? [] : [403]),
    ...(schema.params ? [404] : []),
    ...(takesBody || isDelete(method) ? [413, 415] : []),
    ...(config.fails ?? []),
    429,
    500,
    503,
    'default',
  ];
}

/** Fastify reads a body that comes with a DELETE, if only to refuse it. */
function isDelete(method: RouteOptions['method']): boolean {
  return [method].flat().includes('DELETE');
}

/** Puts the problems, and what lies around every answer, into the calls of the finished document. */
export function addAnswers(document: OpenApiDocument, routes: ReadonlyMap<string, RouteOptions>): void {
  for (const calls of Object.values(document.paths)) {
    for (const call of Object.values(calls)) {
      const route = routes.get(call.operationId ?? '');
      if (!route) continue;
      call.responses = answersOf(call, route);
      const { anyBody } = route.config ?? {};
      if (anyBody !== undefined) call.requestBody = describeAnyBody(anyBody);
    }
  }
}

function answersOf(call: Operation, route: RouteOptions): Operation['responses'] {
  const isRead = isPublicRead(route) && !route.config?.longLived;
  const good = Object.entries(call.responses).map(([status, answer]) => [
    status,
    {
      ...answer,
      description: describeGood(answer['description'], call),
      ...(isRead || route.config?.isPaged ? { headers: headersOf(route, isRead) } : {}),
    },
  ]);
  const problems = [...new Set(statusesOf(route))].map((status) => [
    String(status),
    { $ref: `#/components/responses/${NAME_BY_STATUS[status]}` },
  ]);
  const notModified = isRead
    ? [['304', { description: 'What you have by this ETag is still so (If-None-Match).' }]]
    : [];
  return Object.fromEntries([...good, ...notModified, ...problems]);
}

function describeAnyBody(description: string): NonNullable<Operation['requestBody']> {
  const schema = { type: 'string', format: 'binary' };
  return { required: true, description, content: { 'application/octet-stream': { schema } } };
}

/** Fastify's own words say nothing. */
function describeGood(description: unknown, { summary }: Operation): unknown {
  return description === 'Default Response' ? `${summary}.` : description;
}

function headersOf({ config }: RouteOptions, isRead: boolean): object {
  const text = { type: 'string' };
  return {
    ...(isRead
      ? { ETag: { description: 'Send it as If-None-Match to hear whether it is still so.', schema: text } }
      : {}),
    ...(config?.isPaged
      ? { Link: { description: 'The next page, as `rel="next"` (RFC 8288).', schema: text } }
      : {}),
  };
}
