/**
 * The part of Aedes' persistence that keeps something for later, as Aedes calls it.
 *
 * Aedes declares neither the property nor its methods. We lay our bounds around these methods
 * (bounded-persistence.ts), and what outlasts a restart (kept-subscriptions.ts). test/broker/aedes-touches.test.ts
 * fails where one of them goes.
 */

import type { Readable } from 'node:stream';
import type { Client } from 'aedes';

export interface StoredPacket {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain?: boolean;
  readonly messageId?: number;
}

/** A message, or the PUBREL of one. With an identifier it has been sent before. */
export interface QueuedPacket {
  readonly cmd: string;
  readonly qos?: number;
  messageId?: number;
  dup?: boolean;
}

export interface SessionId {
  readonly id: string;
}

export interface StoredSubscription {
  readonly topic: string;
  readonly qos: number;
}

/** Aedes takes a session for kept when it has a subscription: this one, which nobody may have, stands for none. */
export const NO_SUBSCRIPTION: StoredSubscription = { topic: '$kept', qos: 0 };

/** What a session that is kept has subscribed to. */
export interface KeptSubscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

export interface Persistence {
  storeRetained(packet: StoredPacket): Promise<void>;
  /** What is retained under each of the filters, one filter after the other. */
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  outgoingEnqueueCombi(sessions: readonly { clientId: string }[], packet: StoredPacket): Promise<void>;
  outgoingClearMessageId(
    session: SessionId,
    packet: { readonly cmd?: string; readonly messageId?: number },
  ): Promise<unknown>;
  subscriptionsByClient(session: SessionId): Promise<readonly StoredSubscription[]>;
  /** What waits for a session, the oldest first. */
  outgoingStream(session: SessionId): AsyncIterable<QueuedPacket>;
  incomingStorePacket(session: SessionId, packet: StoredPacket): Promise<void>;
  /** Its payload is the digest of what arrived. Rejects where the identifier is free. */
  incomingGetPacket(session: SessionId, packet: { messageId?: number }): Promise<StoredPacket>;
  /** At PUBREL. Rejects where it is gone already. */
  incomingDelPacket(session: SessionId, packet: { readonly messageId?: number }): Promise<void>;
  addSubscriptions(session: SessionId, subscriptions: readonly KeptSubscription[]): Promise<void>;
  removeSubscriptions(session: SessionId, filters: readonly string[]): Promise<void>;
  cleanSubscriptions(session: SessionId): Promise<void>;
  /** Forgets the QoS 2 messages that await their PUBREL. */
  cleanIncoming(session: SessionId): Promise<void>;
}

/** In a call that a packet of a client led to, the session is the client itself. */
export function clientOf(session: SessionId): Client {
  return session as Client;
}

/**
 * Tells of each PUBACK of a client, after Aedes has taken its message out of the queue: it does so where there is no
 * queue too, while its event `ack` leaves out whose message it was in a clean session.
 */
export function watchPubacks(
  persistence: Persistence,
  onPuback: (client: Client, messageId: number) => void,
): void {
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingClearMessageId = async (session, packet) => {
    const cleared = await clear(session, packet);
    if (packet.cmd === 'puback' && packet.messageId !== undefined)
      onPuback(clientOf(session), packet.messageId);
    return cleared;
  };
}
