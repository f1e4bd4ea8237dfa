/**
 * Cursors: how a list goes on.
 *
 * `next` of a page is the path of the next one, for clients that follow paths, and at the same time what the
 * parameter `cursor` takes, for clients that are made from the document. Before validation a cursor is unfolded into
 * the parameters that it holds. Invariants: a cursor holds the whole question, so what stands beside it is not read;
 * one of another list is refused; a handler never sees a cursor.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A list in pages: its query takes `cursor`. */
    isPaged?: boolean;
  }
  interface FastifyRequest {
    /** What was asked, by a cursor or by parameters, as it was written. */
    asked: URLSearchParams;
  }
}

/** A part of a list's query; taken out before the others are judged. */
export const cursorInput = z
  .string()
  .max(2_000)
  .optional()
  .describe('The `next` of the page before. It holds all that was asked; other parameters are not read.')
  .meta({ example: '/v1/devices?limit=2&after=kreo-cepoko' });

/** A part of a list's answer. */
export const nextOutput = z
  .string()
  .optional()
  .describe('Where the list goes on: send it as `cursor`, or follow it as a path. Absent on the last page.');

export function registerCursors(app: FastifyInstance): void {
  app.decorateRequest('asked');
  app.addHook('preValidation', async (request) => {
    const path = pathOf(request.url);
    request.asked = new URLSearchParams(request.url.slice(path.length + 1));
    const cursor = request.asked.get('cursor');
    if (cursor === null || !request.routeOptions.config.isPaged) return;
    request.asked = unfold(cursor, path);
    request.query = Object.fromEntries(request.asked);
  });
}

/** Throws Problem 400 for what no page of this list has given. */
function unfold(cursor: string, path: string): URLSearchParams {
  const question = cursor.startsWith(`${path}?`)
    ? new URLSearchParams(cursor.slice(path.length + 1))
    : undefined;
  if (question && !question.has('cursor')) return question;
  const detail = 'is not the `next` of a page of this list';
  throw new Problem(400, 'invalid-request', `1 problem(s) in the request; query cursor: ${detail}`, {
    errors: [{ in: 'query', field: 'cursor', detail }],
  });
}

/** `next` of a page: the same question with these parameters, as a member and as a Link (RFC 8288). */
export function formatNext(
  { url, asked }: FastifyRequest,
  reply: FastifyReply,
  position: Readonly<Record<string, string | number>>,
): { readonly next: string } {
  const question = new URLSearchParams(asked);
  for (const [name, value] of Object.entries(position)) question.set(name, String(value));
  const next = `${pathOf(url)}?${question}`;
  reply.header('link', `<${next}>; rel="next"`);
  return { next };
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] as string;
}
