/**
 * `GET /v1/changes` and `POST /v1/changes/{id}/undo`: who changed what of the city, when, from what to what; and back.
 *
 * For engineers. Invariant: lines are never changed; taking back is a change with a line of its own.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type CityChange, listChanges } from '../../cities/changes.ts';
import { ENTRY_LISTS } from '../../cities/overlay.ts';
import type { Database } from '../../database/database.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { idInput, limitInput, numericId } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { type CityEntriesDependencies, entrySchema, toProblem } from './city-entries.ts';

export interface ChangesDependencies extends CityEntriesDependencies {
  readonly database: Database;
}

const ACCESS = { access: ['engineer'] } as const;
const changeSchema = z
  .object({
    id: z.int(),
    at: timeOutput,
    actor: z.string().describe('The name of a token, or the account that ran a command.'),
    list: z.enum(ENTRY_LISTS),
    entry: z.string().describe('Its id in the list.'),
    before: entrySchema.nullable().describe('Null where there was none.'),
    after: entrySchema.nullable().describe('Null where it was removed.'),
    undoes: z.int().nullable().describe('The change that this one has taken back.'),
  })
  .meta({ id: 'CityChange' });

export const changesRoutes =
  (dependencies: ChangesDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addListChanges(app, dependencies);
    addUndoChange(app, dependencies);
  };

function addListChanges(app: ZodApp, { database, registry }: ChangesDependencies): void {
  app.get(
    '/changes',
    {
      config: { ...ACCESS, isPaged: true },
      schema: {
        operationId: 'listChanges',
        tags: ['city'],
        summary: 'Who changed what of the city, when, from what to what; the newest first',
        querystring: z.strictObject({
          list: z
            .enum(ENTRY_LISTS)
            .describe('Only of this list; places are `kecamatan`.')
            .meta({ example: 'devices' })
            .optional(),
          entry: z
            .string()
            .max(200)
            .describe('Only of this entry, by its id.')
            .meta({ example: 'kreo-cepoko' })
            .optional(),
          before: numericId.describe('Changes before this one.').meta({ example: 400 }).optional(),
          limit: limitInput(500, 100),
          cursor: cursorInput,
        }),
        response: { 200: z.object({ changes: z.array(changeSchema), next: nextOutput }) },
      },
    },
    async (request, reply) => {
      const { list, entry, before, limit } = request.query;
      const found = await listChanges(database, {
        city: registry.city,
        limit: limit + 1,
        ...{ before, list, entry },
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = found.length > limit && last ? formatNext(request, reply, { before: last.id }) : {};
      return { changes: page.map(formatChange), ...next };
    },
  );
}

function addUndoChange(app: ZodApp, { database, registry, now }: ChangesDependencies): void {
  app.post(
    '/changes/:id/undo',
    {
      config: { ...ACCESS, fails: [404, 422] },
      schema: {
        operationId: 'undoChange',
        tags: ['city'],
        summary: 'Takes a change back, where nothing of the entry was changed after it',
        params: z.object({ id: idInput('The number of a change.') }),
        response: { 200: changeSchema },
      },
    },
    async ({ params: { id }, user }) => {
      const written = await registry.undo(id, { actor: user.name, at: now() }).catch((error: unknown) => {
        throw toProblem(error);
      });
      const done = written?.[0]?.id;
      if (done === undefined) {
        throw new Problem(404, 'unknown-change', `There is no change ${id}; GET /v1/changes lists them.`);
      }
      const [change] = await listChanges(database, { city: registry.city, limit: 1, before: done + 1 });
      return formatChange(change as CityChange);
    },
  );
}

function formatChange({ at, ...change }: CityChange): z.infer<typeof changeSchema> {
  return { ...change, at: formatTime(at) };
}
