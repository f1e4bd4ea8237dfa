/**
 * The public pages: `/`, `/wifi`, `/rivers/{id}` (also `/sungai/{id}`), `/alerts/{id}`, and the files they load.
 *
 * Chooses the language, asks pages/ for the document, sends it. Invariants: everybody gets what somebody without a
 * token may see, staff too; links that leave the page use PUBLIC_URL or the address that is listened on, never the
 * caller's Host; no script runs that is not a file of ours.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Page, Setting } from '../pages/frame.ts';
import { renderPage } from '../pages/frame.ts';
import { renderHome, type Search } from '../pages/home-page.ts';
import { chooseLanguage, LANGUAGES } from '../pages/languages/languages.ts';
import { createSpeech, type Speech } from '../pages/languages/speech.ts';
import { drawLinkPicture } from '../pages/link-picture.ts';
import { formatManifest } from '../pages/manifest.ts';
import { renderMissing } from '../pages/missing-page.ts';
import { findPlaces, MAX_QUERY_CHARACTERS } from '../pages/place-search.ts';
import {
  type CityNow,
  type GaugeNow,
  PublicCity,
  type PublicCityDependencies,
} from '../pages/public-city.ts';
import { formatLevelsCsv, renderRiver } from '../pages/river-page.ts';
import { renderWhy } from '../pages/why-page.ts';
import { renderWifi } from '../pages/wifi-page.ts';
import { createKeptDocuments, type PageDocument, packDocument, sendDocument } from './page-documents.ts';
import { type PageFile, readFilesOfPages } from './page-files.ts';
import { sendFile } from './pages.ts';
import { Problem } from './problem.ts';

export interface PublicPagesDependencies extends Omit<PublicCityDependencies, 'maySeeKind'> {
  readonly publicUrl: string | undefined;
}

const FOLDER = `${import.meta.dirname}/../pages/browser`;
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types siaga',
].join('; ');
/** A flood at a gauge is news; what was ten floods ago is in the API. */
const MAX_FLOODS = 8;
const WORKER = 'service-worker.ts';
const config = { access: 'public' } as const;

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly root: Setting['root'];
  readonly path: string;
}
type Query = Readonly<Record<string, unknown>>;

/** Pages for buildApp, at the root. Their files are read from the call on; a failure shows when they are registered. */
export function publicPages({ publicUrl, ...rest }: PublicPagesDependencies): FastifyPluginAsync {
  const reading = readFilesOfPages(FOLDER);
  reading.catch(() => undefined);
  const isPublic = (kind: string) => deviceKinds.get(kind)?.audience === 'public';
  const known = new PublicCity({ ...rest, maySeeKind: isPublic });
  const speeches = new Map(LANGUAGES.map((each) => [each.code, createSpeech(each, rest.city.timeZone)]));
  return async (app) => {
    const { version, files } = await reading;
    const setting = (visit: Visit, now: CityNow): Setting => ({
      speech: speechOf(visit.request, speeches),
      root: visit.root,
      path: visit.path,
      publicUrl: originOf(app, publicUrl),
      version,
      cityName: rest.city.name,
      isExercise: now.isExercise,
      nowMs: now.atMs,
    });
    const kept = createKeptDocuments();
    const show: Show = async (visit, render) => {
      const now = await known.now();
      const stands = setting(visit, now);
      const make = async (): Promise<PageDocument> => {
        const page = await render(now, stands);
        const html = renderPage(page ?? renderMissing(stands), stands);
        return { status: page ? 200 : 404, html };
      };
      const { path, speech } = stands;
      const document = path.includes('?')
        ? await packDocument(await make())
        : await kept.get(`${speech.language.code} ${path}`, now.atMs, make);
      return sendDocument(document, visit.request, visit.reply, headersFor(speech));
    };
    registerDocuments(app, known, show);
    registerFiles(app, known, { version, files, cityName: rest.city.name });
  };
}

/** Undefined where there is nothing of the kind. */
type Render = (now: CityNow, setting: Setting) => Page | Promise<Page | undefined>;
type Show = (visit: Visit, render: Render) => Promise<FastifyReply>;

function registerDocuments(app: FastifyInstance, known: PublicCity, show: Show): void {
  for (const [path, render] of [
    ['', renderHome],
    ['wifi', renderWifi],
  ] as const) {
    app.get<{ Querystring: Query }>(`/${path}`, { config }, (request, reply) => {
      const query = readQuery(request.query['q']);
      const searched = query === undefined ? path : `${path}?q=${encodeURIComponent(query)}`;
      return show({ request, reply, root: './', path: searched }, (now, setting) =>
        render(now, query === undefined ? undefined : search(query, known, now), setting),
      );
    });
  }
  for (const name of ['rivers', 'sungai']) {
    app.get<{ Params: { id: string } }>(`/${name}/:id`, { config }, (request, reply) => {
      const { id } = request.params;
      return show(
        { request, reply, root: '../', path: `rivers/${encodeURIComponent(id)}` },
        async (now, setting) => {
          const gauge = now.gauges.find(({ device }) => device.id === id);
          if (!gauge) return undefined;
          const [floods, points] = await Promise.all([
            known.floods(id, MAX_FLOODS),
            readLevels(known, gauge),
          ]);
          const facts = { gauge, now, open: known.openAbout(id), floods, points };
          return renderRiver({ ...facts, timeZone: known.city.timeZone }, setting);
        },
      );
    });
  }
  app.get<{ Params: { id: string } }>('/alerts/:id', { config }, (request, reply) => {
    const { id } = request.params;
    return show(
      { request, reply, root: '../', path: `alerts/${encodeURIComponent(id)}` },
      async (now, setting) => {
        const alert = await known.alert(id);
        if (!alert) return undefined;
        const gauge = now.gauges.find(({ device }) => device.id === alert.subject);
        const explanation = await known.explain(alert);
        return renderWhy({ alert, explanation, gauge, timeZone: known.city.timeZone }, setting);
      },
    );
  });
}

interface Files {
  readonly version: string;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly cityName: string;
}

function registerFiles(app: FastifyInstance, known: PublicCity, { version, files, cityName }: Files): void {
  app.get<{ Params: { version: string; '*': string } }>(
    '/page-files/:version/*',
    { config },
    async (request, reply) => {
      const file = files.get(request.params['*']);
      if (request.params.version !== version || !file) {
        throw new Problem(404, 'unknown-page', 'There is no such file of this version; load the page again.');
      }
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      return sendFile(file, request, reply);
    },
  );
  // At the root, since a worker's scope is below its own address.
  app.get('/service-worker.js', { config }, async (request, reply) => {
    reply.header('cache-control', 'no-cache').header('content-security-policy', CSP);
    return sendFile(files.get(WORKER) as PageFile, request, reply);
  });
  app.get('/manifest.webmanifest', { config }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=3600').type('application/manifest+json; charset=utf-8');
    return reply.send(formatManifest(cityName, `page-files/${version}/icon.svg`));
  });
  app.get<{ Params: { id: string } }>('/rivers/:id/plot.png', { config }, async ({ params }, reply) => {
    const gauge = await findGauge(known, params.id);
    const points = (await readLevels(known, gauge)) ?? [];
    reply.header('cache-control', 'public, max-age=60').type('image/png');
    return reply.send(drawLinkPicture(gauge, points));
  });
  app.get<{ Params: { id: string } }>('/rivers/:id/levels.csv', { config }, async ({ params }, reply) => {
    const gauge = await findGauge(known, params.id);
    const points = await known.levels(gauge.device);
    reply.header('content-disposition', `attachment; filename="${gauge.device.id}.csv"`);
    return reply.type('text/csv; charset=utf-8').send(formatLevelsCsv(points));
  });
}

/** Throws Problem 404. */
async function findGauge(known: PublicCity, id: string): Promise<GaugeNow> {
  const { gauges } = await known.now();
  const gauge = gauges.find(({ device }) => device.id === id);
  if (!gauge) throw new Problem(404, 'unknown-device', `There is no gauge ${id}.`);
  return gauge;
}

/** Undefined where history does not answer: it says so itself, and the page is worth reading without it. */
function readLevels(known: PublicCity, { device }: GaugeNow) {
  return known.levels(device).catch(() => undefined);
}

function readQuery(q: unknown): string | undefined {
  const text = typeof q === 'string' ? q.trim().slice(0, MAX_QUERY_CHARACTERS) : '';
  return text === '' ? undefined : text;
}

function search(query: string, known: PublicCity, now: CityNow): Search {
  return { query, found: findPlaces(query, known.city, now) };
}

function speechOf({ query, headers }: FastifyRequest, speeches: ReadonlyMap<string, Speech>): Speech {
  const language = chooseLanguage({
    query: (query as Query)['lang'],
    cookie: headers.cookie,
    acceptLanguage: headers['accept-language'],
  });
  return speeches.get(language.code) as Speech;
}

/** A server that does not listen has no address: relative links are all that is left. */
function originOf(app: FastifyInstance, publicUrl: string | undefined): string {
  return (publicUrl ?? (app.server.listening ? app.listeningOrigin : '')).replace(/\/+$/, '');
}

function headersFor({ language }: Speech): Readonly<Record<string, string>> {
  return {
    'content-language': language.locale,
    'content-security-policy': CSP,
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(self), microphone=()',
  };
}
