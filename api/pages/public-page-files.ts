/**
 * What the public pages load and hand out besides documents: styles and scripts, the service worker, the manifest, a
 * river's picture and its levels.
 *
 * Registered by public-pages.ts. Invariant: what comes from memory is answered while the event loop is late.
 */
import type { FastifyInstance } from 'fastify';
import { drawLinkPicture } from '../../pages/link-picture.ts';
import { formatManifest } from '../../pages/manifest.ts';
import type { GaugeNow, PublicCity } from '../../pages/public-city.ts';
import { formatLevelsCsv, untilNow } from '../../pages/river-page.ts';
import { Problem } from '../border/problem.ts';
import type { PackedFile } from './packed-file.ts';
import { createKept } from './page-documents.ts';
import { sendFile } from './send-file.ts';

const WORKER = 'service-worker.ts';
const PICTURE_KEPT_MS = 60_000;
const configOfData = { access: 'public' } as const;
/** From memory. */
const configOfFiles = { access: 'public', whenLate: 'answered' } as const;

export interface Files {
  readonly version: string;
  readonly files: ReadonlyMap<string, PackedFile>;
  readonly cityName: string;
  /** Of the service worker. */
  readonly csp: string;
}

export function registerFiles(
  app: FastifyInstance,
  known: PublicCity,
  { version, files, cityName, csp }: Files,
): void {
  const pictures = createKept<Buffer>(() => true);
  app.get<{ Params: { version: string; '*': string } }>(
    '/page-files/:version/*',
    { config: configOfFiles },
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
  app.get('/service-worker.js', { config: configOfFiles }, async (request, reply) => {
    reply.header('cache-control', 'no-cache').header('content-security-policy', csp);
    return sendFile(files.get(WORKER) as PackedFile, request, reply);
  });
  app.get('/manifest.webmanifest', { config: configOfFiles }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=3600').type('application/manifest+json; charset=utf-8');
    return reply.send(formatManifest(cityName, `page-files/${version}/icon.svg`));
  });
  app.get<{ Params: { id: string } }>(
    '/rivers/:id/plot.png',
    { config: configOfData },
    async ({ params }, reply) => {
      const { atMs } = await known.now();
      const png = await pictures.get(params.id, Math.floor(atMs / PICTURE_KEPT_MS), async () => {
        const gauge = await findGauge(known, params.id);
        const points = (await readLevels(known, gauge)) ?? [];
        return drawLinkPicture(gauge, untilNow(points, gauge), atMs);
      });
      reply.header('cache-control', 'public, max-age=60').type('image/png');
      return reply.send(png);
    },
  );
  app.get<{ Params: { id: string } }>(
    '/rivers/:id/levels.csv',
    { config: configOfData },
    async ({ params }, reply) => {
      const gauge = await findGauge(known, params.id);
      const points = await known.levels.days(gauge.device);
      reply.header('content-disposition', `attachment; filename="${gauge.device.id}.csv"`);
      return reply.type('text/csv; charset=utf-8').send(formatLevelsCsv(points, known.city.timeZone));
    },
  );
}

/** Throws Problem 404. */
async function findGauge(known: PublicCity, id: string): Promise<GaugeNow> {
  const { gauges } = await known.now();
  const gauge = gauges.find(({ device }) => device.id === id);
  if (!gauge) throw new Problem(404, 'unknown-device', `There is no gauge ${id}.`);
  return gauge;
}

/** Undefined where history does not answer: it says so itself, and the page is worth reading without it. */
export function readLevels(known: PublicCity, { device }: GaugeNow) {
  return known.levels.days(device).catch(() => undefined);
}
