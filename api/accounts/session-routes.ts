/**
 * `/v1/sessions`: who is signed in where, and signing out, here or everywhere.
 *
 * Invariant: people see and end their own sessions, administrators all.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ROLES, type User } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { idInput } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { AccountsDependencies } from './accounts-dependencies.ts';
import { clearSessionCookie } from './session-cookie.ts';
import { formatSession, sessionSchema } from './session-json.ts';
import type { Owner, StoredSession } from './session-store.ts';
import { isOf } from './session-store.ts';

export function addSessionRoutes(app: ZodApp, dependencies: AccountsDependencies): void {
  addWhoAmI(app);
  addSignOut(app, dependencies);
  addListSessions(app, dependencies);
  addEndMine(app, dependencies);
  addEndSession(app, dependencies);
}

function addWhoAmI(app: ZodApp): void {
  app.get(
    '/session',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'whoAmI',
        tags: ['accounts'],
        summary: 'Whom the API takes you for: `anonymous` without a token or a session',
        response: {
          200: z
            .object({
              name: z.string(),
              role: z.enum(ROLES),
              sessionEndsAt: timeOutput
                .describe('Of a browser that is signed in: when it will not be any more.')
                .optional(),
            })
            .meta({ id: 'Viewer' }),
        },
      },
    },
    async ({ user: { name, role, session } }) => ({
      ...{ name, role },
      ...(session ? { sessionEndsAt: formatTime(session.expiresAt) } : {}),
    }),
  );
}

function addSignOut(app: ZodApp, { config, sessions }: AccountsDependencies): void {
  app.delete(
    '/session',
    {
      schema: {
        operationId: 'signOut',
        tags: ['accounts'],
        summary: 'Sign this browser out',
        response: { 204: z.null().describe('Signed out; the cookie is taken away.') },
      },
    },
    async (request, reply) => {
      const { user } = request;
      await sessions.end(({ id }) => id === user.session?.id, { why: 'signed-out', actor: user.name });
      return sendSignedOut(request, reply, config.PUBLIC_URL);
    },
  );
}

function addListSessions(app: ZodApp, { sessions }: AccountsDependencies): void {
  app.get(
    '/sessions',
    {
      schema: {
        operationId: 'listSessions',
        tags: ['accounts'],
        summary: 'Who is signed in where: of you, for administrators of all',
        response: { 200: z.object({ sessions: z.array(sessionSchema) }) },
      },
    },
    async ({ user }) => {
      const all = await sessions.list();
      const seen = user.role === 'admin' ? all : all.filter(isMine(user, all));
      return { sessions: seen.map((session) => formatSession(session, user.session?.id)) };
    },
  );
}

function addEndMine(app: ZodApp, { config, sessions }: AccountsDependencies): void {
  app.delete(
    '/sessions',
    {
      schema: {
        operationId: 'signOutEverywhere',
        tags: ['accounts'],
        summary: 'Sign yourself out on all devices, this one included',
        response: { 204: z.null().describe('Signed out; the cookie is taken away.') },
      },
    },
    async (request, reply) => {
      const { user } = request;
      const all = await sessions.list();
      await sessions.end(isMine(user, all), { why: 'signed-out', actor: user.name });
      return sendSignedOut(request, reply, config.PUBLIC_URL);
    },
  );
}

function addEndSession(app: ZodApp, { sessions }: AccountsDependencies): void {
  app.delete(
    '/sessions/:id',
    {
      schema: {
        operationId: 'endSession',
        tags: ['accounts'],
        summary: 'End a session: one of yours, or as an administrator any; its live streams end at once',
        params: z.object({ id: idInput('The number of a session.') }),
        response: { 200: sessionSchema },
      },
    },
    async ({ params: { id }, user, log }) => {
      const all = await sessions.list();
      const mayEnd = user.role === 'admin' ? () => true : isMine(user, all);
      const [ended] = await sessions.end((each) => each.id === id && mayEnd(each), {
        why: 'ended',
        actor: user.name,
      });
      if (!ended)
        throw new Problem(404, 'unknown-session', `No session ${id} is open; GET /v1/sessions lists them.`);
      log.info({ session: id, of: ended.name, user: user.name }, 'session ended');
      return formatSession(ended, user.session?.id);
    },
  );
}

/** Those of the person or the token that calls. */
function isMine(user: User, all: readonly StoredSession[]): (session: StoredSession) => boolean {
  const owner: Owner | undefined =
    user.tokenId === undefined
      ? all.find(({ id }) => id === user.session?.id)?.owner
      : { token: user.tokenId };
  return (session) => owner !== undefined && isOf(session, owner);
}

function sendSignedOut(request: FastifyRequest, reply: FastifyReply, publicUrl: string | undefined) {
  clearSessionCookie(request, reply, publicUrl);
  return reply.code(204).send(null as never);
}
