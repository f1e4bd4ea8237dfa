/**
 * `GET/POST/DELETE /v1/tokens`: who may call this API. For admins.
 *
 * Invariant: the secret of a token is in one answer, that of its making, and in no log.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import type { Registry } from '../../fleet/registry.ts';
import { ROLES } from '../access/access.ts';
import { explainBadName } from '../accounts/token-name.ts';
import { idInput } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import {
  createToken,
  DEFAULT_LIFE_DAYS,
  listTokens,
  MAX_LIFE_DAYS,
  revokeToken,
  type Token,
} from './token-store.ts';

export interface TokensDependencies {
  readonly database: Database;
  readonly registry: Registry;
  readonly now: () => number;
  /** Called after one was made, so that it is known at once. */
  readonly onMade: () => void;
  /** Called after one was revoked, so that it ends now and not when a cache has aged. */
  readonly onRevoked: (tokenId: number, actor: string) => Promise<void>;
}

const name = z
  .string()
  .superRefine((text, context) => {
    const message = explainBadName(text);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .describe('Whose it is: the audit of each write says it.');

const tokenSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    role: z.enum(ROLES),
    createdAt: timeOutput,
    createdBy: z.string(),
    expiresAt: timeOutput.describe('From then on it is refused.'),
    lastUsedAt: timeOutput.describe('To the minute.').optional(),
    revokedAt: timeOutput.optional(),
  })
  .meta({ id: 'Token' });

export const tokenRoutes =
  ({ database, registry, now, onMade, onRevoked }: TokensDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/tokens',
      {
        config: { access: ['admin'] },
        schema: {
          operationId: 'listTokens',
          tags: ['tokens'],
          summary: 'All tokens without their secrets, newest first',
          response: { 200: z.object({ tokens: z.array(tokenSchema) }) },
        },
      },
      async () => ({ tokens: (await listTokens(database)).map(formatToken) }),
    );

    app.post(
      '/tokens',
      {
        config: { access: ['admin'], fails: [409] },
        schema: {
          operationId: 'createToken',
          tags: ['tokens'],
          summary: 'Make a token; its secret is in this answer and never again',
          body: z.strictObject({
            name,
            role: z.enum(ROLES),
            lifeDays: z
              .int()
              .min(1)
              .max(MAX_LIFE_DAYS)
              .default(DEFAULT_LIFE_DAYS)
              .describe('After so many days it is refused.'),
          }),
          response: {
            201: tokenSchema.extend({ token: z.string().describe('The secret. Keep it; it is shown once.') }),
          },
        },
      },
      async ({ body, user, log }, reply) => {
        const deviceIds = registry.all().map(({ id }) => id);
        const made = await createToken(database, { ...body, createdBy: user.name, deviceIds }, now());
        onMade();
        log.info({ token: made.name, role: made.role, user: user.name }, 'token made');
        reply.code(201);
        return { ...formatToken(made), token: made.token };
      },
    );

    app.delete(
      '/tokens/:id',
      {
        config: { access: ['admin'], fails: [409] },
        schema: {
          operationId: 'revokeToken',
          tags: ['tokens'],
          summary: 'Revoke a token; its open streams and its sessions end too',
          params: z.object({ id: idInput('The number of a token.') }),
          response: { 200: tokenSchema },
        },
      },
      async ({ params, user, log }) => {
        const revoked = await revokeToken(database, params.id, { nowMs: now(), actor: user.name });
        await onRevoked(params.id, user.name);
        log.info({ token: revoked.name, user: user.name }, 'token revoked');
        return formatToken(revoked);
      },
    );
  };

function formatToken(token: Token): z.infer<typeof tokenSchema> {
  const { id, name: owner, role, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt } = token;
  return {
    id,
    name: owner,
    role,
    createdAt: formatTime(createdAt),
    createdBy,
    expiresAt: formatTime(expiresAt),
    ...(lastUsedAt === null ? {} : { lastUsedAt: formatTime(lastUsedAt) }),
    ...(revokedAt === null ? {} : { revokedAt: formatTime(revokedAt) }),
  };
}
