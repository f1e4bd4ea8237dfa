/**
 * A client of Siaga's API in TypeScript: paths, parameters, bodies and answers are typed by the document.
 *
 * `api.GET('/v1/devices', { params: { query: { kind: 'river-gauge' } } })` gives `data`, or `error`: the problem
 * (RFC 9457) in its own words. Invariants: a token goes into the Authorization header and nowhere else; a call ends
 * within its timeout; nothing is sent twice, so that who tries again does so with the same Idempotency-Key.
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './generated/api.d.ts';

export type Schemas = components['schemas'];
export type SiagaClient = Client<paths, 'application/json'>;

export interface ClientOptions {
  /** Where Siaga is: `https://siaga.semarang.example`. */
  readonly url: string;
  /** `siaga_…`; what everybody may see where absent. */
  readonly token?: string | undefined;
  readonly timeoutMs?: number;
}

/** As long as the server gives a call. */
const TIMEOUT_MS = 30_000;

export function createSiagaClient({ url, token, timeoutMs = TIMEOUT_MS }: ClientOptions): SiagaClient {
  const client = createClient<paths, 'application/json'>({
    baseUrl: url.replace(/\/+$/, ''),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    fetch: (request) => {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
      return fetch(new Request(request, { signal }));
    },
  });
  return client;
}

/** A call that was answered with a problem. */
export class SiagaProblem extends Error {
  readonly status: number;
  /** The kind of problem, without its prefix: `unit-taken`. */
  readonly slug: string;
  readonly problem: Schemas['Problem'];
  constructor(status: number, problem: Schemas['Problem']) {
    super(problem.detail);
    this.status = status;
    // A proxy between may answer with a problem of its own, which needs no type (RFC 9457).
    this.slug = problem.type?.split(':').at(-1) ?? '';
    this.problem = problem;
  }
}

/** The answer of a call. Throws SiagaProblem where it was refused. */
export async function answerOf<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  if (data !== undefined && data !== null) return data;
  if (isProblem(error)) throw new SiagaProblem(response.status, error);
  throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
}

function isProblem(error: unknown): error is Schemas['Problem'] {
  return typeof error === 'object' && error !== null && 'detail' in error;
}
