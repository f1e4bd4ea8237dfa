/**
 * The authenticator: from an Authorization header to a User.
 *
 * Between the access hook and the token store. A token that was found is remembered for some seconds, so that
 * a busy page costs no query a call; a revoked one is therefore refused after at most CACHE_MS, and at once
 * when it was revoked through this API. Invariant: without a header the caller is `anonymous`; with a wrong
 * one it is refused and never `anonymous`, so that nobody mistakes the public view for theirs.
 */
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { Database } from '../database/database.ts';
import { ANONYMOUS, type Authenticator, type User } from './access.ts';
import { createFailureBound } from './failure-bound.ts';
import { Problem } from './problem.ts';
import { findToken, hashToken, isTokenShaped, markUsed } from './token-store.ts';

const CACHE_MS = 10_000;
/** As many as tokens may be in force; beyond it the oldest is forgotten. */
const MAX_CACHED = 1_000;
/** `last used` is kept to the minute: a write a minute and token, not one a call. */
const USED_PRECISION_MS = 60_000;
const FAILURES = { maxFailures: 20, windowMs: 60_000, maxAddresses: 10_000 };

export interface AuthenticatorDependencies {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

export function createAuthenticator({
  database,
  metrics,
  log,
  now,
  monotonicNow,
}: AuthenticatorDependencies): Authenticator {
  const failures = new Counter({
    name: 'siaga_http_authentication_failures_total',
    help: 'Calls refused for their token, by reason.',
    labelNames: ['reason'],
    registers: [metrics],
  });
  const bound = createFailureBound(FAILURES);
  const cached = new Map<string, { user: User; readMonotonicMs: number }>();

  function fail(reason: 'malformed' | 'unknown', address: string, detail: string): Problem {
    failures.inc({ reason });
    bound.record(address, monotonicNow());
    return new Problem(401, 'bad-token', detail);
  }

  async function read(hash: string): Promise<User | undefined> {
    const token = await findToken(database, hash);
    cached.delete(hash);
    if (!token) return undefined;
    const { id, name, role, lastUsedAt } = token;
    const user: User = { name, role, tokenId: id };
    if (cached.size >= MAX_CACHED) cached.delete(cached.keys().next().value as string);
    cached.set(hash, { user, readMonotonicMs: monotonicNow() });
    // After a step back the last use lies ahead of us, and is no last use any more.
    if (lastUsedAt === null || Math.abs(now() - lastUsedAt) > USED_PRECISION_MS) {
      // A full disk must not lock people out of seeing that it is full.
      await markUsed(database, id, now()).catch((error: unknown) =>
        log.warn({ err: error, token: name }, 'cannot write when a token was last used'),
      );
    }
    return user;
  }

  return {
    async authenticate(authorization, address) {
      if (authorization === undefined) return ANONYMOUS;
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      const hash = token !== undefined && isTokenShaped(token) ? hashToken(token) : undefined;
      const known = hash === undefined ? undefined : cached.get(hash);
      if (known && monotonicNow() - known.readMonotonicMs < CACHE_MS) return known.user;
      const waitMs = bound.waitMs(address, monotonicNow());
      // A token that was good some seconds ago is looked up again even beside a neighbour who guesses.
      if (waitMs > 0 && !known) {
        failures.inc({ reason: 'bounded' });
        const retryAfterS = Math.ceil(waitMs / 1000);
        const detail = `Too many wrong tokens from ${address}; wait ${retryAfterS} s.`;
        throw new Problem(429, 'too-many-failures', detail, { retryAfterS });
      }
      if (hash === undefined) {
        throw fail('malformed', address, 'Expected Authorization: Bearer siaga_… with a whole token.');
      }
      const user = await read(hash);
      if (user) return user;
      throw fail('unknown', address, 'No such token is in force; ask an admin for a new one.');
    },
    forget: () => cached.clear(),
  };
}
