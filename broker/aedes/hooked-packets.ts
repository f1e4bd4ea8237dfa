/**
 * Hooked packets: what Aedes goes on to do with a packet after a hook of ours has had it.
 *
 * Aedes hands its hooks the packet itself and reads it again afterwards, and says so nowhere. All that we change in a
 * packet for that reason is changed here; test/broker/aedes-touches.test.ts fails where an upgrade hands out copies.
 */
import type { AedesPublishPacket, PublishPacket, Subscription } from 'aedes';
import type { ConnectPacket } from '../clients/connect-rules.ts';

/** The CONNECT in `preConnect`: what is changed in it (client id, clean session, will) is what counts. */
export function connectOf(packet: object): ConnectPacket {
  return packet as ConnectPacket;
}

/**
 * Takes Aedes' timer for the keep alive away; returns the seconds that were asked for. It hears whole packets only,
 * and of telemetry nothing (life-signs.ts).
 */
export function takeKeepAlive(connect: ConnectPacket): number {
  const keepAliveS = connect.keepalive ?? 0;
  connect.keepalive = 0;
  return keepAliveS;
}

/**
 * Of version 5, in `preConnect`: a session that is resumed and is to end with its connection ends a second later. Aedes
 * would throw away what waits for it before it is sent.
 */
export function endSessionSoonAfter(connect: ConnectPacket): void {
  connect.properties = { ...connect.properties, sessionExpiryInterval: 1 };
}

/** In `authorizePublish`: the PUBACK of this publish is not Aedes' any more. Returns its packet identifier. */
export function takeOverPuback(packet: PublishPacket): number | undefined {
  packet.qos = 0;
  return packet.messageId;
}

/** In `authorizePublish`: Aedes takes no interest any more in retaining it. */
export function takeRetainAway(packet: PublishPacket): void {
  packet.retain = false;
}

/** In `authorizeForward`: the message leaves with QoS 0. */
export function lowerQos(packet: AedesPublishPacket): void {
  packet.qos = 0;
}

/** In `authorizeForward`: the message leaves with this identifier, where it has none. Aedes would begin anywhere. */
export function giveIdentifier(packet: AedesPublishPacket, next: () => number): number {
  const message = packet as { messageId?: number };
  message.messageId ||= next();
  return message.messageId;
}

/** In `authorizePublish`: a will is the very object that stood in the CONNECT. */
export function isSamePacket(packet: object, will: object | undefined): boolean {
  return packet === will;
}

/** In `authorizeForward`: it has been sent before, or its identifier is given. */
export function isIdentified(packet: AedesPublishPacket): boolean {
  return ((packet as { messageId?: number }).messageId ?? 0) > 0;
}

/** In `authorizeSubscribe`: the identifier that a client of version 5 gave it. */
export function identifierOf(subscription: Subscription): number | undefined {
  return (subscription as { subscriptionIdentifier?: number }).subscriptionIdentifier;
}

type Properties = Readonly<Record<string, unknown>>;
/** First byte, remaining length, topic's length, packet identifier, length of the properties. */
const MOST_FIXED_BYTES = 1 + 4 + 2 + 2 + 4;

/** In `authorizeForward`: how many bytes the packet of version 5 will have, at most. */
export function sizeToBeSent(packet: AedesPublishPacket): number {
  const { properties } = packet as { properties?: Properties };
  const own = Object.values(properties ?? {}).reduce((sum: number, each) => sum + sizeOfProperty(each), 0);
  return MOST_FIXED_BYTES + Buffer.byteLength(packet.topic) + packet.payload.length + own;
}

/** With its identifier: a number of four bytes at most, a text or bytes with their length, or pairs of texts. */
function sizeOfProperty(value: unknown): number {
  if (typeof value === 'string') return 3 + Buffer.byteLength(value);
  if (Buffer.isBuffer(value)) return 3 + value.length;
  if (typeof value !== 'object' || value === null) return 5;
  let bytes = 0;
  for (const [name, texts] of Object.entries(value)) {
    for (const text of [texts].flat()) bytes += 5 + Buffer.byteLength(name) + Buffer.byteLength(String(text));
  }
  return bytes;
}
