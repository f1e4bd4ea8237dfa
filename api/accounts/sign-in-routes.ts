/**
 * `/v1/invitations/look` and `POST /v1/session`: the way in at the pages.
 *
 * A session begins by a link that invites, taken once, or by a token that is shown; from then on the browser's cookie
 * speaks. Invariants: looking at a link does not use it up; a right secret is let in whatever its neighbours guess.
 */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isStaff, type KnownToken, STAFF_ROLES } from '../access/access.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { AccountsDependencies } from './accounts-dependencies.ts';
import { findInvitation, type Invitation, takeInvitation } from './invitations.ts';
import { isSecretShaped } from './secrets.ts';
import { readSessionCookie, setSessionCookie } from './session-cookie.ts';
import { formatSession, sessionSchema } from './session-json.ts';
import { MAX_AGENT_LENGTH, type StoredSession } from './session-store.ts';

const invitation = z.string().max(200).describe('What stands behind `#` of the link.');

export function addSignInRoutes(app: ZodApp, dependencies: AccountsDependencies): void {
  addLook(app, dependencies);
  addSignIn(app, dependencies);
}

/** Throws Problem 401 where no such link is open, 429 where this address has guessed too often. */
async function requireInvitation(
  { database, guard, links, now }: AccountsDependencies,
  secret: string,
  request: FastifyRequest,
): Promise<Invitation> {
  const isKnown = isSecretShaped(secret) && (await links.has(secret));
  // Those that are known to be right are looked at before the bound counts.
  if (!isKnown) await guard.refuseGuesser(request);
  const found = isSecretShaped(secret) ? await findInvitation(database, secret, now()) : undefined;
  if (found) return found;
  await guard.count('invitation', request);
  throw refuseLink();
}

function refuseLink(): Problem {
  const detail =
    'This link was used already, was withdrawn, or has ended. Ask your administrator for a new one.';
  return new Problem(401, 'link-not-open', detail);
}

function addLook(app: ZodApp, dependencies: AccountsDependencies): void {
  app.post(
    '/invitations/look',
    {
      config: { access: 'public', signsIn: true, fails: [403] },
      schema: {
        operationId: 'lookAtInvitation',
        tags: ['accounts'],
        summary: 'Whom a link is for; it stays open',
        body: z.strictObject({ invitation }),
        response: {
          200: z
            .object({
              name: z.string(),
              role: z.enum(STAFF_ROLES),
              invitedBy: z.string(),
              expiresAt: timeOutput.describe('Until then it can be used.'),
            })
            .meta({ id: 'Invitation' }),
        },
      },
    },
    async (request) => {
      const found = await requireInvitation(dependencies, request.body.invitation, request);
      const { name, role, invitedBy, expiresAt } = found;
      return { name, role, invitedBy, expiresAt: formatTime(expiresAt) };
    },
  );
}

function addSignIn(app: ZodApp, dependencies: AccountsDependencies): void {
  const { authenticator, config, now } = dependencies;
  app.post(
    '/session',
    {
      config: { access: 'public', signsIn: true, fails: [403, 409] },
      schema: {
        operationId: 'signIn',
        tags: ['accounts'],
        summary: 'Sign this browser in, by a link or a token; the answer sets the cookie',
        description: 'For pages of this Siaga alone. Programs send a token with each call instead.',
        body: z
          .strictObject({
            invitation: invitation.optional(),
            token: z.string().max(200).describe('A token of the staff.').optional(),
          })
          .refine((body) => (body.invitation === undefined) !== (body.token === undefined), {
            error: 'one of invitation and token is expected',
          }),
        response: { 201: sessionSchema },
      },
    },
    async (request, reply) => {
      if (!authenticator) {
        throw new Problem(
          409,
          'nobody-signs-in',
          'API_AUTH is false: everybody is `local`, and signs in nowhere.',
        );
      }
      const { token, invitation: secret = '' } = request.body;
      const begun = await (token === undefined
        ? beginByLink(dependencies, secret, request)
        : beginByToken(dependencies, await authenticator.recognise(token, request), request));
      const { session } = begun;
      await endBefore(dependencies, request, session);
      const lifeMs = session.expiresAt - now();
      setSessionCookie(request, reply, config.PUBLIC_URL, { secret: begun.secret, lifeMs });
      request.log.info({ user: session.name, session: session.id }, 'signed in');
      reply.code(201);
      return formatSession(session, session.id);
    },
  );
}

/** Of whoever was signed in at this browser: its cookie is overwritten, and nobody would end it. */
async function endBefore(
  { config, sessions }: AccountsDependencies,
  request: FastifyRequest,
  session: StoredSession,
): Promise<void> {
  const secret = readSessionCookie(request, config.PUBLIC_URL);
  const before = secret === undefined ? undefined : await sessions.find(secret);
  await sessions.end(({ id }) => id === before?.id, { why: 'signed-out', actor: session.name });
}

type Begun = { readonly session: StoredSession; readonly secret: string };

async function beginByLink(
  dependencies: AccountsDependencies,
  secret: string,
  request: FastifyRequest,
): Promise<Begun> {
  const { name, role, personId } = await requireInvitation(dependencies, secret, request);
  const { sessions, now } = dependencies;
  const wanted = { owner: { person: personId }, name, role, agent: agentOf(request) };
  const begun = await sessions.begin(wanted, (transaction) => takeInvitation(transaction, secret, now()));
  // Somebody else was faster.
  if (!begun) throw refuseLink();
  return begun;
}

async function beginByToken(
  { sessions }: AccountsDependencies,
  token: KnownToken,
  request: FastifyRequest,
): Promise<Begun> {
  const { id, name, role, expiresAt: until } = token;
  if (!isStaff({ name, role })) {
    throw new Problem(403, 'role-not-allowed', `${name} is ${role}; the pages show that to everybody.`);
  }
  const begun = await sessions.begin({ owner: { token: id }, name, role, agent: agentOf(request), until });
  if (!begun) throw new Error('a session by a token began under no condition, and did not begin');
  return begun;
}

/** Without control characters, which some terminals obey. */
function agentOf({ headers }: FastifyRequest): string {
  return (headers['user-agent'] ?? '').replaceAll(/\p{C}/gu, '').slice(0, MAX_AGENT_LENGTH);
}
