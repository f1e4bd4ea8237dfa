/**
 * `GET /v1/stream`: what happens now, as server-sent events.
 *
 * Opens clients on the hub and keeps its clock: a flush soon after an event, a heartbeat every 15 s, and with
 * it a look at which tokens and sessions are still in force. Invariants: at most `STREAM_MAX_CLIENTS` are open, however
 * many the public asks for staff finds a place, and every way in which one ends has a counter.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import type { LiveEventType, LiveFeed } from '../../fleet/live-feed.ts';
import {
  ANONYMOUS,
  type Credential,
  credentialOf,
  isStaff,
  requireRole,
  STAFF_ROLES,
  seesPeople,
} from '../access/access.ts';
import { PUBLIC_EVENT_TYPES } from '../access/visibility.ts';
import { Problem } from '../border/problem.ts';
import { createStreamHub, HEARTBEAT_MS, type StreamHub, type StreamRequest } from './stream-hub.ts';

const TYPES = [
  'reading',
  'presence',
  'alert',
  'fleet',
  'incident',
  'hospital',
  'city',
] as const satisfies readonly LiveEventType[];
/** Events of this long go out in one write: a page cannot show more than 20 a second. */
const FLUSH_MS = 50;
const RETRY_WHEN_FULL_S = 10;
/** Of all places, kept for staff: one in five, rounded up. */
export const STAFF_SHARE = 0.2;

export interface MeteredHubDependencies {
  readonly feed: LiveFeed;
  readonly metrics: Metrics;
}

/** The hub with its counters. */
export function createMeteredHub({ feed, metrics }: MeteredHubDependencies): StreamHub {
  const registers = [metrics];
  const ended = new Counter({
    name: 'siaga_stream_ended_total',
    help: 'Live streams that ended: closed by the client, behind or stalled (dropped), revoked, closing.',
    labelNames: ['why'],
    registers,
  });
  const sent = new Counter({
    name: 'siaga_stream_events_sent_total',
    help: 'Events sent to clients of the live stream, each client counted.',
    registers,
  });
  const hub = createStreamHub({
    feed,
    onEnd: (why) => ended.inc({ why }),
    onSent: (events) => sent.inc(events),
  });
  new Gauge({
    name: 'siaga_stream_clients',
    help: 'Live streams that are open.',
    registers,
    collect() {
      this.set(hub.size);
    },
  });
  return hub;
}

export type StreamConfig = Pick<Config, 'STREAM_MAX_CLIENTS' | 'STREAM_MAX_CLIENTS_PER_ADDRESS'>;

export interface StreamDependencies extends MeteredHubDependencies {
  readonly config: StreamConfig;
  readonly hub: StreamHub;
  /** Tokens and sessions in force, also where they were made or ended past this process. */
  readonly readCredentials: () => Promise<ReadonlySet<Credential>>;
}

const query = z.strictObject({
  types: z
    .string()
    .max(100)
    .describe(`Which events, with commas: ${TYPES.join(', ')}. All that you may see where absent.`)
    .meta({ example: 'reading,alert' })
    .transform((text, context) => {
      const words = text.split(',');
      const unknown = words.filter((word) => !TYPES.some((type) => type === word));
      if (unknown.length === 0) return new Set(words as LiveEventType[]);
      context.addIssue({
        code: 'custom',
        message: `no type ${unknown.join(', ')}; there are ${TYPES.join(', ')}`,
      });
      return z.NEVER;
    })
    .optional(),
  brief: z
    .enum(['true', 'false'])
    .describe(
      'With `true` an event says that something of its type happened, once for several at a time, and its data are ' +
        'empty: for a page that then reads what it shows.',
    )
    .meta({ example: 'true' })
    .optional(),
});

export const streamRoutes =
  ({ config, hub, feed, metrics, readCredentials }: StreamDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const refused = new Counter({
      name: 'siaga_stream_refused_total',
      help: 'Live streams refused, by the bound that was met: all, public (the share of all but staff), address.',
      labelNames: ['bound'],
      registers: [metrics],
    });
    keepTime(app, hub, feed, readCredentials);

    app.get(
      '/stream',
      {
        config: { access: 'public', longLived: true },
        exposeHeadRoute: false,
        schema: {
          operationId: 'streamEvents',
          tags: ['stream'],
          summary: 'Live events; Last-Event-ID resumes, and `reset` says that it could not',
          querystring: query,
          headers: z.object({
            'last-event-id': z
              .string()
              .max(100)
              .describe('The id of the last event that you have: what came since is sent first.')
              .meta({ example: 'mb2k3x-1841' })
              .optional(),
          }),
          response: {
            200: {
              description:
                'Server-sent events: id `<epoch>-<number>`, event, data in JSON. `ready` comes first, or `reset`; ' +
                '`heartbeat` moves the id on.',
              content: { 'text/event-stream': { schema: z.string() } },
            },
          },
        },
      },
      async ({ query: { types, brief }, headers, user, ip }, reply) => {
        if ([...(types ?? [])].some((type) => !PUBLIC_EVENT_TYPES.has(type))) requireRole(user, STAFF_ROLES);
        const credential = credentialOf(user);
        const who = {
          isPublic: !isStaff(user),
          hidesFreeText: !seesPeople(user),
          isBrief: brief === 'true',
          ...(credential === undefined ? {} : { credential }),
          ...(user === ANONYMOUS ? { anonymousAddress: ip } : {}),
        };
        const full = findFullBound(hub, config, who);
        if (full) {
          refused.inc({ bound: full.bound });
          const detail = `${full.open} streams are open, which is the bound (${full.words}); try again later.`;
          throw new Problem(503, 'too-many-streams', detail, { retryAfterS: RETRY_WHEN_FULL_S });
        }
        reply.hijack();
        reply.raw.writeHead(200, {
          ...(reply.getHeaders() as Record<string, string>),
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          // nginx holds answers back unless told.
          'x-accel-buffering': 'no',
        });
        const lastEventId = headers['last-event-id'];
        hub.open({
          response: reply.raw,
          ...who,
          ...(types ? { types } : {}),
          ...(lastEventId === undefined ? {} : { lastEventId }),
        });
      },
    );
  };

interface FullBound {
  readonly bound: 'all' | 'public' | 'address';
  readonly open: number;
  readonly words: string;
}

/** The bound that leaves no place for one more like this. */
function findFullBound(
  hub: StreamHub,
  { STREAM_MAX_CLIENTS: maxAll, STREAM_MAX_CLIENTS_PER_ADDRESS: maxOfAddress }: StreamConfig,
  { isPublic, anonymousAddress: address }: Pick<StreamRequest, 'isPublic' | 'anonymousAddress'>,
): FullBound | undefined {
  if (hub.size >= maxAll) return { bound: 'all', open: hub.size, words: 'STREAM_MAX_CLIENTS' };
  if (!isPublic) return undefined;
  const open = hub.count((each) => each.isPublic);
  const maxPublic = maxAll - Math.ceil(maxAll * STAFF_SHARE);
  if (open >= maxPublic) return { bound: 'public', open, words: "the public's share of STREAM_MAX_CLIENTS" };
  if (address === undefined) return undefined;
  const ofAddress = hub.count((each) => each.anonymousAddress === address);
  if (ofAddress < maxOfAddress) return undefined;
  return { bound: 'address', open: ofAddress, words: 'STREAM_MAX_CLIENTS_PER_ADDRESS' };
}

/** Flush and heartbeat for as long as the app lives. */
function keepTime(
  app: Parameters<FastifyPluginAsyncZod>[0],
  hub: StreamHub,
  feed: LiveFeed,
  readCredentials: StreamDependencies['readCredentials'],
): void {
  let flushTimer: NodeJS.Timeout | undefined;
  const stopWatching = feed.watch(() => {
    if (flushTimer || hub.size === 0) return;
    flushTimer = setTimeout(() => {
      flushTimer = undefined;
      hub.flush();
    }, FLUSH_MS);
  });
  const heart = setInterval(() => {
    hub.beat();
    if (hub.size === 0) return;
    // Catches what has ended, and what was revoked past this process, on the command line.
    readCredentials().then(
      (inForce) => hub.endCredentials((credential) => !inForce.has(credential)),
      (error: unknown) => app.log.warn({ err: error }, 'cannot read which tokens and sessions are in force'),
    );
  }, HEARTBEAT_MS);
  heart.unref();
  app.addHook('preClose', async () => {
    stopWatching();
    clearInterval(heart);
    clearTimeout(flushTimer);
    hub.close();
  });
}
