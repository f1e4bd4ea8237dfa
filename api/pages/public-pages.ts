/**
 * The public pages: `/`, `/wifi`, `/rivers/{id}` (also `/sungai/{id}`), `/alerts/{id}`, and the files they load.
 *
 * Chooses the language, asks pages/ for the document, sends it. Invariants: everybody gets what somebody without a
 * token may see, staff too; links that leave the page use PUBLIC_URL or the address that is listened on, never the
 * caller's Host; no script runs that is not a file of ours.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Page, Setting } from '../../pages/frame.ts';
import { renderPage } from '../../pages/frame.ts';
import { renderHome, type Search } from '../../pages/home-page.ts';
import { chooseLanguage, LANGUAGES } from '../../pages/languages/languages.ts';
import { createSpeech, type Speech } from '../../pages/languages/speech.ts';
import { renderMissing } from '../../pages/missing-page.ts';
import { findPlaces, MAX_QUERY_CHARACTERS } from '../../pages/place-search.ts';
import { type CityNow, PublicCity, type PublicCityDependencies } from '../../pages/public-city.ts';
import { renderRiver } from '../../pages/river-page.ts';
import { renderWhy } from '../../pages/why-page.ts';
import { renderWifi } from '../../pages/wifi-page.ts';
import { renderYear } from '../../pages/year-page.ts';
import { createKeptDocuments, packDocument, sendDocument } from './page-documents.ts';
import { readFilesOfPages } from './page-files.ts';
import { readLevels, registerFiles } from './public-page-files.ts';

export interface PublicPagesDependencies extends Omit<PublicCityDependencies, 'maySeeKind'> {
  readonly publicUrl: string | undefined;
  /** As `readPublicFiles` reads them. */
  readonly files: ReturnType<typeof readPublicFiles>;
}

const FOLDER = `${import.meta.dirname}/../../pages/browser`;
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
const config = { access: 'public', whenLate: 'kept' } as const;

interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly root: Setting['root'];
  readonly path: string;
}
type Query = Readonly<Record<string, unknown>>;

/** What a phone loads beside the documents. A failure shows when the pages are registered. */
export function readPublicFiles(): ReturnType<typeof readFilesOfPages> {
  const reading = readFilesOfPages(FOLDER);
  reading.catch(() => undefined);
  return reading;
}

/** Pages for buildApp, at the root. */
export function publicPages({
  publicUrl,
  files: reading,
  ...rest
}: PublicPagesDependencies): FastifyPluginAsync {
  const isPublic = (kind: string) => deviceKinds.get(kind)?.audience === 'public';
  const known = new PublicCity({ ...rest, maySeeKind: isPublic });
  const speeches = new Map(LANGUAGES.map((each) => [each.code, createSpeech(each, rest.city.timeZone)]));
  return async (app) => {
    const { version, files } = await reading;
    const setting = (visit: Visit, now: CityNow, speech: Speech): Setting => ({
      speech,
      root: visit.root,
      path: visit.path,
      publicUrl: originOf(app, publicUrl),
      version,
      cityName: rest.city.name,
      disclaimer: rest.city.disclaimer,
      isExercise: now.isExercise,
      nowMs: now.atMs,
    });
    const kept = createKeptDocuments();
    const show: Show = async (visit, render) => {
      const speech = speechOf(visit.request, speeches);
      const { path, request, reply } = visit;
      const key = `${speech.language.code} ${path}`;
      const { late } = request;
      const older = late && (await kept.getLate(key, rest.now(), late));
      if (older) return sendDocument(older, request, reply, headersFor(speech));
      const now = await known.now();
      const stands = setting(visit, now, speech);
      const make = async () => {
        const page = await render(now, stands);
        const html = renderPage(page ?? renderMissing(stands), stands);
        return packDocument({ status: page ? 200 : 404, html });
      };
      const document = path.includes('?') ? await make() : await kept.get(key, now.atMs, make);
      return sendDocument(document, request, reply, headersFor(speech));
    };
    registerDocuments(app, known, show);
    registerFiles(app, known, { version, files, cityName: rest.city.name, csp: CSP });
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
    app.get<{ Params: { id: string } }>(`/${name}/:id/year`, { config }, (request, reply) => {
      const { id } = request.params;
      const path = `rivers/${encodeURIComponent(id)}/year`;
      return show({ request, reply, root: '../../', path }, async (now, setting) => {
        const gauge = now.gauges.find(({ device }) => device.id === id);
        if (!gauge) return undefined;
        const points = await known.levels.year(gauge.device).catch(() => undefined);
        return renderYear({ gauge, points, timeZone: known.city.timeZone }, setting);
      });
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
