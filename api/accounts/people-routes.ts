/**
 * `/v1/people`: who may sign in at the pages. For administrators.
 *
 * Invariant: the link of an invitation is in one answer, that of its making, and in no log.
 */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STAFF_ROLES } from '../access/access.ts';
import { idInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { AccountsDependencies } from './accounts-dependencies.ts';
import { addChangePerson } from './change-person.ts';
import { drawLink, formatLink } from './link-picture.ts';
import {
  DEFAULT_LINK_HOURS,
  type Invited,
  invitePerson,
  listPeople,
  MAX_LINK_HOURS,
  makeLink,
  removePerson,
  withdrawLink,
} from './people-store.ts';
import { formatPerson, personName as name, personSchema } from './person-json.ts';
import { isOf } from './session-store.ts';

const ACCESS = { access: ['admin'] } as const;

const linkHours = z
  .int()
  .min(1)
  .max(MAX_LINK_HOURS)
  .default(DEFAULT_LINK_HOURS)
  .describe('For so many hours the link can be used, once.');

const invitedSchema = personSchema
  .extend({
    link: z.string().describe('For this person alone, once. It is shown in this answer and never again.'),
    qr: z
      .object({
        size: z.int().describe('Modules in a row, without the quiet zone.'),
        path: z.string().describe('The dark modules, as `d` of an SVG path.'),
      })
      .describe('The link as a QR code.'),
  })
  .meta({ id: 'InvitedPerson' });

const params = z.object({ id: idInput('The number of a person.') });

export function addPeopleRoutes(app: ZodApp, dependencies: AccountsDependencies): void {
  addListPeople(app, dependencies);
  addInvitePerson(app, dependencies);
  addChangePerson(app, dependencies);
  addMakeLink(app, dependencies);
  addWithdrawLink(app, dependencies);
  addRemovePerson(app, dependencies);
}

function addListPeople(app: ZodApp, { database, now }: AccountsDependencies): void {
  app.get(
    '/people',
    {
      config: ACCESS,
      schema: {
        operationId: 'listPeople',
        tags: ['accounts'],
        summary: 'Who may sign in, by name',
        response: { 200: z.object({ people: z.array(personSchema) }) },
      },
    },
    async () => ({ people: (await listPeople(database, now())).map(formatPerson) }),
  );
}

function addInvitePerson(app: ZodApp, dependencies: AccountsDependencies): void {
  const { config, database, registry, links, now } = dependencies;
  app.post(
    '/people',
    {
      config: { ...ACCESS, fails: [409] },
      schema: {
        operationId: 'invitePerson',
        tags: ['accounts'],
        summary: 'Invite a person; the link is in this answer and never again',
        body: z.strictObject({ name, role: z.enum(STAFF_ROLES), linkHours }),
        response: { 201: invitedSchema },
      },
    },
    async (request, reply) => {
      const { body, user, log } = request;
      const deviceIds = registry.all().map(({ id }) => id);
      const doing = { actor: user.name, nowMs: now() };
      const invited = await invitePerson(database, { ...body, deviceIds }, doing);
      links.readAgain();
      log.info({ person: invited.name, role: invited.role, user: user.name }, 'person invited');
      reply.code(201);
      return formatInvited(invited, baseOf(request, config.PUBLIC_URL));
    },
  );
}

function addMakeLink(app: ZodApp, { config, database, links, now }: AccountsDependencies): void {
  app.post(
    '/people/:id/link',
    {
      config: { ...ACCESS, fails: [409] },
      schema: {
        operationId: 'makeLink',
        tags: ['accounts'],
        summary: 'A new link for a person: another device, or a session that has ended',
        description: 'The link that was open is withdrawn.',
        params,
        body: z.strictObject({ linkHours }),
        response: { 201: invitedSchema },
      },
    },
    async (request, reply) => {
      const { body, user, log } = request;
      const doing = { actor: user.name, nowMs: now() };
      const invited = await makeLink(database, request.params.id, body.linkHours, doing);
      links.readAgain();
      log.info({ person: invited.name, user: user.name }, 'link made');
      reply.code(201);
      return formatInvited(invited, baseOf(request, config.PUBLIC_URL));
    },
  );
}

function addWithdrawLink(app: ZodApp, { database, now }: AccountsDependencies): void {
  app.delete(
    '/people/:id/link',
    {
      config: ACCESS,
      schema: {
        operationId: 'withdrawLink',
        tags: ['accounts'],
        summary: 'Withdraw the link that is open',
        params,
        response: { 200: personSchema },
      },
    },
    async ({ params: { id }, user }) =>
      formatPerson(await withdrawLink(database, id, { actor: user.name, nowMs: now() })),
  );
}

function addRemovePerson(app: ZodApp, { database, sessions, now }: AccountsDependencies): void {
  app.delete(
    '/people/:id',
    {
      config: ACCESS,
      schema: {
        operationId: 'removePerson',
        tags: ['accounts'],
        summary: 'Remove a person; sessions and live streams end, the link is withdrawn',
        params,
        response: { 200: personSchema },
      },
    },
    async ({ params: { id }, user, log }) => {
      const removed = await removePerson(database, id, { actor: user.name, nowMs: now() });
      const ending = { why: 'removed', actor: user.name } as const;
      await sessions.end((session) => isOf(session, { person: id }), ending);
      log.info({ person: removed.name, user: user.name }, 'person removed');
      return formatPerson(removed);
    },
  );
}

/** Where people reach the pages: as configured, else where the administrator's own page is, else where we listen. */
function baseOf({ headers, user, server }: FastifyRequest, publicUrl: string | undefined): string {
  // Of a session's call the origin is proven to be ours; a program may write there what it likes.
  const seen = user.session ? headers.origin : undefined;
  return (publicUrl ?? seen ?? server.listeningOrigin).replace(/\/+$/, '');
}

function formatInvited({ secret, ...person }: Invited, base: string): z.infer<typeof invitedSchema> {
  const link = formatLink(base, secret);
  return { ...formatPerson(person), link, qr: drawLink(link) };
}
