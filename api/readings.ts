/**
 * `GET /v1/devices/{id}/readings`: the history of one device, raw or in windows.
 *
 * Reads the history port, whichever adapter is behind it. Invariants: the range is [from, to); a page never
 * holds more than `limit` points, and `next` pins the whole query, `to` included, so that following it reads
 * one consistent range while new readings arrive.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CityFrame } from '../cities/city.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Quantity } from '../devices/quantity.ts';
import { formatQuality } from '../devices/reading.ts';
import type { Registry } from '../fleet/registry.ts';
import { AGGREGATES, type History, type HistoryPage, type HistoryPoint } from '../history/history.ts';
import type { PageTurns } from './caller-shares.ts';
import { csvPage, prefersCsv } from './csv-page.ts';
import { cursorInput, formatNext, nextOutput } from './cursor.ts';
import { valuesSchema } from './device-json.ts';
import { deviceId, findVisibleDevice, formatUnits } from './devices.ts';
import { Problem } from './problem.ts';
import { jsonPage, sendPage } from './sliced-page.ts';
import { limitInput } from './text-input.ts';
import { durationInput, formatTime, timeInput, timeOutput, timeZoneInput } from './time.ts';

export interface ReadingsDependencies {
  readonly city: CityFrame;
  readonly registry: Registry;
  readonly history: History;
  readonly now: () => number;
}

const DEFAULT_LIMIT = 1_000;
/** The bound of the history port. */
const MAX_LIMIT = 10_000;
const DAY_MS = 86_400_000;
const DEFAULT_RANGE_MS = DAY_MS;
/** Twice any retention that is likely, and years before a database feels it. */
const MAX_RANGE_MS = 10 * 366 * DAY_MS;
/** Windows in one range: a year in windows of 5 minutes is 105,408. */
const MAX_WINDOWS = 110_000;
/** Points of one question to history: some ms of its thread, and one of the event loop to take them. */
const QUESTION_POINTS = 1_000;
/** A question about windows reads all that they hold: a month of readings every 5 s is half a million. */
const QUESTION_RANGE_MS = 31 * DAY_MS;

const query = z.strictObject({
  from: timeInput
    .describe('Start of the range; a day before `to` where absent. RFC 3339 or epoch ms.')
    .optional(),
  to: timeInput.describe('End of the range, not included; now where absent.').optional(),
  every: durationInput
    .describe('Length of a window, 1s to 366d: down-samples. Raw readings where absent.')
    .optional(),
  fn: z.enum(AGGREGATES).describe('`mean` where absent. `increase`: by how much a counter grew.').optional(),
  quantities: z
    .string()
    .max(400)
    .transform((text) => text.split(','))
    .describe('Names of quantities, with commas; windows only. All where absent.')
    .optional(),
  tz: timeZoneInput.optional(),
  limit: limitInput(MAX_LIMIT, DEFAULT_LIMIT),
  cursor: cursorInput,
});
type Query = z.infer<typeof query>;

const answer = z.object({
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
});

export const readingRoutes =
  (dependencies: ReadingsDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/devices/:id/readings',
      {
        config: { access: 'public', isPaged: true },
        schema: {
          tags: ['devices'],
          summary: 'History of a device, raw or down-sampled',
          params: z.object({ id: deviceId }),
          querystring: query,
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
function columnsOf(kind: string, { every, quantities }: Query): readonly string[] {
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

/** What one field alone cannot say. Throws Problem 400. */
function checkRange(asked: Query, kind: string, nowMs: number): { fromMs: number; toMs: number } {
  const toMs = asked.to ?? nowMs;
  const fromMs = asked.from ?? toMs - DEFAULT_RANGE_MS;
  const refuse = (field: string, detail: string) =>
    new Problem(400, 'invalid-request', `1 problem(s) in the request; query ${field}: ${detail}`, {
      errors: [{ in: 'query', field, detail }],
    });
  if (fromMs >= toMs) throw refuse('from', `must be before to (${formatTime(toMs)})`);
  if (toMs - fromMs > MAX_RANGE_MS) throw refuse('from', 'the range is longer than 10 years; ask for less');
  if (asked.every === undefined) {
    for (const field of ['fn', 'tz', 'quantities'] as const) {
      if (asked[field] !== undefined) throw refuse(field, 'needs every=, the length of a window');
    }
    return { fromMs, toMs };
  }
  if (asked.every > 366 * DAY_MS) throw refuse('every', 'at most 366d');
  if ((toMs - fromMs) / asked.every > MAX_WINDOWS) {
    throw refuse(
      'every',
      `more than ${MAX_WINDOWS} windows in the range; take longer ones, or a shorter range`,
    );
  }
  const known: Readonly<Record<string, Quantity>> = deviceKinds.get(kind)?.quantities ?? {};
  const isOf = ({ type }: Quantity) => (asked.fn === 'increase' ? type === 'counter' : type !== 'state');
  for (const name of asked.quantities ?? []) {
    if (Object.hasOwn(known, name) && known[name] && isOf(known[name])) continue;
    const others = Object.keys(known).filter((each) => known[each] && isOf(known[each]));
    const what = asked.fn === 'increase' ? 'counter' : 'number';
    throw refuse('quantities', `${kind} has no ${what} ${name}; it has ${others.join(', ') || 'none'}`);
  }
  return { fromMs, toMs };
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
