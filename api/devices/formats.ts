/**
 * `/v1/formats`, `/v1/waiting`, `/v1/claims` and `/v1/devices/{id}/inbox`: how a device that exists is brought in,
 * and why one does not appear.
 *
 * For engineers. Invariant: a trial writes nothing; a claim is on disk before it is answered, and what waited has
 * been replayed.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isClaims, normaliseAlias } from '../../devices/formats/format.ts';
import type { Formats } from '../../devices/formats/index.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { WaitingAliases } from '../../fleet/waiting-aliases.ts';
import type { Inbox } from '../../ingest/inbox.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { deviceId, findVisibleDevice } from './devices.ts';

export interface FormatsDependencies {
  readonly registry: Registry;
  readonly formats: Formats;
  readonly inbox: Inbox;
  readonly waiting: Pick<WaitingAliases, 'all' | 'save'>;
  /** Gives a name to a device and replays what waited under it; a sentence says why not. */
  readonly claim: (alias: string, device: string) => Promise<{ gateway?: string; replayed: number } | string>;
  readonly now: () => number;
}

export const MAX_SAMPLE_CHARACTERS = 256 * 1024;
const STAFF = { access: ['engineer'] } as const;

const waitingAlias = z
  .object({
    alias: z.string(),
    gateway: z.string(),
    format: z.string(),
    messages: z.int(),
    firstAt: timeOutput,
    lastAt: timeOutput,
    topic: z.string(),
    payload: z.string().describe('The begin of the last message.'),
  })
  .meta({ id: 'WaitingAlias' });

const trial = z
  .object({
    refused: z.string().describe('Why nothing of it was understood.').optional(),
    claims: z.array(
      z.object({
        aliases: z.array(z.string()).describe('The names of the device; none: whoever sends it.'),
        items: z.array(z.record(z.string(), z.unknown())).describe('What would be read, in our quantities.'),
        presence: z.string().optional(),
        notUnderstood: z.string().optional(),
        note: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'FormatTrial' });

export const formatRoutes =
  (dependencies: FormatsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addListFormats(app, dependencies);
    addTryFormat(app, dependencies);
    addListWaitingAliases(app, dependencies);
    addClaimAlias(app, dependencies);
    addGetInbox(app, dependencies);
  };

function addListFormats(app: ZodApp, { formats }: FormatsDependencies): void {
  app.get(
    '/formats',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'listFormats',
        tags: ['devices'],
        summary: 'The formats that devices may speak',
        response: {
          200: z.object({
            formats: z.array(
              z.object({
                name: z.string(),
                description: z.string(),
                topics: z.array(z.string()),
                identity: z.string(),
              }),
            ),
          }),
        },
      },
    },
    async () => ({
      formats: [...formats.values()].map(({ name, description, topics, identity }) => ({
        ...{ name, description, identity },
        topics: [...topics],
      })),
    }),
  );
}

function addTryFormat(app: ZodApp, { formats, now }: FormatsDependencies): void {
  app.post(
    '/formats/try',
    {
      config: { ...STAFF, fails: [404] },
      schema: {
        operationId: 'tryFormat',
        tags: ['devices'],
        summary: 'What would be read of a message; nothing is written',
        body: z.strictObject({
          format: z.string(),
          topic: z.string().max(256).default('http/trial'),
          payload: z.string().max(MAX_SAMPLE_CHARACTERS),
          encoding: z.enum(['utf8', 'base64']).default('utf8'),
          columns: z.string().max(1_000).optional(),
          mapping: z.string().max(16_384).optional(),
        }),
        response: { 200: trial },
      },
    },
    async ({ body }) => {
      const format = formats.get(body.format);
      if (!format) throw new Problem(404, 'unknown-format', `There is no format ${body.format}.`);
      const { topic, columns, mapping } = body;
      const decoded = await format.decode({
        topic,
        payload: Buffer.from(body.payload, body.encoding),
        receivedAt: now(),
        options: {
          ...(columns === undefined ? {} : { columns }),
          ...(mapping === undefined ? {} : { mapping }),
        },
      });
      if (!isClaims(decoded)) return { refused: `${decoded.reason}: ${decoded.detail}`, claims: [] };
      return {
        claims: decoded.map(({ aliases, items, presence, rejection, note }) => ({
          aliases: [...aliases],
          items: items.map((item) => ({ ...item })),
          ...(presence === undefined ? {} : { presence }),
          ...(rejection === undefined ? {} : { notUnderstood: rejection.detail }),
          ...(note === undefined ? {} : { note }),
        })),
      };
    },
  );
}

function addListWaitingAliases(app: ZodApp, { waiting }: FormatsDependencies): void {
  app.get(
    '/waiting',
    {
      config: STAFF,
      schema: {
        operationId: 'listWaitingAliases',
        tags: ['devices'],
        summary: 'Names in messages of gateways that are no device’s, newest first',
        response: { 200: z.object({ waiting: z.array(waitingAlias) }) },
      },
    },
    async () => {
      // Whoever reads a name here can claim it by command, which reads the database.
      await waiting.save();
      const listed = waiting.all().map((each) => ({
        ...each,
        firstAt: formatTime(each.firstAt),
        lastAt: formatTime(each.lastAt),
      }));
      return { waiting: listed };
    },
  );
}

function addClaimAlias(app: ZodApp, { registry, claim }: FormatsDependencies): void {
  app.post(
    '/claims',
    {
      config: { ...STAFF, fails: [404, 409] },
      schema: {
        operationId: 'claimAlias',
        tags: ['devices'],
        summary: 'Give such a name to a device; what waited under it is replayed',
        body: z.strictObject({ alias: z.string().min(1).max(128), device: deviceId }),
        response: {
          200: z.object({
            alias: z.string(),
            device: z.string(),
            gateway: z.string().optional(),
            replayed: z.int().describe('Messages that waited.'),
          }),
        },
      },
    },
    async ({ body: { alias, device }, user, log }) => {
      findVisibleDevice(registry, user, device);
      const claimed = await claim(alias, device);
      if (typeof claimed === 'string') throw new Problem(409, 'alias-taken', claimed);
      log.info({ alias, device, user: user.name }, 'claimed');
      return { alias: normaliseAlias(alias), device, ...claimed };
    },
  );
}

function addGetInbox(app: ZodApp, { inbox, registry }: FormatsDependencies): void {
  app.get(
    '/devices/:id/inbox',
    {
      config: STAFF,
      schema: {
        operationId: 'getInbox',
        tags: ['devices'],
        summary: 'The last messages of a device as they came, and what became of each',
        description: 'Sound telemetry of our own format is shown from the first call on, for ten minutes.',
        params: z.object({
          id: z
            .string()
            .regex(/^(?:gateway:)?[a-z0-9][a-z0-9-]{0,63}$/)
            .describe('The id of a device, or `gateway:` and that of a gateway.')
            .meta({ example: 'kreo-cepoko' }),
        }),
        response: {
          200: z.object({
            messages: z.array(
              z.object({
                at: timeOutput,
                topic: z.string(),
                payload: z.string(),
                encoding: z.enum(['utf8', 'base64']),
                bytes: z.int().describe('Of the whole payload; what is shown may be its begin.'),
                outcome: z.string().describe('What became of it, in a sentence.'),
              }),
            ),
          }),
        },
      },
    },
    async ({ params: { id }, user }) => {
      if (!registry.gateways().some((gateway) => gateway.id === id)) findVisibleDevice(registry, user, id);
      return { messages: inbox.look(id).map(({ at, ...entry }) => ({ ...entry, at: formatTime(at) })) };
    },
  );
}
