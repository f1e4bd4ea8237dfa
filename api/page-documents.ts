/**
 * Documents of the public pages as they are sent: rendered and compressed once for all readers of a picture, tagged.
 *
 * Used by public-pages.ts. Invariants: a document is of one picture of the city and never outlives it; at most
 * MAX_KEPT are kept, the oldest go; what was searched for and what is not there is never kept.
 */
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { findLanguage, LANGUAGE_COOKIE } from '../pages/languages/languages.ts';
import { sendFile } from './pages.ts';

const compress = promisify(gzip);

/** 40 gauges in four languages, some 15 KB each. */
const MAX_KEPT = 200;
const VARY = 'accept-language, cookie, accept-encoding';
const LANGUAGE_KEPT_S = 365 * 86_400;

export interface PageDocument {
  readonly status: 200 | 404;
  readonly html: string;
}

export interface PackedDocument {
  readonly status: PageDocument['status'];
  readonly tag: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

export interface KeptDocuments {
  /** The kept one of this picture, or `make`'s. What `make` throws is thrown, and asked again. */
  get(key: string, pictureMs: number, make: () => Promise<PageDocument>): Promise<PackedDocument>;
}

export function createKeptDocuments(): KeptDocuments {
  const kept = new Map<string, { readonly pictureMs: number; readonly document: Promise<PackedDocument> }>();
  return {
    get(key, pictureMs, make) {
      const known = kept.get(key);
      if (known?.pictureMs === pictureMs) return known.document;
      const document = make().then(packDocument);
      kept.delete(key);
      kept.set(key, { pictureMs, document });
      const oldest = kept.keys().next().value;
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      const forget = () => {
        if (kept.get(key)?.document === document) kept.delete(key);
      };
      document.then(({ status }) => status === 200 || forget(), forget);
      return document;
    },
  };
}

export async function packDocument({ status, html }: PageDocument): Promise<PackedDocument> {
  const body = Buffer.from(html);
  // Weak, since the same answer may be sent compressed.
  const tag = `W/"${hash('sha1', body, 'base64url')}"`;
  return { status, tag, contentType: 'text/html; charset=utf-8', body, gzipped: await compress(body) };
}

/** With its tag, or as 304 where the reader has it; a language that was chosen by the link is kept. */
export function sendDocument(
  document: PackedDocument,
  request: FastifyRequest,
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
): FastifyReply {
  const chosen = findLanguage((request.query as Readonly<Record<string, unknown>>)['lang']);
  if (chosen) {
    const cookie = `${LANGUAGE_COOKIE}=${chosen.code}; Path=/; Max-Age=${LANGUAGE_KEPT_S}; SameSite=Lax`;
    reply.header('set-cookie', cookie);
  }
  reply
    .code(document.status)
    .headers(headers)
    .header('cache-control', 'no-cache')
    .header('etag', document.tag);
  if (document.status === 200 && request.headers['if-none-match'] === document.tag) {
    return reply.code(304).header('vary', VARY).send();
  }
  return sendFile(document, request, reply, VARY);
}
