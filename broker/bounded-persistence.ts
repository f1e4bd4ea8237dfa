/**
 * Bounds on what Aedes keeps in memory for later: retained messages, queues of absent sessions, QoS 2.
 *
 * Laid around the in-memory persistence that Aedes comes with, which has none. Invariants: at most
 * `maxRetained` retained messages in all; at most `maxOfflinePerClient` messages queued for one session, and
 * beyond it the oldest goes; no kept message holds on to the network chunk it arrived in.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Bound } from './broker-metrics.ts';
import { ownCopy } from './own-copy.ts';

interface StoredPacket {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain?: boolean;
  readonly messageId?: number;
}
/** A message, or the PUBREL of one. With an identifier it has been sent before. */
interface QueuedPacket {
  readonly cmd: string;
  readonly messageId?: number;
  dup?: boolean;
}
interface SessionId {
  readonly id: string;
}

/** What a session that is kept has subscribed to. */
interface KeptSubscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

/** The part of Aedes' persistence that keeps something for later. */
export interface Persistence {
  storeRetained(packet: StoredPacket): Promise<void>;
  outgoingEnqueueCombi(sessions: readonly { clientId: string }[], packet: StoredPacket): Promise<void>;
  outgoingClearMessageId(
    session: SessionId,
    packet: { readonly cmd?: string; readonly messageId?: number },
  ): Promise<unknown>;
  /** What waits for a session, the oldest first. */
  outgoingStream(session: SessionId): AsyncIterable<QueuedPacket>;
  incomingStorePacket(session: SessionId, packet: StoredPacket): Promise<void>;
  /** Its payload is the digest of what arrived. Rejects where the identifier is free. */
  incomingGetPacket(session: SessionId, packet: { messageId?: number }): Promise<StoredPacket>;
  addSubscriptions(session: SessionId, subscriptions: readonly KeptSubscription[]): Promise<void>;
  removeSubscriptions(session: SessionId, filters: readonly string[]): Promise<void>;
  cleanSubscriptions(session: SessionId): Promise<void>;
}

export interface PersistenceBounds {
  readonly maxRetained: number;
  readonly maxOfflinePerClient: number;
  readonly countBound: (bound: Bound) => void;
}

/** Tells a repeat from another message with the same identifier. */
export function digestPayload(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest();
}

export function boundPersistence(persistence: Persistence, bounds: PersistenceBounds): void {
  boundRetained(persistence, bounds);
  boundOffline(persistence, bounds);
  const storeIncoming = persistence.incomingStorePacket.bind(persistence);
  // Of a QoS 2 message that has been published only what tells a repeat of it matters until its PUBREL.
  persistence.incomingStorePacket = (session, packet) =>
    storeIncoming(session, { ...packet, payload: digestPayload(packet.payload) });
  const outgoing = persistence.outgoingStream.bind(persistence);
  persistence.outgoingStream = (session) => Readable.from(markRepeats(outgoing(session)));
}

/** [MQTT-3.3.1-1] what is sent again says so. */
async function* markRepeats(packets: AsyncIterable<QueuedPacket>): AsyncGenerator<QueuedPacket> {
  for await (const packet of packets) {
    if (packet.cmd === 'publish' && packet.messageId !== undefined) packet.dup = true;
    yield packet;
  }
}

function boundRetained(persistence: Persistence, { maxRetained, countBound }: PersistenceBounds): void {
  const topics = new Set<string>();
  const storeRetained = persistence.storeRetained.bind(persistence);
  persistence.storeRetained = async (packet) => {
    if (packet.payload.length === 0) topics.delete(packet.topic);
    else if (topics.has(packet.topic) || topics.size < maxRetained) topics.add(packet.topic);
    else return countBound('retained-messages');
    await storeRetained({ ...packet, payload: ownCopy(packet.payload) });
  };
}

function boundOffline(
  persistence: Persistence,
  { maxOfflinePerClient, countBound }: PersistenceBounds,
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
  persistence.outgoingEnqueueCombi = async (sessions, packet) => {
    if (sessions.length === 0) return;
    // [MQTT-3.3.1-9] it was published live, whenever it is delivered.
    const kept = { ...packet, retain: false, payload: ownCopy(packet.payload) };
    const takers: { clientId: string }[] = [];
    for (const session of sessions) {
      const id = session.clientId;
      if ((queued.get(id) ?? 0) >= maxOfflinePerClient) {
        countBound('offline-messages');
        await dropOldest(persistence, { id });
      }
      step(id, 1);
      takers.push(session);
    }
    await enqueue(takers, kept);
  };
}

async function dropOldest(persistence: Persistence, session: SessionId): Promise<void> {
  for await (const { messageId } of persistence.outgoingStream(session)) {
    // The first with this identifier, or without one, is this one.
    await persistence.outgoingClearMessageId(session, messageId === undefined ? {} : { messageId });
    return;
  }
}
