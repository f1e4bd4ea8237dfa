/**
 * Bounds on what Aedes keeps in memory for later: retained messages, queues of absent sessions, QoS 2.
 *
 * Laid around the in-memory persistence that Aedes comes with, which has none; it also adds what Aedes does not
 * know of kept sessions. Invariants: at most `maxRetained` retained messages in all; at most
 * `maxOfflinePerClient` messages queued for one session, and beyond it the oldest goes; no kept message holds on
 * to the network chunk it arrived in.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { PublishPacket } from 'aedes';
import type { Bound } from '../broker-metrics.ts';
import type { OutgoingWindow } from '../connection/outgoing-window.ts';
import type { KeptSessions } from '../kept-sessions.ts';
import { ownCopy } from '../own-copy.ts';
import { RetainedMessages } from '../retained-messages.ts';
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
}

/** Tells a repeat from another message with the same identifier. */
function digestPayload(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest();
}

/**
 * [MQTT-4.3.3-2] a QoS 2 message whose PUBREC got lost has been taken already: it is marked as sent again
 * [MQTT-3.3.1-1] and is the same. Another under its identifier comes from a device that lost its session.
 */
export function isTakenAlready(
  persistence: Persistence,
  clientId: string,
  packet: PublishPacket,
): Promise<boolean> {
  return persistence.incomingGetPacket({ id: clientId }, packet as { messageId?: number }).then(
    ({ topic, payload }) =>
      packet.dup === true &&
      topic === packet.topic &&
      digestPayload(packet.payload as Buffer).equals(payload),
    () => false,
  );
}

export function boundPersistence(persistence: Persistence, bounds: PersistenceBounds): void {
  const { sessions } = bounds;
  const outgoing = persistence.outgoingStream.bind(persistence);
  boundRetained(persistence, bounds);
  boundOffline(persistence, bounds, outgoing);
  const storeIncoming = persistence.incomingStorePacket.bind(persistence);
  // Of a QoS 2 message that has been published only what tells a repeat of it matters until its PUBREL.
  persistence.incomingStorePacket = (session, packet) =>
    storeIncoming(session, { ...packet, payload: digestPayload(packet.payload) });
  persistence.outgoingStream = (session) =>
    Readable.from(prepare(outgoing(session), sessions.outgoing(session.id)));
  const subscriptions = persistence.subscriptionsByClient.bind(persistence);
  persistence.subscriptionsByClient = async (session) => {
    const stored = await subscriptions(session);
    return stored.length === 0 && sessions.isResumed(session.id) ? [NO_SUBSCRIPTION] : stored;
  };
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

function boundOffline(
  persistence: Persistence,
  { maxOfflinePerClient, countBound, sessions }: PersistenceBounds,
  outgoing: Persistence['outgoingStream'],
): void {
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
