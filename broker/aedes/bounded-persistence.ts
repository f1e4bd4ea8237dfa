/**
 * Bounds on what Aedes keeps in memory for later: retained messages and queues of absent sessions. Those of QoS 2
 * are in bounded-incoming.ts.
 *
 * Laid around the in-memory persistence that Aedes comes with, which has none; it also adds what Aedes does not
 * know of kept sessions. Invariants: at most `maxRetained` retained messages in all; at most
 * `maxOfflinePerClient` messages queued for one session, and beyond it the oldest goes; no kept message holds on
 * to the network chunk it arrived in; of a session that is kept no more nothing stays.
 */
import { Readable } from 'node:stream';
import type { Bound } from '../broker-metrics.ts';
import type { KeptSessions } from '../clients/kept-sessions.ts';
import type { OutgoingWindow } from '../connection/outgoing-window.ts';
import { ownCopy } from '../own-copy.ts';
import { RetainedMessages } from '../publishing/retained-messages.ts';
import { boundIncoming } from './bounded-incoming.ts';
import {
  NO_SUBSCRIPTION,
  type Persistence,
  type QueuedPacket,
  type SessionId,
  type StoredPacket,
} from './persistence.ts';

export interface PersistenceBounds {
  readonly maxRetained: number;
  readonly maxOfflinePerClient: number;
  readonly countBound: (bound: Bound) => void;
  readonly sessions: KeptSessions;
  /** A session is kept no more. */
  readonly onDropped: (clientId: string) => void;
  /** What was to be forgotten could not be. */
  readonly onError: (error: Error) => void;
}

export function boundPersistence(persistence: Persistence, bounds: PersistenceBounds): void {
  const { sessions, countBound, onError } = bounds;
  const outgoing = persistence.outgoingStream.bind(persistence);
  boundRetained(persistence, bounds);
  const hasQueued = boundOffline(persistence, bounds, outgoing);
  boundIncoming(persistence);
  sessions.onDropped = (id) => {
    bounds.onDropped(id);
    countBound('kept-sessions');
    dropSession(persistence, outgoing, { id }).catch(onError);
  };
  // For nearly every device that comes back nothing waits: it has no stream over a stream.
  persistence.outgoingStream = (session) =>
    hasQueued(session.id)
      ? Readable.from(prepare(outgoing(session), sessions.outgoing(session.id)))
      : Readable.from([]);
  const subscriptions = persistence.subscriptionsByClient.bind(persistence);
  persistence.subscriptionsByClient = async (session) => {
    const stored = await subscriptions(session);
    return stored.length === 0 && sessions.isResumed(session.id) ? [NO_SUBSCRIPTION] : stored;
  };
}

/** Its subscriptions go first, in this turn already: nothing more is queued for it. */
async function dropSession(
  persistence: Persistence,
  outgoing: Persistence['outgoingStream'],
  session: SessionId,
): Promise<void> {
  await persistence.cleanSubscriptions(session);
  await persistence.cleanIncoming(session);
  for await (const { messageId } of outgoing(session)) {
    await persistence.outgoingClearMessageId(session, messageId === undefined ? {} : { messageId });
  }
}

/** [MQTT-3.3.1-1] what is sent again says so; what is sent for the first time gets its identifier. */
async function* prepare(
  packets: AsyncIterable<QueuedPacket>,
  window: OutgoingWindow | undefined,
): AsyncGenerator<QueuedPacket> {
  for await (const packet of packets) {
    if (packet.cmd === 'publish') {
      if (packet.messageId !== undefined) packet.dup = true;
      else if (window) packet.messageId = window.open(packet.qos === 2 ? 2 : 1);
    }
    yield packet;
  }
}

function boundRetained(persistence: Persistence, { maxRetained, countBound }: PersistenceBounds): void {
  const retained = new RetainedMessages<StoredPacket>(maxRetained);
  persistence.storeRetained = async (packet) => {
    const isStored = retained.store({ ...packet, payload: ownCopy(packet.payload) });
    if (!isStored) countBound('retained-messages');
  };
  persistence.createRetainedStreamCombi = (filters) => Readable.from(matchEach(retained, filters));
}

function* matchEach(
  retained: RetainedMessages<StoredPacket>,
  filters: readonly string[],
): Generator<StoredPacket> {
  for (const filter of filters) yield* retained.match(filter);
}

/** Returns whether anything waits for a session. */
function boundOffline(
  persistence: Persistence,
  { maxOfflinePerClient, countBound, sessions }: PersistenceBounds,
  outgoing: Persistence['outgoingStream'],
): (sessionId: string) => boolean {
  /** Messages queued, by session. */
  const queued = new Map<string, number>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  const step = (id: string, by: number) => {
    const next = (queued.get(id) ?? 0) + by;
    if (next > 0) queued.set(id, next);
    else queued.delete(id);
  };
  persistence.outgoingClearMessageId = async (session, packet) => {
    const cleared = await clear(session, packet);
    if (cleared) step(session.id, -1);
    return cleared;
  };
  persistence.outgoingEnqueueCombi = async (subscribers, packet) => {
    if (subscribers.length === 0) return;
    // [MQTT-3.3.1-9] it was published live and only waits for its subscriber: not what was retained before.
    const kept = { ...packet, retain: false, payload: ownCopy(packet.payload) };
    const takers: { clientId: string }[] = [];
    for (const subscriber of subscribers) {
      const id = subscriber.clientId;
      if ((queued.get(id) ?? 0) >= maxOfflinePerClient) {
        countBound('offline-messages');
        const dropped = await dropOldest(persistence, outgoing, { id });
        if (dropped !== undefined) sessions.outgoing(id)?.forget(dropped);
      }
      step(id, 1);
      takers.push(subscriber);
    }
    await enqueue(takers, kept);
  };
  return (id) => queued.has(id);
}

/** Returns its identifier, if it had one. */
async function dropOldest(
  persistence: Persistence,
  outgoing: Persistence['outgoingStream'],
  session: SessionId,
): Promise<number | undefined> {
  for await (const { messageId } of outgoing(session)) {
    // The first with this identifier, or without one, is this one.
    await persistence.outgoingClearMessageId(session, messageId === undefined ? {} : { messageId });
    return messageId;
  }
  return undefined;
}
