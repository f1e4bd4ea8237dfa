/**
 * `GET /v1/cap` and `/v1/cap/{identifier}`: public warnings as an Atom feed of CAP 1.2 messages.
 *
 * What aggregators and apps subscribe to. Invariants: a message is served byte for byte as it was issued;
 * the first page holds every warning that is open, and `next` (RFC 5005) leads to the rest.
 */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CAP_PAGE_ENTRIES, type CapEntry } from '../../alerts/notices/cap-feed.ts';
import { escapeXml } from '../../alerts/notices/cap-message.ts';
import type { City } from '../../cities/city.ts';
import { Problem } from '../border/problem.ts';
import { idInput } from '../border/text-input.ts';
import { formatTime } from '../border/time.ts';
import type { ZodApp } from '../border/zod-app.ts';

export interface CapFeedDependencies {
  readonly alerts: {
    listCap(before?: number): Promise<readonly CapEntry[]>;
    findCap(identifier: string): Promise<CapEntry | undefined>;
  };
  readonly city: Pick<City, 'id' | 'name'>;
  /** Where people reach the API; the address that it listens on when absent. Never what a caller says. */
  readonly publicUrl: string | undefined;
  readonly now: () => number;
}

export const capFeedRoutes =
  (dependencies: CapFeedDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    addGetCapFeed(app, dependencies);
    addGetCapMessage(app, dependencies);
  };

function addGetCapFeed(app: ZodApp, { alerts, city, publicUrl, now }: CapFeedDependencies): void {
  app.get(
    '/cap',
    {
      config: { access: 'public' },
      schema: {
        tags: ['alerts'],
        operationId: 'getCapFeed',
        summary: 'Atom feed of CAP 1.2 warnings: open, or ended within 48 hours',
        querystring: z.strictObject({
          before: idInput('Messages before this number: a later page, as `next` says.').optional(),
        }),
        response: {
          200: {
            description: 'The feed; its link `next` leads to older messages.',
            content: { 'application/atom+xml': { schema: z.string() } },
          },
        },
      },
    },
    async ({ query: { before } }, reply) => {
      const base = `${(publicUrl ?? app.listeningOrigin).replace(/\/+$/, '')}/v1/cap`;
      const entries = await alerts.listCap(before);
      const last = entries[CAP_PAGE_ENTRIES - 1];
      const updated = entries[0]?.sentAt ?? now();
      const feed = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        `<id>${escapeXml(base)}</id>`,
        `<title>Siaga ${escapeXml(city.name)}: peringatan dini banjir / flood warnings</title>`,
        `<updated>${formatTime(updated)}</updated>`,
        `<author><name>Siaga ${escapeXml(city.name)}</name></author>`,
        `<link rel="self" type="application/atom+xml" href="${escapeXml(base)}"/>`,
        ...(last
          ? [`<link rel="next" type="application/atom+xml" href="${escapeXml(base)}?before=${last.id}"/>`]
          : []),
        ...entries.map((entry) => formatEntry(entry, base)),
        '</feed>',
        '',
      ].join('\n');
      // As bytes: text would be taken for a value to serialize.
      return reply.type('application/atom+xml; charset=utf-8').send(Buffer.from(feed) as never);
    },
  );
}

function addGetCapMessage(app: ZodApp, { alerts }: CapFeedDependencies): void {
  app.get(
    '/cap/:identifier',
    {
      config: { access: 'public' },
      schema: {
        tags: ['alerts'],
        operationId: 'getCapMessage',
        summary: 'One CAP 1.2 message as it was issued',
        params: z.object({
          identifier: z
            .string()
            .min(1)
            .max(200)
            .describe('The identifier of a CAP message.')
            .meta({ example: 'siaga.semarang.1841' }),
        }),
        response: {
          200: {
            description: 'The message.',
            content: { 'application/cap+xml': { schema: z.string() } },
          },
        },
      },
    },
    async ({ params }, reply) => {
      const entry = await alerts.findCap(params.identifier);
      if (!entry) {
        throw new Problem(404, 'unknown-cap-message', 'There is no such message; GET /v1/cap lists them.');
      }
      return reply.type('application/cap+xml; charset=utf-8').send(Buffer.from(entry.document) as never);
    },
  );
}

function formatEntry({ identifier, title, messageType, sentAt }: CapEntry, base: string): string {
  const href = escapeXml(`${base}/${encodeURIComponent(identifier)}`);
  return [
    '<entry>',
    `<id>${href}</id>`,
    `<title>${escapeXml(title)} (${messageType})</title>`,
    `<updated>${formatTime(sentAt)}</updated>`,
    `<link rel="alternate" type="application/cap+xml" href="${href}"/>`,
    '</entry>',
  ].join('\n');
}
