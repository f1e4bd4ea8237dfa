/**
 * One file of a page as an answer: compressed for those who take it, and for nobody else.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PackedFile } from './packed-file.ts';

export function sendFile(
  file: PackedFile,
  request: FastifyRequest,
  reply: FastifyReply,
  vary = 'accept-encoding',
) {
  reply.type(file.contentType).header('vary', vary);
  const brotli = takes(request, 'br') ? file.brotliNow?.() : undefined;
  if (brotli) return reply.header('content-encoding', 'br').send(brotli);
  if (takes(request, 'gzip')) return reply.header('content-encoding', 'gzip').send(file.gzipped);
  return reply.send(file.body);
}

export type Encoding = 'gzip' | 'br' | 'dcz';

/** Whether the caller names it and does not refuse it in the same breath. */
export function takes({ headers }: FastifyRequest, encoding: Encoding): boolean {
  const isNamed = new RegExp(`(?:^|[,\\s])${encoding}(?!\\w)(?!\\s*;\\s*q=0(?:\\.0+)?\\s*(?:,|$))`);
  return isNamed.test(headers['accept-encoding'] ?? '');
}
