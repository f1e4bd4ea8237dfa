/**
 * Access: who calls, and whether the route is for them. One hook before every handler.
 *
 * A route says `config: { access: 'public' }` or `config: { access: ['dispatcher'] }` (admins may always);
 * one that says nothing is for staff. Invariant: forgetting to declare closes a route and never opens it, and
 * `request.user` is set before any handler runs.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../border/problem.ts';
import type { CallerShare, CallerShares } from './caller-shares.ts';
import { requireOwnPage } from './same-origin.ts';

/** `public` may be given to a partner so that its reads are counted by name; it sees what everybody sees. */
export const ROLES = ['admin', 'dispatcher', 'engineer', 'desk', 'public'] as const;
export type Role = (typeof ROLES)[number];
export const STAFF_ROLES = ['admin', 'dispatcher', 'engineer', 'desk'] as const satisfies readonly Role[];
export type Access = 'public' | readonly Role[];

export interface User {
  /** What the audit writes: the name of the person or the token, `anonymous`, or `local` where API_AUTH is false. */
  readonly name: string;
  readonly role: Role;
  /** The token that was shown. It and the session are absent for `anonymous` and `local`. */
  readonly tokenId?: number;
  /** The session of a browser that is signed in. */
  readonly session?: { readonly id: number; readonly expiresAt: number };
}

/** By what the caller is known: bounds and streams are kept by it. Undefined for `anonymous` and `local`. */
export function credentialOf({ tokenId, session }: User): Credential | undefined {
  if (session) return `session ${session.id}`;
  return tokenId === undefined ? undefined : `token ${tokenId}`;
}
export type Credential = `${'token' | 'session'} ${number}`;

export const ANONYMOUS: User = Object.freeze({ name: 'anonymous', role: 'public' });
export const LOCAL: User = Object.freeze({ name: 'local', role: 'admin' });

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; staff of any role where absent. */
    access?: Access;
    /** Shows a credential of its own, and no token: the route looks at it. */
    ownCredential?: boolean;
    /** The way in: our own page must have sent it, and whose cookie it bears meanwhile does not matter. */
    signsIn?: boolean;
    /** The answer stays open: not in the histogram of durations. */
    longLived?: boolean;
  }
  interface FastifyRequest {
    user: User;
    /** What this class of caller may take of the machine. */
    share: CallerShare;
  }
}

/** From an Authorization header or a cookie to who calls; authenticator.ts keeps it. */
export interface Authenticator {
  /**
   * Throws Problem 401, 403 where a cookie would change something without proof that our page sent it, or 429 when this
   * address failed too often.
   */
  authenticate(request: FastifyRequest, reply: FastifyReply): Promise<User>;
  /** The token with this secret. Throws as above. */
  recognise(secret: string, request: FastifyRequest): Promise<KnownToken>;
  /** Called after one was revoked: it is refused from now on, and the others stay known. */
  forget(tokenId: number): void;
  /** Called after one was made: it is known from the next call on. */
  readAgain(): void;
}

export interface KnownToken {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly expiresAt: number;
}

export function isStaff(user: User): boolean {
  return user.role !== 'public';
}

/** Callers and what people wrote: for those who answer the calls. Engineers read figures, times and units. */
export function seesPeople({ role }: User): boolean {
  return role === 'admin' || role === 'dispatcher' || role === 'desk';
}

/** Throws the Problem for a user who may not: 401 without a token, 403 with one of another role. */
export function requireRole(user: User, roles: readonly Role[]): void {
  if (user.role === 'admin' || roles.includes(user.role)) return;
  const wanted = [...new Set<Role>(['admin', ...roles])].join(', ');
  if (credentialOf(user) === undefined) {
    const detail = `This needs one of the roles ${wanted}: a token as Authorization: Bearer …, or a page that is signed in.`;
    throw new Problem(401, 'token-needed', detail);
  }
  throw new Problem(403, 'role-not-allowed', `${user.name} is ${user.role}; this is for ${wanted}.`);
}

/** What a route's declaration means. */
export function formatAccess(access: Access | undefined): 'public' | readonly Role[] {
  return access ?? STAFF_ROLES;
}

/** `authenticator` is absent where API_AUTH is false: then everybody is `local`. */
export function registerAccess(
  app: FastifyInstance,
  authenticator: Authenticator | undefined,
  shares: CallerShares,
  publicUrl?: string,
): void {
  app.decorateRequest('user');
  app.decorateRequest('share');
  app.addHook('onRequest', async (request, reply) => {
    if (!authenticator) {
      request.user = LOCAL;
      request.share = shares.staff;
      return;
    }
    if (request.routeOptions.config.ownCredential) {
      request.user = ANONYMOUS;
      return;
    }
    if (request.routeOptions.config.signsIn) {
      requireOwnPage(request, publicUrl);
      request.user = ANONYMOUS;
      request.share = shares.public;
      return;
    }
    // What does not exist needs no token to say so; the list of routes is public.
    const access = request.is404 ? 'public' : formatAccess(request.routeOptions.config.access);
    request.user = await authenticator.authenticate(request, reply);
    request.share = isStaff(request.user) ? shares.staff : shares.public;
    if (access !== 'public') requireRole(request.user, access);
  });
}
