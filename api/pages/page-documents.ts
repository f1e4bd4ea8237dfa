/**
 * Documents of the public pages as they are sent: rendered and compressed once for all readers of a picture, tagged.
 *
 * Used by public-pages.ts. Invariants: a document is of one picture of the city, and outlives it only while the event
 * loop is late, when an older page, which says its time, is worth more than a refusal; at most MAX_KEPT are kept, the
 * oldest go; what was searched for and what is not there is never kept.
 */
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { findLanguage, LANGUAGE_COOKIE } from '../../pages/languages/languages.ts';
import type { Late } from '../server/load-bounds.ts';
import { sendFile } from './send-file.ts';

const compress = promisify(gzip);

/** 40 gauges in four languages, some 15 KB each. */
export const MAX_KEPT = 200;
/** While the event loop is late: how often a page is made anew, of all pages, and how old a kept one may be. */
export const LATE_RENDER_EVERY_MS = 1_000;
export const LATE_YOUNG_MS = 10_000;
export const LATE_KEPT_MS = 5 * 60_000;
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

/** What was made once for all readers of one version; at most MAX_KEPT, the oldest goes. */
export interface Kept<T> {
  /** The kept one of this version, or `make`'s. What `make` throws is thrown, and asked again. */
  get(key: string, version: number, make: () => Promise<T>): Promise<T>;
  /** Whatever its version. */
  last(key: string): { readonly version: number; readonly made: Promise<T> } | undefined;
}

export function createKept<T>(isWorthKeeping: (made: T) => boolean): Kept<T> {
  const kept = new Map<string, { readonly version: number; readonly made: Promise<T> }>();
  return {
    last: (key) => kept.get(key),
    get(key, version, make) {
      const known = kept.get(key);
      if (known?.version === version) return known.made;
      const made = make();
      kept.delete(key);
      kept.set(key, { version, made });
      const oldest = kept.keys().next().value;
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      const forget = () => {
        if (kept.get(key)?.made === made) kept.delete(key);
      };
      made.then((it) => isWorthKeeping(it) || forget(), forget);
      return made;
    },
  };
}

/** Versions are the moments of the pictures. */
export interface KeptDocuments extends Pick<Kept<PackedDocument>, 'get'> {
  /**
   * While the event loop is late: the kept one where it is young, or where another page was made a moment ago.
   * Undefined where a page may be made; throws `refuse()` where it may not and none is kept.
   */
  getLate(key: string, nowMs: number, late: Late): Promise<PackedDocument> | undefined;
}

export function createKeptDocuments(): KeptDocuments {
  const kept = createKept<PackedDocument>(({ status }) => status === 200);
  let renderedLateMs = Number.NEGATIVE_INFINITY;
  return {
    get: kept.get,
    getLate(key, nowMs, late) {
      const known = kept.last(key);
      const ageMs = known ? Math.abs(nowMs - known.version) : Number.POSITIVE_INFINITY;
      const mayRender = Math.abs(nowMs - renderedLateMs) >= LATE_RENDER_EVERY_MS;
      if (known && ageMs < (mayRender ? LATE_YOUNG_MS : LATE_KEPT_MS)) {
        late.countKept();
        return known.made;
      }
      if (!mayRender) throw late.refuse();
      renderedLateMs = nowMs;
      return undefined;
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
