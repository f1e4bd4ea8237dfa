/**
 * What leaves for a subscriber through Aedes: whether it goes, with which QoS, under which identifier.
 *
 * Asked for each message to each subscriber. Telemetry goes another way (observers.ts), by the same rules. Invariants:
 * who reads too little gets no more; a client of version 5 gets no packet larger than it takes, and no more at once to
 * acknowledge than it said.
 */
import type { AedesPublishPacket, Client } from 'aedes';
import { qosToBeSent } from '../aedes/aedes-inside.ts';
import { giveIdentifier, isIdentified, lowerQos, sizeToBeSent } from '../aedes/hooked-packets.ts';
import type { Connection } from '../connection/connection.ts';
import { RETAINED_PRICE } from '../connection/packet-prices.ts';
import { MAX_UNREAD_BYTES } from '../connection/read-pace.ts';

/**
 * Null where it does not go. What is to be acknowledged gets its identifier here, for Aedes would begin anywhere and
 * not look which are in use.
 */
export function judgeForward(
  connection: Connection,
  client: Client,
  packet: AedesPublishPacket,
): AedesPublishPacket | null {
  if (client.conn.writableLength > MAX_UNREAD_BYTES) {
    connection.end('slow-reader');
    return null;
  }
  // Of messages only those that were kept before the subscription still have it.
  if (packet.retain) connection.pace.charge(RETAINED_PRICE);
  if (connection.listening5 && !connection.takesPacket(sizeToBeSent(packet))) return null;
  const qos = qosToBeSent(client, packet);
  if (qos === 0) return packet;
  // It comes at once and with no acknowledgement, rather than late or not at all.
  if (!connection.mayAwait(isIdentified(packet))) lowerQos(packet);
  else giveIdentifier(packet, () => connection.outgoing.open(qos === 2 ? 2 : 1));
  return packet;
}
