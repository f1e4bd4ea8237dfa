/**
 * `GET /v1/devices/{id}/readings`: the history of one device, raw or in windows.
 *
 * Reads the history port, whichever adapter is behind it. Invariants: the range is [from, to); a page never
 * holds more than `limit` points, and `next` pins the whole query, `to` included, so that following it reads
 * one consistent range while new readings arrive.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CityFrame } from '../../cities/city.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { formatQuality } from '../../devices/reading.ts';
import type { Registry } from '../../fleet/registry.ts';
import { AGGREGATES, type History, type HistoryPage, type HistoryPoint } from '../../history/history.ts';
import type { PageTurns } from '../access/caller-shares.ts';
import { jsonPage, sendPage } from '../access/sliced-page.ts';
import { formatNext, nextOutput } from '../border/cursor.ts';
import { Problem } from '../border/problem.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { csvPage, prefersCsv } from './csv-page.ts';
import { valuesSchema } from './device-json.ts';
import { deviceId, findVisibleDevice, formatUnits } from './devices.ts';
import { checkRange, type ReadingQuery, readingQuery } from './reading-query.ts';

export interface ReadingsDependencies {
  readonly city: CityFrame;
  readonly registry: Registry;
  readonly history: History;
  readonly now: () => number;
}

/** Points of one question to history: some ms of its thread, and one of the event loop to take them. */
export const QUESTION_POINTS = 1_000;
/** A question about windows reads all that they hold: a month of readings every 5 s is half a million. */
export const QUESTION_RANGE_MS = 31 * 86_400_000;

const answer = z
  .object({
    device: z.string(),
    kind: z.string(),
    from: timeOutput,
    to: timeOutput,
    every: z.string().optional(),
    fn: z.enum(AGGREGATES).optional(),
    tz: z.string().optional(),
    units: z.record(z.string(), z.string()).describe('Unit of each quantity.'),
    points: z.array(
      z.object({
        at: timeOutput.describe('measuredAt of a reading; the start of a window.'),
        values: valuesSchema,
        quality: z.array(z.string()).describe('Quality flags of a raw reading, where it has any.').optional(),
      }),
    ),
    next: nextOutput,
  })
  .meta({ id: 'ReadingPage' });

export const readingRoutes =
  (dependencies: ReadingsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/devices/:id/readings',
      {
        config: { access: 'public', isPaged: true },
        schema: {
          operationId: 'listReadings',
          tags: ['devices'],
          summary: 'History of a device, raw or down-sampled',
          params: z.object({ id: deviceId }),
          querystring: readingQuery,
          response: {
            200: {
              description: 'The page; as CSV where Accept prefers it, with the next page in Link.',
              content: { 'application/json': { schema: answer }, 'text/csv': { schema: z.string() } },
            },
          },
        },
      },
      async (request, reply) => {
        const { city, registry, history, now } = dependencies;
        const device = findVisibleDevice(registry, request.user, request.params.id);
        const { fromMs, toMs } = checkRange(request.query, device.kind, now());
        if (deviceKinds.get(device.kind)?.audience !== 'public') {
          request.read = { what: 'track', which: `${device.id} ${formatAsked(request.asked)}` };
        }
        const { every, fn = 'mean', tz = city.timeZone, limit, quantities } = request.query;
        const base = { kind: device.kind, device: device.id, toMs };
        const windowed = { everyMs: every ?? 0, fn, timeZone: tz, ...(quantities ? { quantities } : {}) };
        const question: Question = {
          fromMs,
          limit,
          questionLimit: questionLimit(every),
          ask: (part) =>
            readPage(history, () =>
              every === undefined
                ? history.raw({ ...base, ...part })
                : history.windows({ ...base, ...windowed, ...part }),
            ),
        };
        const head = {
          device: device.id,
          kind: device.kind,
          from: formatTime(fromMs),
          to: formatTime(toMs),
          ...(every === undefined ? {} : { every: request.asked.get('every') as string, fn, tz }),
          units: formatUnits(device.kind),
        };
        return request.share.makePage('history-busy', async (turns) => {
          let nextFromMs: number | undefined;
          const slices = readSlices(question, turns, (rest) => {
            nextFromMs = rest;
          });
          const tail = () =>
            nextFromMs === undefined
              ? {}
              : formatNext(request, reply, { from: formatTime(nextFromMs), to: formatTime(toMs) });
          const format = prefersCsv(request.headers.accept)
            ? csvPage(
                columnsOf(device.kind, request.query),
                every === undefined ? formatQuality : undefined,
                tail,
              )
            : jsonPage(head, 'points', formatPoint, tail);
          return sendPage(reply, { format, slices, turns, signal: request.signal });
        });
      },
    );
  };

/** The range in the caller's words: one that ends now is the same whenever it is asked. */
function formatAsked(asked: URLSearchParams): string {
  return `${asked.get('from') ?? 'a day'}/${asked.get('to') ?? 'now'}`;
}

/** Of a page in columns: what the kind measures, or what was asked for; windows hold numbers only. */
function columnsOf(kind: string, { every, quantities }: ReadingQuery): readonly string[] {
  const known = Object.entries(deviceKinds.get(kind)?.quantities ?? {});
  const shown = every === undefined ? known : known.filter(([, { type }]) => type !== 'state');
  return quantities ?? shown.map(([name]) => name);
}

interface Question {
  readonly fromMs: number;
  /** Of the whole page. */
  readonly limit: number;
  readonly questionLimit: number;
  readonly ask: (part: { readonly fromMs: number; readonly limit: number }) => Promise<HistoryPage>;
}

/** Points of one question, so that it keeps neither history nor the event loop for long. */
function questionLimit(everyMs: number | undefined): number {
  if (everyMs === undefined) return QUESTION_POINTS;
  return Math.min(QUESTION_POINTS, Math.max(1, Math.floor(QUESTION_RANGE_MS / everyMs)));
}

/** The page in parts, one question after the other; `onRest` is told where the next page begins, if there is one. */
async function* readSlices(
  { fromMs, limit, questionLimit, ask }: Question,
  turns: PageTurns,
  onRest: (nextFromMs: number) => void,
): AsyncGenerator<readonly HistoryPoint[]> {
  let nextFromMs: number | undefined = fromMs;
  for (let left = limit; left > 0 && nextFromMs !== undefined; ) {
    const part = { fromMs: nextFromMs, limit: Math.min(left, questionLimit) };
    const page: HistoryPage = await turns.ask(() => ask(part));
    yield page.points;
    left -= page.points.length;
    nextFromMs = page.nextFromMs;
  }
  if (nextFromMs !== undefined) onRest(nextFromMs);
}

/** A history that is known to be down is 503 with its own words, not a bug. */
async function readPage(history: History, read: () => Promise<HistoryPage>): Promise<HistoryPage> {
  try {
    return await read();
  } catch (error) {
    if (history.problem === undefined) throw error;
    const detail = `History does not answer: ${history.problem}. Nothing is lost; ask again later.`;
    throw new Problem(503, 'history-unavailable', detail, { retryAfterS: 10 }, { cause: error });
  }
}

function formatPoint({ atMs, values, quality }: HistoryPoint): z.infer<typeof answer.shape.points.element> {
  return { at: formatTime(atMs), values, ...(quality ? { quality: formatQuality(quality) } : {}) };
}
