/**
 * Accounts below /v1: people and their links, sessions, and the audit of both; what they have in common.
 *
 * people-routes.ts is for administrators, sign-in-routes.ts for who comes in, session-routes.ts for who is in.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { limitInput, numericId } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import type { AccountsDependencies } from './accounts-dependencies.ts';
import { ACCOUNT_ACTS, listActs } from './acts.ts';
import { addPeopleRoutes } from './people-routes.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addSignInRoutes } from './sign-in-routes.ts';

export const accountRoutes =
  (dependencies: AccountsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addPeopleRoutes(app, dependencies);
    addSignInRoutes(app, dependencies);
    addSessionRoutes(app, dependencies);
    addListActs(app, dependencies);
  };

const actSchema = z
  .object({
    id: z.int(),
    at: timeOutput,
    actor: z.string().describe('Who did it: a person, a token, `siaga` or `command line`.'),
    act: z.enum(ACCOUNT_ACTS),
    subject: z.string().describe('Whose account it is.'),
    detail: z.string().describe('The role; of a session, why it ended and which browser it was.'),
  })
  .meta({ id: 'AccountAct' });

function addListActs(app: ZodApp, { database }: AccountsDependencies): void {
  app.get(
    '/account-acts',
    {
      config: { access: ['admin'], isPaged: true },
      schema: {
        operationId: 'listAccountActs',
        tags: ['accounts'],
        summary: 'Who did what with people, links, sessions and tokens; the newest first',
        querystring: z.strictObject({
          subject: z
            .string()
            .max(64)
            .describe('Only of this person or token, by name.')
            .meta({ example: 'Sari' })
            .optional(),
          before: numericId.describe('Lines before this one.').meta({ example: 400 }).optional(),
          limit: limitInput(500, 100),
          cursor: cursorInput,
        }),
        response: { 200: z.object({ acts: z.array(actSchema), next: nextOutput }) },
      },
    },
    async (request, reply) => {
      const { subject, before, limit } = request.query;
      const found = await listActs(database, { subject, before, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = found.length > limit && last ? formatNext(request, reply, { before: last.id }) : {};
      return { acts: page.map((act) => ({ ...act, at: formatTime(act.at) })), ...next };
    },
  );
}
