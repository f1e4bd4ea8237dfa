/**
 * Problem: the one shape of every error that leaves the API, RFC 9457 `application/problem+json`.
 *
 * Routes throw a Problem for what the caller can mend; operational errors are translated by the table below,
 * where the policy stands once. Invariant: `type` names the kind of problem and never changes its meaning,
 * `detail` says what to do about this one, and neither carries a secret or a stack.
 */
import { z } from 'zod';

/** RFC 9457 §3.1.1: an absolute URI; a name and not a page, so that it means the same in every city. */
const TYPE_PREFIX = 'urn:siaga:problem:';

export class Problem extends Error {
  readonly status: number;
  /** Lower case with hyphens: `unknown-device`. The title is made of it. */
  readonly slug: string;
  /** Further members of the answer; `retryAfterS` also becomes the Retry-After header. */
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(
    status: number,
    slug: string,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'Problem';
    this.status = status;
    this.slug = slug;
    this.extra = extra;
  }
}

/** Of a command line: what is wrong stands before all that there is. */
export function usageProblem(what: string, usage: string): Problem {
  return new Problem(400, 'usage', `${what}\n\n${usage}`);
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

export const problemSchema = z
  .looseObject({
    type: z.string().describe('A URN that names the kind of problem and never changes its meaning.'),
    title: z.string().describe('The kind of problem in words.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().describe('What is wrong this time, and what to do about it.'),
    instance: z.string().describe('The path that was called.').optional(),
    errors: z
      .array(z.object({ in: z.string(), field: z.string(), detail: z.string() }))
      .describe('Every field that is wrong.')
      .optional(),
  })
  .meta({ id: 'Problem' });

/** How an error that is not a Problem leaves the API. */
interface Policy {
  readonly status: number;
  readonly slug: string;
  readonly detail: string;
  readonly retryAfterS?: number;
}

/** Errors with a code that the framework, Node or our own parts throw. Everything else is a bug: 500. */
const POLICIES: Readonly<Record<string, Policy>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    slug: 'body-too-large',
    detail: 'The body is larger than this call takes; send less at once.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    slug: 'unsupported-media-type',
    detail: 'Send JSON, with the header Content-Type: application/json.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    slug: 'wrong-content-length',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    status: 400,
    slug: 'empty-body',
    detail: 'The body is empty, and Content-Type says JSON; send a JSON object, or no Content-Type.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    status: 400,
    slug: 'not-json',
    detail: 'The body is not valid JSON, or has the key __proto__.',
  },
  FST_ERR_BAD_URL: { status: 400, slug: 'bad-url', detail: 'The path is not valid percent-encoding.' },
  FST_ERR_INVALID_URL: { status: 400, slug: 'bad-url', detail: 'The path is not a valid URL.' },
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 414,
    slug: 'url-too-long',
    detail: 'A part of the path is longer than any id here (64 characters).',
  },
  FST_ERR_HANDLER_TIMEOUT: {
    status: 503,
    slug: 'too-slow',
    detail: 'The answer took too long and was given up; ask for less, or again later.',
    retryAfterS: 10,
  },
  JOURNAL_FULL: {
    status: 503,
    slug: 'journal-full',
    detail: 'The journal cannot write: its disk is full. Make room; nothing was stored.',
    retryAfterS: 30,
  },
  JOURNAL_IO: {
    status: 503,
    slug: 'journal-unavailable',
    detail: 'The journal cannot be read or written; see /readyz and the log.',
    retryAfterS: 30,
  },
  JOURNAL_CLOSED: { status: 503, slug: 'closing', detail: 'Siaga is closing; ask again.', retryAfterS: 5 },
  ECONNREFUSED: {
    status: 503,
    slug: 'store-unavailable',
    detail: 'A database behind Siaga does not answer; see /readyz. Ask again later.',
    retryAfterS: 10,
  },
  ETIMEDOUT: {
    status: 503,
    slug: 'store-unavailable',
    detail: 'A database behind Siaga does not answer in time. Ask again later.',
    retryAfterS: 10,
  },
  // PostgreSQL: query_canceled, by its statement timeout.
  57014: {
    status: 503,
    slug: 'store-unavailable',
    detail: 'A database behind Siaga does not answer in time. Ask again later.',
    retryAfterS: 10,
  },
  // Below: refused by Node before a request exists.
  HPE_HEADER_OVERFLOW: { status: 431, slug: 'headers-too-large', detail: 'The headers exceed 16 KiB.' },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    slug: 'request-too-slow',
    detail: 'The request did not arrive in time; send it whole and at once.',
  },
};

/** Translates anything thrown. `requestId` leads from a 500 to its line in the log. */
export function parseProblem(error: unknown, requestId: string): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  const policy = typeof code === 'string' && Object.hasOwn(POLICIES, code) ? POLICIES[code] : undefined;
  if (policy) {
    const { status, slug, detail, retryAfterS } = policy;
    return new Problem(status, slug, detail, retryAfterS ? { retryAfterS } : {}, { cause: error });
  }
  if (typeof code === 'string' && code.startsWith('HPE_')) {
    return new Problem(400, 'not-http', 'What arrived is not valid HTTP.', {}, { cause: error });
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, 'bad-request', String(message), {}, { cause: error });
  }
  return new Problem(
    500,
    'internal-error',
    `Something failed inside; the log says more under request ${requestId}.`,
    { requestId },
    { cause: error },
  );
}

/** The body of the answer. */
export function formatProblem(problem: Problem, instance?: string): z.infer<typeof problemSchema> {
  const { status, slug, message, extra } = problem;
  const words = slug.replaceAll('-', ' ');
  return {
    type: TYPE_PREFIX + slug,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    detail: message,
    ...(instance === undefined ? {} : { instance }),
    ...extra,
  };
}
