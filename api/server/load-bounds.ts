/**
 * What keeps callers from asking more than the machine can give: calls of one address, and the event loop's delay.
 *
 * After access, before validation. Staff and those who look after health are never refused by these. Invariants: a
 * refusal is a problem with Retry-After and is counted; addresses that are remembered are bounded, and one
 * subscriber of IPv6 is one address.
 */
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, type Registry as Metrics } from 'prom-client';
import { credentialOf, isStaff } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { createMonotonicWindows } from './monotonic-windows.ts';

export interface LoadBounds {
  /** Of an address without a token, or of a partner's token. */
  readonly maxCallsPerMin: number;
  /** Mean over a second: some long slices are no reason, a queue that grows is one. */
  readonly maxLoopDelayMs: number;
}

export const LOAD_BOUNDS: LoadBounds = { maxCallsPerMin: 6_000, maxLoopDelayMs: 250 };
const MINUTE_MS = 60_000;
const RETRY_AFTER_S = 5;
/** A token has 256 random bits and cannot be guessed; the bound keeps those who try from the database. */
export const MAX_WRONG_TOKENS_PER_MIN = 20;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Refused for no load: who watches the house must see it at its worst. */
    alwaysAnswered?: boolean;
    /**
     * While the event loop is late: `answered` is sent from memory and costs no more than a refusal; `kept` decides
     * itself, by `request.late`, between an answer that was kept, a new one and a refusal. Others are refused.
     */
    whenLate?: 'answered' | 'kept';
  }
  interface FastifyRequest {
    /** Set where the event loop is late and the route says `kept`. */
    late: Late | undefined;
  }
}

export interface Late {
  /** The answer was kept from before. */
  countKept(): void;
  /** Counted; to be thrown. */
  refuse(): Problem;
}

/** Ms until this address may show another wrong token; 0 when it may now. */
export interface WrongTokens {
  waitMs(request: FastifyRequest): Promise<number>;
  record(request: FastifyRequest): Promise<void>;
}

/** Before any route. The bound of calls is asked after access, which is to be registered next. */
export async function registerCallBounds(
  app: FastifyInstance,
  { maxCallsPerMin }: LoadBounds,
  metrics: Metrics,
  monotonicNow: () => number,
): Promise<WrongTokens> {
  const refused = countRefused(metrics);
  await app.register(rateLimit, {
    max: maxCallsPerMin,
    timeWindow: MINUTE_MS,
    store: createMonotonicWindows(monotonicNow),
    keyGenerator: ({ user, ip }) => credentialOf(user) ?? normalizeIP(ip),
    allowList: (request) => isAlwaysAnswered(request),
    // Retry-After is set with the problem; a bound that no honest caller meets needs no header in each answer.
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
    errorResponseBuilder: (request, { max, ttl }) => {
      refused.inc({ bound: 'calls' });
      const who = credentialOf(request.user) === undefined ? request.ip : request.user.name;
      const retryAfterS = Math.ceil(ttl / 1000);
      const detail = `More than ${max} calls a minute from ${who}; wait ${retryAfterS} s.`;
      return new Problem(429, 'too-many-calls', detail, { retryAfterS });
    },
  });
  return createWrongTokens(app);
}

/** A bound of its own on wrong secrets of one address. Once the bound of calls is registered. */
export function createWrongTokens(app: FastifyInstance): WrongTokens {
  const limit = app.createRateLimit({
    max: MAX_WRONG_TOKENS_PER_MIN - 1,
    timeWindow: MINUTE_MS,
    keyGenerator: ({ ip }) => normalizeIP(ip),
    allowList: () => false,
  });
  return {
    async waitMs(request) {
      const state = await limit(request, { increment: false });
      return state.isAllowed || !state.isExceeded ? 0 : state.ttl;
    },
    async record(request) {
      await limit(request);
    },
  };
}

/** After access: while the event loop is late, the public waits or gets what was kept, and staff does not. */
export async function registerPressure(
  app: FastifyInstance,
  { maxLoopDelayMs }: LoadBounds,
  metrics: Metrics,
): Promise<void> {
  const refused = countRefused(metrics);
  const kept = new Counter({
    name: 'siaga_http_kept_answers_total',
    help: 'Pages of the public that were answered as they were kept, as the event loop was late.',
    registers: [metrics],
  });
  const late: Late = {
    countKept: () => kept.inc(),
    refuse() {
      refused.inc({ bound: 'pressure' });
      const detail = 'Siaga has more to do than it can at the moment; ask again later.';
      return new Problem(503, 'overloaded', detail, { retryAfterS: RETRY_AFTER_S });
    },
  };
  app.decorateRequest('late', undefined);
  await app.register(underPressure, {
    maxEventLoopDelay: maxLoopDelayMs,
    pressureHandler: (request) => {
      const { signsIn, whenLate } = request.routeOptions.config;
      // Who signs in is staff in a moment, and its guesses have a bound of their own.
      if (isAlwaysAnswered(request) || signsIn || whenLate === 'answered') return undefined;
      if (whenLate !== 'kept') return Promise.reject(late.refuse());
      request.late = late;
      return undefined;
    },
  });
}

const NO_HEADERS = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': false,
};

function isAlwaysAnswered({ user, routeOptions }: FastifyRequest): boolean {
  return isStaff(user) || routeOptions.config.alwaysAnswered === true;
}

function countRefused(metrics: Metrics): Counter<'bound'> {
  const name = 'siaga_http_refused_total';
  return (
    (metrics.getSingleMetric(name) as Counter<'bound'> | undefined) ??
    new Counter({
      name,
      help: 'Calls of the public refused: too many of one address, or the event loop was late (pressure).',
      labelNames: ['bound'],
      registers: [metrics],
    })
  );
}
