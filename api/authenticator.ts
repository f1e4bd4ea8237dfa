/**
 * The authenticator: from an Authorization header to a User.
 *
 * Between the access hook and the token store. The tokens in force are in memory and read again every CACHE_MS, so
 * that a right one is known at once, whatever its neighbours guess meanwhile; one that was revoked past this process
 * is refused after at most CACHE_MS. Invariant: without a header the caller is `anonymous`; with a wrong one it is
 * refused and never `anonymous`, so that nobody mistakes the public view for theirs.
 */
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { Database } from '../database/database.ts';
import { ANONYMOUS, type Authenticator } from './access.ts';

import type { WrongTokens } from './load-bounds.ts';
import { Problem } from './problem.ts';
import { formatTime } from './time.ts';
import {
  findToken,
  hashToken,
  isTokenShaped,
  markUsed,
  readTokensInForce,
  type Token,
} from './token-store.ts';

const CACHE_MS = 10_000;
/** `last used` is kept to the minute: a write a minute and token, not one a call. */
const USED_PRECISION_MS = 60_000;

export interface AuthenticatorDependencies {
  readonly database: Database;
  readonly wrongTokens: WrongTokens;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

export function createAuthenticator({
  database,
  wrongTokens,
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
  const inForce = keepTokensInForce(database, now, monotonicNow);

  async function fail(
    reason: 'malformed' | 'unknown' | 'ended',
    request: FastifyRequest,
    detail: string,
  ): Promise<never> {
    failures.inc({ reason });
    await wrongTokens.record(request);
    throw new Problem(401, 'bad-token', detail);
  }

  async function refuseGuesser(request: FastifyRequest): Promise<void> {
    const waitMs = await wrongTokens.waitMs(request);
    if (waitMs === 0) return;
    failures.inc({ reason: 'bounded' });
    const retryAfterS = Math.ceil(waitMs / 1000);
    const detail = `Too many wrong tokens from ${request.ip}; wait ${retryAfterS} s.`;
    throw new Problem(429, 'too-many-failures', detail, { retryAfterS });
  }

  /** In memory, or made past this process some seconds ago; who guesses does not reach the database. */
  async function find(hash: string, request: FastifyRequest): Promise<Token> {
    const known = (await inForce.read()).get(hash);
    if (known && known.expiresAt > now()) return known;
    await refuseGuesser(request);
    const token = await findToken(database, hash);
    if (!token) return fail('unknown', request, 'No such token is in force; ask an admin for a new one.');
    if (token.expiresAt > now()) return token;
    const detail = `This token ended at ${formatTime(token.expiresAt)}; ask an admin for a new one.`;
    return fail('ended', request, detail);
  }

  const noteUse = keepLastUses(database, log, now);

  return {
    async authenticate(request) {
      const { authorization } = request.headers;
      if (authorization === undefined) return ANONYMOUS;
      const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      if (secret === undefined || !isTokenShaped(secret)) {
        await refuseGuesser(request);
        return fail('malformed', request, 'Expected Authorization: Bearer siaga_… with a whole token.');
      }
      const token = await find(hashToken(secret), request);
      await noteUse(token);
      return { name: token.name, role: token.role, tokenId: token.id };
    },
    forget: inForce.forget,
    readAgain: inForce.readAgain,
  };
}

/** When each token was used last, to the minute. */
function keepLastUses(database: Database, log: Logger, now: () => number) {
  const usedAtMs = new Map<number, number>();
  return async ({ id, name, lastUsedAt }: Token): Promise<void> => {
    const lastMs = usedAtMs.get(id) ?? lastUsedAt ?? 0;
    // After a step back the last use lies ahead of us, and is no last use any more.
    if (Math.abs(now() - lastMs) <= USED_PRECISION_MS) return;
    usedAtMs.set(id, now());
    // A full disk must not lock people out of seeing that it is full.
    await markUsed(database, id, now()).catch((error: unknown) =>
      log.warn({ err: error, token: name }, 'cannot write when a token was last used'),
    );
  };
}

/** The tokens in force, read again when they are older than CACHE_MS. */
function keepTokensInForce(database: Database, now: () => number, monotonicNow: () => number) {
  let known: Map<string, Token> = new Map();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  /** Revoked while they were read. */
  const revoked = new Set<number>();

  async function load(): Promise<void> {
    const beganMs = monotonicNow();
    const fresh = await readTokensInForce(database, now());
    for (const [hash, { id }] of fresh) if (revoked.has(id)) fresh.delete(hash);
    known = fresh;
    readAtMs = beganMs;
  }
  return {
    async read(): Promise<ReadonlyMap<string, Token>> {
      if (monotonicNow() - readAtMs >= CACHE_MS) {
        reading ??= load().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      return known;
    },
    readAgain(): void {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
    forget(tokenId: number): void {
      revoked.add(tokenId);
      for (const [hash, { id }] of known) if (id === tokenId) known.delete(hash);
    },
  };
}
