/**
 * The hub of live streams: from the live feed to each client, at the pace of that client.
 *
 * A client has a cursor into the feed's kept events and no queue of its own: it is sent a batch, and the next
 * one when its socket has taken that. So its buffer is bounded by one batch, and whoever falls behind what
 * the feed keeps, or takes nothing for a minute, is dropped and may resume. Invariants: numbers sent to a
 * client ascend; each event that it may see is sent once or the client is told `reset`; no id is sent without an
 * event, since some libraries make an empty one of it.
 */
import type { LiveEvent, LiveEventType, LiveFeed } from '../../fleet/live-feed.ts';
import type { Credential } from '../access/access.ts';
import { isPublicEvent, withoutFreeText } from '../access/visibility.ts';

/** What the hub needs of a response; a socket that refuses says so by `write` and later by `drain`. */
export interface StreamResponse {
  write(chunk: string): boolean;
  end(): void;
  destroy(): void;
  on(event: 'drain' | 'close', listener: () => void): unknown;
}

export interface StreamRequest {
  readonly response: StreamResponse;
  /** All types that the client may see when absent. */
  readonly types?: ReadonlySet<LiveEventType>;
  /** Sees public events only. */
  readonly isPublic: boolean;
  /** Sees that something happened to an incident, and not what people wrote about it. */
  readonly hidesFreeText?: boolean;
  /** Is told that something happened, of each type at most once a batch, and not what. */
  readonly isBrief?: boolean;
  /** The token or the session; the stream ends with it. */
  readonly credential?: Credential;
  /** Of whom nothing else is known. */
  readonly anonymousAddress?: string;
  /** The Last-Event-ID header. */
  readonly lastEventId?: string;
}

export type StreamEnd = 'closed' | 'behind' | 'stalled' | 'revoked' | 'closing';

export interface StreamHub {
  readonly size: number;
  /** How many of the open ones are like this. */
  count(isLike: (request: StreamRequest) => boolean): number;
  open(request: StreamRequest): void;
  /** Sends what is new to everyone; called soon after an event. */
  flush(): void;
  /** Keeps proxies from closing silent connections and finds the stalled; every HEARTBEAT_MS. */
  beat(): void;
  /** Ends those whose token or session this is said of. */
  endCredentials(mustEnd: (credential: Credential) => boolean): void;
  /** Ends all, for the close of the process. */
  close(): void;
}

export interface StreamHubDependencies {
  readonly feed: LiveFeed;
  readonly onEnd: (why: StreamEnd) => void;
  readonly onSent: (events: number) => void;
}

export const HEARTBEAT_MS = 15_000;
/** Heartbeats that a client may leave unread: a minute. */
export const MAX_STALLED_BEATS = 4;
/** Events of one write: 500 · some 300 B is 150 KiB in a socket's buffer at most. */
export const MAX_BATCH_EVENTS = 500;
/** Reconnections after a restart are spread over three seconds: 2.0 s, 2.1 s … 4.9 s. */
const FIRST_RETRY_MS = 2_000;
const RETRY_STEP_MS = 100;
const RETRY_STEPS = 30;

interface Client extends StreamRequest {
  /** The number up to which it has all. */
  cursor: number;
  /** The number that it was told last: from there it would resume. */
  toldNumber: number;
  blocked: boolean;
  stalledBeats: number;
  /** Clients with the same filter and cursor are sent the same text. */
  readonly filter: string;
}

export function createStreamHub({ feed, onEnd, onSent }: StreamHubDependencies): StreamHub {
  const clients = new Set<Client>();
  let opened = 0;

  function end(client: Client, why: StreamEnd): void {
    if (!clients.delete(client)) return;
    onEnd(why);
    hangUp(client, why);
  }

  function write(client: Client, text: string): void {
    if (!client.response.write(text)) client.blocked = true;
  }

  /** Sends batches until the client has all or its socket is full. */
  function deliver(client: Client, batches: Map<string, Batch | undefined>): void {
    while (!client.blocked && client.cursor < feed.lastNumber && clients.has(client)) {
      const batch = findBatch(feed, client, batches);
      if (!batch) {
        end(client, 'behind');
        return;
      }
      client.cursor = batch.lastNumber;
      if (batch.events === 0) continue;
      onSent(batch.events);
      client.toldNumber = batch.lastSentNumber;
      write(client, batch.text);
    }
  }

  return {
    get size() {
      return clients.size;
    },
    count: (isLike) => [...clients].filter(isLike).length,
    open(request) {
      const retryMs = FIRST_RETRY_MS + (opened++ % RETRY_STEPS) * RETRY_STEP_MS;
      const { client, isLost } = createClient(feed, request);
      clients.add(client);
      request.response.on('close', () => end(client, 'closed'));
      request.response.on('drain', () => {
        client.blocked = false;
        client.stalledBeats = 0;
        deliver(client, new Map());
      });
      write(client, `retry: ${retryMs}\n${formatOwn(feed, isLost ? 'reset' : 'ready', client.cursor)}`);
      deliver(client, new Map());
    },
    flush() {
      const batches = new Map<string, Batch | undefined>();
      for (const client of clients) deliver(client, batches);
    },
    beat() {
      for (const client of clients) {
        deliver(client, new Map());
        // The id moves on with a heartbeat, so that a client whose filter is quiet can still resume.
        if (!client.blocked) write(client, formatHeartbeat(feed, client));
        else if (++client.stalledBeats >= MAX_STALLED_BEATS) end(client, 'stalled');
      }
    },
    endCredentials(mustEnd) {
      for (const client of clients) {
        if (client.credential !== undefined && mustEnd(client.credential)) end(client, 'revoked');
      }
    },
    close() {
      for (const client of clients) end(client, 'closing');
    },
  };
}

/** Who does not read would keep an end waiting too. */
function hangUp({ response }: Client, why: StreamEnd): void {
  if (why === 'behind' || why === 'stalled') response.destroy();
  else if (why !== 'closed') response.end();
}

/** Where it goes on; `isLost` where it asked to resume and cannot. */
function createClient(feed: LiveFeed, request: StreamRequest): { client: Client; isLost: boolean } {
  const { isPublic, hidesFreeText, isBrief, types, lastEventId } = request;
  const resumed = resume(feed, lastEventId);
  const cursor = resumed ?? feed.lastNumber;
  const filter = `${isPublic} ${hidesFreeText === true} ${isBrief === true} ${types ? [...types].sort().join() : ''}`;
  const client: Client = {
    ...request,
    cursor,
    toldNumber: cursor,
    blocked: false,
    stalledBeats: 0,
    filter,
  };
  return { client, isLost: resumed === undefined && lastEventId !== undefined };
}

interface Batch {
  readonly text: string;
  readonly events: number;
  /** Where the cursor stands after it. */
  readonly lastNumber: number;
  /** Of the last event that is in it. */
  readonly lastSentNumber: number;
}

/** Made once for all clients that are as far and see the same. */
function findBatch(
  feed: LiveFeed,
  client: Client,
  batches: Map<string, Batch | undefined>,
): Batch | undefined {
  const key = `${client.cursor} ${client.filter}`;
  if (!batches.has(key)) batches.set(key, formatBatch(feed, client));
  return batches.get(key);
}

/** The next events for a client's filter; undefined when the feed has forgotten some of them. */
function formatBatch(
  feed: LiveFeed,
  { cursor, types, isPublic, hidesFreeText = false, isBrief = false }: Client,
): Batch | undefined {
  const events = feed.since(cursor)?.slice(0, MAX_BATCH_EVENTS);
  const last = events?.at(-1);
  if (!events || !last) return undefined;
  const seen = events.filter(
    (event) => (!types || types.has(event.type)) && (!isPublic || isPublicEvent(event)),
  );
  const lastOf = new Map(seen.map((event) => [event.type, event.number]));
  const wanted = isBrief
    ? seen.filter(({ type, number }) => lastOf.get(type) === number).map((each) => ({ ...each, json: '{}' }))
    : seen;
  return {
    text: wanted.map((event) => formatEvent(feed, event, hidesFreeText)).join(''),
    events: wanted.length,
    lastNumber: last.number,
    lastSentNumber: wanted.at(-1)?.number ?? cursor,
  };
}

/** An event of the stream itself: `ready`, `reset`, `heartbeat`. */
function formatOwn(feed: LiveFeed, type: string, number: number): string {
  return `${formatId(feed, number)}event: ${type}\ndata: {"epoch":"${feed.epoch}"}\n\n`;
}

/** A comment where the client knows how far it is; it ends no event, so that none is made of it. */
function formatHeartbeat(feed: LiveFeed, client: Client): string {
  if (client.toldNumber === client.cursor) return ': heartbeat\n';
  client.toldNumber = client.cursor;
  return formatOwn(feed, 'heartbeat', client.cursor);
}

function formatEvent(feed: LiveFeed, event: LiveEvent, hidesFreeText: boolean): string {
  const { number, type, json } = event;
  const shown = hidesFreeText ? withoutFreeText(event) : json;
  return `${formatId(feed, number)}event: ${type}\ndata: ${shown}\n\n`;
}

function formatId({ epoch }: LiveFeed, number: number): string {
  return `id: ${epoch}-${number}\n`;
}

/** The number to go on after; undefined when it is of another run, or when events after it are gone. */
function resume(feed: LiveFeed, lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined) return undefined;
  const split = lastEventId.lastIndexOf('-');
  const number = lastEventId.slice(split + 1);
  if (lastEventId.slice(0, split) !== feed.epoch || !/^\d{1,15}$/.test(number)) return undefined;
  return feed.since(Number(number)) ? Number(number) : undefined;
}
