/**
 * The situation room's page at `/room`, the dispatcher's desk at `/desk`, the city's data at `/city`, accounts at
 * `/accounts`, the page that an invitation opens at `/join`, and their files under `/room/<version>/`.
 *
 * Everybody may have the pages: what they show comes from /v1, which decides who sees what. Invariants: a
 * page loads nothing from elsewhere and runs no script that is not one of its files; it is asked for again
 * each time and names the version, whose files never change and are kept for a year.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../border/problem.ts';
import { MAP_LIBRARY_PATH, mapLibrary } from './map-library.ts';
import { type PageFiles, readPageFiles } from './page-files.ts';
import { sendFile } from './send-file.ts';

const FOLDER = `${import.meta.dirname}/../../dashboards/situation-room`;
/** Where each page is. */
const PAGES = [
  ['/room', 'index.html'],
  ['/desk', 'desk.html'],
  ['/city', 'city.html'],
  ['/accounts', 'accounts.html'],
  ['/join', 'join.html'],
] as const;
/**
 * Of the page with a map, whose library starts a worker by a text: a policy of the page lets that one address
 * through.
 */
const MAP_PAGE = 'desk.html';
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
];
const CSP_OF_PAGES = [...CSP, "trusted-types 'none'"].join('; ');
const CSP_OF_MAP = [...CSP, "worker-src 'self'", 'trusted-types default'].join('; ');

/** Pages for buildApp, at the root. Their files are read from the call on; a failure shows when they are registered. */
export function situationRoomPages(folder: string = FOLDER): FastifyPluginAsync {
  const reading = readPageFiles(folder, { mapLibrary: MAP_LIBRARY_PATH });
  reading.catch(() => undefined);
  return async (app) => {
    const page = await reading;
    await app.register(mapLibrary);
    // From memory, also while the event loop is late.
    const config = { access: 'public', whenLate: 'answered' } as const;
    for (const [path, name] of PAGES) {
      app.get(path, { config }, async (request, reply) => sendPage(page, name, request, reply));
    }
    // What the page names is beside `/room`, not below `/room/`.
    app.get('/room/', { config }, async (_request, reply) => reply.redirect('../room', 308));
    app.get<{ Params: { version: string; '*': string } }>(
      '/room/:version/*',
      { config },
      async (request, reply) => {
        const file = page.files.get(request.params['*']);
        if (request.params.version !== page.version || !file) {
          throw new Problem(404, 'unknown-page', 'There is no such file of this version; load /room again.');
        }
        reply.header('cache-control', 'public, max-age=31536000, immutable');
        return sendFile(file, request, reply);
      },
    );
  };
}

function sendPage(page: PageFiles, name: string, request: FastifyRequest, reply: FastifyReply) {
  const tag = `"${page.version}"`;
  reply
    .header('cache-control', 'no-cache')
    .header('etag', tag)
    .header('content-security-policy', name === MAP_PAGE ? CSP_OF_MAP : CSP_OF_PAGES)
    .header('cross-origin-opener-policy', 'same-origin')
    .header('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const html = page.pages.get(name);
  if (!html) throw new Problem(404, 'unknown-page', `There is no ${name} here.`);
  return sendFile(html, request, reply);
}
