/**
 * The guard against guessing: wrong tokens, links and sessions of one address are counted, and beyond the bound wait.
 *
 * Asked only where a secret is not known to be right, so that right ones behind the same address are let in. Invariant:
 * every refusal has its counter.
 */
import type { FastifyRequest } from 'fastify';
import { Counter, type Registry as Metrics } from 'prom-client';
import { Problem } from '../border/problem.ts';
import type { WrongTokens } from './load-bounds.ts';

export type GuessReason = 'malformed' | 'unknown' | 'ended' | 'session' | 'invitation';

export interface GuessGuard {
  /** Throws Problem 429 where this address has shown too many wrong ones. */
  refuseGuesser(request: FastifyRequest): Promise<void>;
  /** Counts a wrong one. */
  count(reason: GuessReason, request: FastifyRequest): Promise<void>;
  /** Counts a wrong one and throws Problem 401. */
  fail(reason: GuessReason, request: FastifyRequest, detail: string): Promise<never>;
}

export function createGuessGuard(wrongTokens: WrongTokens, metrics: Metrics): GuessGuard {
  const failures = new Counter({
    name: 'siaga_http_authentication_failures_total',
    help: 'Calls refused for their token, link or session, by reason.',
    labelNames: ['reason'],
    registers: [metrics],
  });
  async function count(reason: GuessReason, request: FastifyRequest): Promise<void> {
    failures.inc({ reason });
    await wrongTokens.record(request);
  }
  return {
    count,
    async refuseGuesser(request) {
      const waitMs = await wrongTokens.waitMs(request);
      if (waitMs === 0) return;
      failures.inc({ reason: 'bounded' });
      const retryAfterS = Math.ceil(waitMs / 1000);
      const detail = `Too many wrong tokens from ${request.ip}; wait ${retryAfterS} s.`;
      throw new Problem(429, 'too-many-failures', detail, { retryAfterS });
    },
    async fail(reason, request, detail) {
      await count(reason, request);
      throw new Problem(401, 'bad-token', detail);
    },
  };
}
