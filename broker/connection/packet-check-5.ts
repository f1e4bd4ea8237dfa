/**
 * What version 5 adds to the packets of a client: reason codes and properties behind what 3.1.1 has.
 *
 * The part of packet-check.ts for answers and DISCONNECT. Invariant: a reason code that passes is one that the
 * protocol has for its packet [MQTT 5, 2.4].
 */
import { type Fields, type PacketFault, SHORT } from './packet-fields.ts';
import { findPropertiesFault } from './properties.ts';

const PUBACK = 4;
const PUBREC = 5;
/** PUBACK and PUBREC [MQTT 5, 3.4.2.1]. */
const OF_RECEIVERS = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
/** PUBREL and PUBCOMP [MQTT 5, 3.6.2.1]. */
const OF_RELEASES = [0x00, 0x92];
/** From a client [MQTT 5, 3.14.2.1]. */
const OF_DISCONNECT = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];
/** A message is not taken from here on, and its conversation is over. */
export const FIRST_REFUSAL = 0x80;

/** `fields` stand behind the packet identifier. Both parts may be left out. */
export function findAnswerFault(type: number, fields: Fields): PacketFault | undefined {
  const codes = type === PUBACK || type === PUBREC ? OF_RECEIVERS : OF_RELEASES;
  if (fields.left > 0 && !codes.includes(fields.byte())) {
    return { reason: 'malformed', detail: 'acknowledgement: no such reason code' };
  }
  return findLastPropertiesFault(fields, 'answer');
}

export function findDisconnectFault(fields: Fields): PacketFault | undefined {
  if (fields.left > 0 && !OF_DISCONNECT.includes(fields.byte())) {
    return { reason: 'malformed', detail: 'DISCONNECT: no such reason code' };
  }
  return findLastPropertiesFault(fields, 'DISCONNECT');
}

function findLastPropertiesFault(fields: Fields, holder: 'answer' | 'DISCONNECT'): PacketFault | undefined {
  const fault = fields.left > 0 ? findPropertiesFault(fields, holder) : undefined;
  if (fault) return fault;
  if (fields.isShort) return { reason: 'malformed', detail: `${holder}: ${SHORT}` };
  return fields.left > 0
    ? { reason: 'malformed', detail: `${holder}: bytes behind its last field` }
    : undefined;
}
