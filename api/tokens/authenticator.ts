/**
 * The authenticator: from an Authorization header or a session's cookie to a User.
 *
 * Between the access hook and the stores. What is in force is in memory and read again every ten seconds, so that a
 * right secret is known at once, whatever its neighbours guess meanwhile; one that was revoked past this process is
 * refused after at most that. Invariants: with neither the caller is `anonymous`; with a wrong token it is refused and
 * never `anonymous`, nor is a page that says it acts for a session, so that nobody mistakes the public view for theirs;
 * a cookie changes nothing without the proof that our own page sent it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { ANONYMOUS, type Authenticator, type User } from '../access/access.ts';
import { bearsSessionHeader, requireOwnPage } from '../access/same-origin.ts';
import { clearSessionCookie, readSessionCookie } from '../accounts/session-cookie.ts';
import type { Sessions } from '../accounts/sessions.ts';
import { Problem } from '../border/problem.ts';
import { formatTime } from '../border/time.ts';
import type { GuessGuard } from '../server/guess-guard.ts';
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
/** Methods that change nothing. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AuthenticatorDependencies {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly guard: GuessGuard;
  readonly publicUrl: string | undefined;
  readonly log: Logger;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

export function createAuthenticator(dependencies: AuthenticatorDependencies): Authenticator {
  const { database, guard, log, now, monotonicNow } = dependencies;
  const inForce = keepTokensInForce(database, now, monotonicNow);

  /** In memory, or made past this process some seconds ago; who guesses does not reach the database. */
  async function find(hash: string, request: FastifyRequest): Promise<Token> {
    const known = (await inForce.read()).get(hash);
    if (known && known.expiresAt > now()) return known;
    await guard.refuseGuesser(request);
    const token = await findToken(database, hash);
    if (!token)
      return guard.fail('unknown', request, 'No such token is in force; ask an admin for a new one.');
    if (token.expiresAt > now()) return token;
    const detail = `This token ended at ${formatTime(token.expiresAt)}; ask an admin for a new one.`;
    return guard.fail('ended', request, detail);
  }

  const noteUse = keepLastUses(database, log, now);

  async function recognise(secret: string | undefined, request: FastifyRequest): Promise<Token> {
    if (secret === undefined || !isTokenShaped(secret)) {
      await guard.refuseGuesser(request);
      return guard.fail('malformed', request, 'Expected Authorization: Bearer siaga_… with a whole token.');
    }
    const token = await find(hashToken(secret), request);
    await noteUse(token);
    return token;
  }

  return {
    async authenticate(request, reply) {
      const { authorization } = request.headers;
      if (authorization === undefined) return authenticateCookie(dependencies, request, reply);
      const token = await recognise(/^Bearer +(\S+)$/i.exec(authorization)?.[1], request);
      return { name: token.name, role: token.role, tokenId: token.id };
    },
    recognise,
    forget: inForce.forget,
    readAgain: inForce.readAgain,
  };
}

/** Without the header of our pages a cookie changes nothing, and one that is over is none: anybody's pages go on. */
async function authenticateCookie(
  { sessions, guard, publicUrl }: AuthenticatorDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<User> {
  const saysSession = bearsSessionHeader(request);
  const isSafe = SAFE_METHODS.has(request.method);
  if (!isSafe && !saysSession) return ANONYMOUS;
  const secret = readSessionCookie(request, publicUrl);
  const session = secret === undefined ? undefined : await sessions.find(secret);
  if (session) {
    if (!isSafe) requireOwnPage(request, publicUrl);
    const { id, name, role, expiresAt } = session;
    return { name, role, session: { id, expiresAt } };
  }
  if (secret !== undefined) {
    clearSessionCookie(request, reply, publicUrl);
    await guard.count('session', request);
  }
  if (!saysSession) return ANONYMOUS;
  const detail =
    'You are not signed in any more: the session has ended. Sign in again, or ask for a new link.';
  throw new Problem(401, 'session-ended', detail);
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
