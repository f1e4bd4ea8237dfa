/**
 * `GET /v1/rejections`, `/v1/rejections/{id}` and `POST …/replay`: what was not understood, and a second try.
 *
 * Reads the journal; a replay goes through `pipeline.accept` like any publish, with the time of its first
 * arrival, so that it stands in history where it belongs. Invariants: a rejection is marked as replayed when nothing
 * of it was rejected again, or a part of it was taken and the rest is a rejection of its own; the journal keeps a
 * reading once however often it is replayed.
 */

import { isUtf8 } from 'node:buffer';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type KeptRejection, REJECTION_REASONS } from '../../devices/rejection.ts';
import { replayOf } from '../../ingest/incoming-message.ts';
import type { Pipeline } from '../../ingest/pipeline.ts';
import type { Journal } from '../../journal/journal.ts';
import { jsonPage, readInParts, sendPage } from '../access/sliced-page.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { idInput, limitInput } from '../border/text-input.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { deviceId } from './devices.ts';

export interface RejectionsDependencies {
  readonly journal: Pick<Journal, 'rejections' | 'markReplayed'>;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly now: () => number;
}

const DEFAULT_LIMIT = 50;
/** Payloads are up to 256 KiB each; 100 of them are 25 MiB to read. */
export const MAX_LIMIT = 100;
/** Read at once: 2.5 MiB from the journal's thread. */
const PART_REJECTIONS = 10;
/** In a list a payload is cut after this; `/v1/rejections/{id}` shows all of it. */
const LISTED_PAYLOAD_BYTES = 2_048;

const rejectionSchema = z
  .object({
    id: z.int(),
    reason: z.enum(REJECTION_REASONS),
    detail: z.string().describe('What was found and what is expected, for the author of the firmware.'),
    topic: z.string(),
    device: z.string().optional(),
    clientId: z.string(),
    receivedAt: timeOutput,
    replayedAt: timeOutput.optional(),
    payload: z.string(),
    encoding: z.enum(['utf8', 'base64']).describe('base64 where the payload is not UTF-8.'),
    payloadBytes: z.int(),
    truncated: z.boolean().describe('The payload goes on; ask for this rejection alone.'),
  })
  .meta({ id: 'Rejection' });

const idParams = z.object({ id: idInput('The number of a rejection.') });

export const rejectionRoutes =
  (dependencies: RejectionsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addListRejections(app, dependencies);
    addGetRejection(app, dependencies);
    addReplayRejection(app, dependencies);
  };

function addListRejections(app: ZodApp, { journal }: RejectionsDependencies): void {
  app.get(
    '/rejections',
    {
      config: { isPaged: true },
      schema: {
        operationId: 'listRejections',
        tags: ['rejections'],
        summary: 'Messages that were not understood, newest first',
        querystring: z.strictObject({
          device: deviceId.describe('Messages of this device only.').optional(),
          reason: z
            .enum(REJECTION_REASONS)
            .describe('Refused for this reason only.')
            .meta({ example: 'not-json' })
            .optional(),
          before: idInput('Those with a smaller id: the next page.').optional(),
          limit: limitInput(MAX_LIMIT, DEFAULT_LIMIT),
          cursor: cursorInput,
        }),
        response: {
          200: z.object({
            rejections: z.array(rejectionSchema),
            next: nextOutput,
          }),
        },
      },
    },
    async (request, reply) => {
      const { query, share, signal } = request;
      const { device, reason, before: first, limit } = query;
      const page = readInParts<KeptRejection>({
        limit,
        partSize: PART_REJECTIONS,
        read: (after, part) => {
          const before = after?.id ?? first;
          return journal.rejections({
            ...(device === undefined ? {} : { device }),
            ...(reason === undefined ? {} : { reason }),
            ...(before === undefined ? {} : { before }),
            limit: part,
          });
        },
      });
      const tail = () => (page.last ? formatNext(request, reply, { before: page.last.id }) : {});
      const show = (each: KeptRejection) => formatRejection(each, LISTED_PAYLOAD_BYTES);
      const format = jsonPage({}, 'rejections', show, tail);
      return share.makePage('too-many-pages', (turns) =>
        sendPage(reply, { format, slices: page.slices, turns, signal }),
      );
    },
  );
}

function addGetRejection(app: ZodApp, { journal }: RejectionsDependencies): void {
  app.get(
    '/rejections/:id',
    {
      schema: {
        operationId: 'getRejection',
        tags: ['rejections'],
        summary: 'One of them with its whole payload',
        params: idParams,
        response: { 200: rejectionSchema },
      },
    },
    async ({ params }) => formatRejection(await findRejection(journal, params.id), Number.POSITIVE_INFINITY),
  );
}

function addReplayRejection(app: ZodApp, { journal, pipeline, now }: RejectionsDependencies): void {
  app.post(
    '/rejections/:id/replay',
    {
      config: { access: ['engineer'], fails: [409] },
      schema: {
        operationId: 'replayRejection',
        tags: ['rejections'],
        summary: 'Try again to understand one, after its cause is gone',
        params: idParams,
        response: {
          200: z.object({
            understood: z
              .boolean()
              .describe(
                'Nothing of it was rejected again; an ack that dispatch cannot take is set aside anew a moment later.',
              ),
            stored: z.int().describe('Readings that are new.'),
            repeated: z.int().describe('Readings that were there already.'),
            rejected: z.int().describe('What was rejected again, as new rejections.'),
          }),
        },
      },
    },
    async ({ params, user, log }) => {
      const rejection = await findRejection(journal, params.id);
      const { id, device, replayedAt } = rejection;
      if (replayedAt !== undefined) {
        const detail = `Rejection ${id} was replayed at ${formatTime(replayedAt)}; once is enough.`;
        throw new Problem(409, 'already-replayed', detail);
      }
      // Who sent it under a name that is not its own stays refused, whoever replays it, also when the name
      // was nobody's then.
      const outcome = await pipeline.accept(replayOf(rejection, device, now()));
      const understood = outcome.rejected === 0;
      // What of it is still refused is kept anew, and says when the rest was stored.
      if (understood || outcome.stored + outcome.repeated > 0) await journal.markReplayed(id, now());
      log.info({ rejection: id, user: user.name, ...outcome }, 'rejection replayed');
      return { understood, ...outcome };
    },
  );
}

/** Throws Problem 404. */
async function findRejection(journal: Pick<Journal, 'rejections'>, id: number): Promise<KeptRejection> {
  const [found] = await journal.rejections({ before: id + 1, limit: 1 });
  if (found?.id === id) return found;
  throw new Problem(404, 'unknown-rejection', `There is no rejection ${id}, or it was old and is gone.`);
}

function formatRejection(kept: KeptRejection, shownBytes: number): z.infer<typeof rejectionSchema> {
  const { id, reason, detail, topic, device, clientId, receivedAt, replayedAt } = kept;
  return {
    id,
    reason,
    detail,
    topic,
    ...(device === undefined ? {} : { device }),
    clientId,
    receivedAt: formatTime(receivedAt),
    ...(replayedAt === undefined ? {} : { replayedAt: formatTime(replayedAt) }),
    ...formatPayload(Buffer.from(kept.payload), shownBytes),
  };
}

function formatPayload(payload: Buffer, shownBytes: number) {
  const encoding = isUtf8(payload) ? 'utf8' : 'base64';
  let end = Math.min(payload.length, shownBytes);
  // A continuation byte is 10xxxxxx: text is cut before a character and not within one.
  if (encoding === 'utf8') while (end < payload.length && ((payload[end] as number) & 0xc0) === 0x80) end--;
  return {
    payload: payload.subarray(0, end).toString(encoding),
    encoding,
    payloadBytes: payload.length,
    truncated: end < payload.length,
  } as const;
}
