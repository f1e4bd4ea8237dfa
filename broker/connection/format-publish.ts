/**
 * A PUBLISH of ours as bytes [MQTT 3.1.1, 3.3]: neither a repeat nor retained.
 *
 * Used for telemetry that goes to observers; what Aedes hands on it writes itself.
 */
const PUBLISH_QOS_0 = 0x30;
const PUBLISH_QOS_1 = 0x32;
const MAX_HEADER_BYTES = 5;

/** With a packet identifier it has QoS 1. */
export function formatPublish(topic: string, payload: Buffer, messageId?: number): Buffer {
  const topicLength = Buffer.byteLength(topic);
  const idLength = messageId === undefined ? 0 : 2;
  const bodyLength = 2 + topicLength + idLength + payload.length;
  const packet = Buffer.allocUnsafe(MAX_HEADER_BYTES + bodyLength);
  let at = packet.writeUInt8(messageId === undefined ? PUBLISH_QOS_0 : PUBLISH_QOS_1, 0);
  // [MQTT 3.1.1, 2.2.3] seven bits a byte, the lowest first; the eighth says that more follow.
  let left = bodyLength;
  do {
    at = packet.writeUInt8((left & 0x7f) | (left > 0x7f ? 0x80 : 0), at);
    left >>= 7;
  } while (left > 0);
  at = packet.writeUInt16BE(topicLength, at);
  at += packet.write(topic, at);
  if (messageId !== undefined) at = packet.writeUInt16BE(messageId, at);
  payload.copy(packet, at);
  return packet.subarray(0, at + payload.length);
}
