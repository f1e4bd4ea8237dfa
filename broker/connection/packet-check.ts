/**
 * What the body of a packet from a client must be like, judged on the whole packet before anybody acts on it.
 *
 * Second step of every packet, behind its fixed header (packet-scanner.ts). Aedes' parser reads on into the
 * next packet where a field is missing, and takes texts as they come. Invariants: the fields of a packet that
 * passes fill it, its identifier is not 0, its texts are UTF-8 without control characters.
 */
import { findConnectFault } from './connect-check.ts';
import { findAnswerFault, findDisconnectFault } from './packet-check-5.ts';
import {
  Fields,
  findTextFault,
  HASH,
  hasWildcard,
  malformed,
  type PacketFault,
  PLUS,
  SHORT,
  SLASH,
} from './packet-fields.ts';
import { findPropertiesFault } from './properties.ts';

export const CONNECT = 1;
export const PUBLISH = 3;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBSCRIBE = 8;
export const UNSUBSCRIBE = 10;
export const DISCONNECT = 14;

/**
 * Of one packet, ten times what a client may have: 64,000 would fit into 256 KiB and stop the event loop for 200 ms.
 */
export const MAX_FILTERS = 1_000;

/** Why the packet that begins at `start`, with its body from `body` to `end`, must end its connection. */
export function findPacketFault(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  is5 = false,
): PacketFault | undefined {
  const first = bytes[start] as number;
  const fields = new Fields(bytes, body, end);
  switch (first >> 4) {
    case CONNECT:
      return findConnectFault(fields, first & 0x0f);
    case PUBLISH:
      return malformed('PUBLISH', findPublishFault(fields, (first >> 1) & 3));
    case SUBSCRIBE:
      return findFiltersFault('SUBSCRIBE', fields, is5);
    case UNSUBSCRIBE:
      return findFiltersFault('UNSUBSCRIBE', fields, is5);
    case PUBACK:
    case PUBREC:
    case PUBREL:
    case PUBCOMP:
      return (
        malformed('acknowledgement', findIdentifierFault(fields)) ??
        (is5 ? findAnswerFault(first >> 4, fields) : undefined)
      );
    case DISCONNECT:
      return is5 ? findDisconnectFault(fields) : undefined;
  }
  return undefined;
}

/** [MQTT-3.3.2-2] a topic has no wildcard, [MQTT-4.7.3-1] and at least one character. */
function findPublishFault(fields: Fields, qos: number): string | undefined {
  const topic = fields.field();
  const fault = qos > 0 ? findIdentifierFault(fields) : fields.isShort ? SHORT : undefined;
  if (fault) return fault;
  if (topic.length === 0) return 'no topic';
  return hasWildcard(topic) ? 'a wildcard in its topic' : findTextFault(topic);
}

/** [MQTT-3.8.3-3], [MQTT-3.10.3-2] at least one filter; of a SUBSCRIBE each with its QoS [MQTT-3.8.3-4]. */
function findFiltersFault(
  packet: 'SUBSCRIBE' | 'UNSUBSCRIBE',
  fields: Fields,
  is5: boolean,
): PacketFault | undefined {
  const fault = findIdentifierFault(fields);
  if (fault) return malformed(packet, fault);
  const propertiesFault = is5 ? findPropertiesFault(fields, packet) : undefined;
  if (propertiesFault) return propertiesFault;
  let count = 0;
  do {
    const filter = fields.field();
    const options = packet === 'SUBSCRIBE' ? fields.byte() : 0;
    if (fields.isShort) return malformed(packet, SHORT);
    if (!(is5 ? areOptionsOf5(options) : options <= 2)) {
      return malformed(packet, is5 ? 'options that there are not' : 'a QoS above 2');
    }
    const filterFault = findFilterFault(filter);
    if (filterFault) return malformed(packet, filterFault);
    if (++count > MAX_FILTERS) return { reason: 'packet-too-large', detail: `${packet}: too many filters` };
  } while (fields.left > 0);
  return undefined;
}

/** [MQTT 5, 3.8.3.1] QoS, no local, retain as published, retain handling; two reserved bits. */
function areOptionsOf5(options: number): boolean {
  return (options & 0x03) !== 3 && (options & 0x30) !== 0x30 && (options & 0xc0) === 0;
}

/** [MQTT-2.3.1-1] an identifier is there and is not 0. */
function findIdentifierFault(fields: Fields): string | undefined {
  const identifier = fields.uint16();
  if (fields.isShort) return SHORT;
  return identifier === 0 ? 'packet identifier 0' : undefined;
}

/** [MQTT-4.7.1-2] # is a level of its own and the last one, [MQTT-4.7.1-3] + is a level of its own. */
function findFilterFault(filter: Uint8Array): string | undefined {
  if (filter.length === 0) return 'an empty filter';
  for (let at = 0; at < filter.length; at++) {
    if (filter[at] !== PLUS && filter[at] !== HASH) continue;
    const isWhole =
      (at === 0 || filter[at - 1] === SLASH) && (at + 1 === filter.length || filter[at + 1] === SLASH);
    if (!isWhole || (filter[at] === HASH && at + 1 < filter.length)) return 'a wildcard that is no level';
  }
  return findTextFault(filter);
}
