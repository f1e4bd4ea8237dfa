/**
 * `GET /v1/reads`: who read which incidents, callers and tracks. For admins.
 *
 * Reads what read-audit.ts wrote. Invariant: it tells which, and nothing of what stood there.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { idInput, limitInput } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { ROLES, type Role } from './access.ts';
import { listReads, READ_KINDS } from './read-audit.ts';
import { jsonPage, readInParts, sendPage } from './sliced-page.ts';

export const MAX_READS = 1_000;
const PART_READS = 200;

const readSchema = z
  .object({
    id: z.int(),
    at: timeOutput,
    actor: z.string().describe('The name of the token.'),
    role: z.enum(ROLES),
    what: z.enum(READ_KINDS),
    which: z.string().describe('Numbers of incidents; a device and the range that was read.'),
  })
  .meta({ id: 'Read' });

type ReadLine = Awaited<ReturnType<typeof listReads>>[number];

function formatRead({ at, role, ...rest }: ReadLine): z.input<typeof readSchema> {
  return { ...rest, role: role as Role, at: formatTime(at) };
}

/** The route below /v1. */
export const readRoutes =
  ({ database }: { readonly database: Database }): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/reads',
      {
        config: { access: ['admin'], isPaged: true },
        schema: {
          operationId: 'listReads',
          tags: ['tokens'],
          summary: 'Who read which incidents, callers and tracks, newest first',
          querystring: z.strictObject({
            actor: z.string().max(64).describe('The name of a token.').meta({ example: 'desk 2' }).optional(),
            what: z.enum(READ_KINDS).describe('Of this kind only.').meta({ example: 'track' }).optional(),
            before: idInput('Lines before this number: the next page.').optional(),
            limit: limitInput(MAX_READS, PART_READS),
            cursor: cursorInput,
          }),
          response: { 200: z.object({ reads: z.array(readSchema), next: nextOutput }) },
        },
      },
      async (request, reply) => {
        const { query, share, signal } = request;
        const page = readInParts({
          limit: query.limit,
          partSize: PART_READS,
          read: (after: ReadLine | undefined, limit) =>
            listReads(database, { ...query, before: after?.id ?? query.before, limit }),
        });
        const tail = () => (page.last ? formatNext(request, reply, { before: page.last.id }) : {});
        const format = jsonPage({}, 'reads', formatRead, tail);
        return share.makePage('too-many-pages', (turns) =>
          sendPage(reply, { format, slices: page.slices, turns, signal }),
        );
      },
    );
  };
