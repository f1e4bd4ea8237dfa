/**
 * Messages of QoS 2 between their PUBLISH and their PUBREL: what is kept of them, and of how many.
 *
 * Laid around Aedes' in-memory persistence, like bounded-persistence.ts. Aedes 1.2 had the bound itself; 2.0.0-beta.1
 * was made before it. Invariants: of one session at most MAX_UNRELEASED are kept; of each its topic and a digest.
 */
import { createHash } from 'node:crypto';
import type { PublishPacket } from 'aedes';
import type { Persistence } from './persistence.ts';

/** [MQTT 3.1.1] of one client between PUBLISH and PUBREL. Beyond it the connection ends. */
export const MAX_UNRELEASED = 1_000;

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

export function boundIncoming(persistence: Persistence): void {
  /** Packet identifiers, by session. */
  const unreleased = new Map<string, Set<number>>();
  const store = persistence.incomingStorePacket.bind(persistence);
  const release = persistence.incomingDelPacket.bind(persistence);
  const clean = persistence.cleanIncoming.bind(persistence);
  persistence.incomingStorePacket = async (session, packet) => {
    const own = unreleased.get(session.id) ?? new Set<number>();
    const { messageId = 0 } = packet;
    if (!own.has(messageId) && own.size >= MAX_UNRELEASED) {
      throw new Error(`${MAX_UNRELEASED} messages of QoS 2 await their PUBREL`);
    }
    // Before it is stored: all that one read brought comes here in one turn.
    unreleased.set(session.id, own.add(messageId));
    // Of a message that has been published only what tells a repeat of it matters until its PUBREL.
    await store(session, { ...packet, payload: digestPayload(packet.payload) });
  };
  persistence.incomingDelPacket = async (session, packet) => {
    const own = unreleased.get(session.id);
    if (own?.delete(packet.messageId ?? 0) && own.size === 0) unreleased.delete(session.id);
    // A second PUBREL may have been quicker. PUBCOMP is owed all the same, and 2.0.0-beta.1 would end the process.
    await release(session, packet).catch(() => undefined);
  };
  persistence.cleanIncoming = async (session) => {
    unreleased.delete(session.id);
    await clean(session);
  };
}
