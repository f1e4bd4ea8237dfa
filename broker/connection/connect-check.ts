/**
 * What a CONNECT must be like: protocol, flags, and the fields that its flags announce.
 *
 * The part of packet-check.ts for the first packet of every connection. Invariant: of a CONNECT that passes each
 * flag has its field, and each field its flag.
 */
import {
  type Fields,
  findTextFault,
  hasWildcard,
  malformed,
  type PacketFault,
  SHORT,
} from './packet-fields.ts';
import { findPropertiesFault } from './properties.ts';

/** Flags of a CONNECT [MQTT 3.1.1, 3.1.2.3]. */
export const RESERVED_FLAG = 0x01;
export const WILL_FLAG = 0x04;
const WILL_RETAIN_FLAG = 0x20;
export const PASSWORD_FLAG = 0x40;
export const USER_NAME_FLAG = 0x80;

const UNACCEPTABLE_PROTOCOL: PacketFault = {
  reason: 'unacceptable-protocol',
  detail: 'CONNECT: a protocol level that is not one of ours',
  // CONNACK, no session, return code 1.
  answer: Buffer.from([0x20, 2, 0, 1]),
};

/** Name and level of version 5. */
const NAME_OF_5 = Buffer.from([0, 4, ...Buffer.from('MQTT'), 5]);

/** `unused` are the lower four bits of the first byte. */
export function findConnectFault(fields: Fields, unused: number): PacketFault | undefined {
  const name = String.fromCharCode(...fields.field().subarray(0, 8));
  const level = fields.byte();
  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
  if (name !== 'MQTT' && name !== 'MQIsdp') return malformed('CONNECT', 'another protocol');
  const is5 = name === 'MQTT' && level === 5;
  if (!is5 && level !== (name === 'MQTT' ? 4 : 3)) return UNACCEPTABLE_PROTOCOL;
  // [MQTT-2.2.2-2]
  if (unused !== 0) return malformed('CONNECT', 'flags in its first byte');
  const flags = fields.byte();
  const flagsFault = findConnectFlagsFault(flags, is5);
  if (flagsFault) return malformed('CONNECT', flagsFault);
  // Its keep alive.
  fields.uint16();
  const propertiesFault = is5 ? findPropertiesFault(fields, 'CONNECT') : undefined;
  return propertiesFault ?? findConnectPayloadFault(fields, flags, is5);
}

/** Whether the CONNECT whose body begins at `body` is one of version 5. */
export function isConnectOf5(bytes: Uint8Array, body: number, end: number): boolean {
  return end - body >= NAME_OF_5.length && NAME_OF_5.equals(bytes.subarray(body, body + NAME_OF_5.length));
}

function findConnectFlagsFault(flags: number, is5: boolean): string | undefined {
  const willQos = (flags >> 3) & 3;
  // [MQTT-3.1.2-3], [MQTT-3.1.2-14]
  if (flags & RESERVED_FLAG) return 'the reserved flag is set';
  if (willQos === 3) return 'the will has QoS 3';
  // [MQTT-3.1.2-13], [MQTT-3.1.2-15]
  if (!(flags & WILL_FLAG) && (willQos > 0 || flags & WILL_RETAIN_FLAG)) return 'QoS or retain of no will';
  // [MQTT-3.1.2-22] of 3.1.1; version 5 has passwords of nobody.
  if (!is5 && flags & PASSWORD_FLAG && !(flags & USER_NAME_FLAG)) return 'a password without a user name';
  return undefined;
}

function findConnectPayloadFault(fields: Fields, flags: number, is5: boolean): PacketFault | undefined {
  const strings = [fields.field()];
  if (flags & WILL_FLAG) {
    const willFault = is5 ? findPropertiesFault(fields, 'will') : undefined;
    if (willFault) return willFault;
    const topic = fields.field();
    if (!fields.isShort && (topic.length === 0 || hasWildcard(topic))) {
      return malformed('CONNECT', 'a will on no topic');
    }
    strings.push(topic);
    fields.field();
  }
  if (flags & USER_NAME_FLAG) strings.push(fields.field());
  if (flags & PASSWORD_FLAG) fields.field();
  if (fields.isShort) return malformed('CONNECT', SHORT);
  // [MQTT-3.1.2-18], [MQTT-3.1.2-20]: a user name or a password without its flag is such bytes too.
  if (fields.left > 0) return malformed('CONNECT', 'bytes behind its last field');
  for (const text of strings) {
    const fault = findTextFault(text);
    if (fault) return malformed('CONNECT', fault);
  }
  return undefined;
}
