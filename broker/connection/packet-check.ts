/**
 * What the body of a packet from a client must be like, judged on the whole packet before anybody acts on it.
 *
 * Second step of every packet, behind its fixed header (packet-scanner.ts). Aedes' parser reads on into the
 * next packet where a field is missing, and answers with an identifier that nobody sent. Invariant: the fields
 * of a packet that passes lie within it, and its identifier is not 0.
 */
import type { EndReason } from './end-reason.ts';

export const CONNECT = 1;
export const PUBLISH = 3;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBSCRIBE = 8;
export const UNSUBSCRIBE = 10;
export const DISCONNECT = 14;

/** Why a packet ends its connection: the reason for metrics, and words for whoever wrote the firmware. */
export interface PacketFault {
  readonly reason: EndReason;
  readonly detail: string;
}

const UNACCEPTABLE_PROTOCOL: PacketFault = {
  reason: 'unacceptable-protocol',
  detail: 'the protocol level is not one of ours',
};

/** Reads the fields of one packet. What lies beyond its end reads as 0 or nothing, and is noted. */
class Fields {
  isShort = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    if (this.left < 1) {
      this.isShort = true;
      return 0;
    }
    return this.#bytes[this.#at++] as number;
  }

  uint16(): number {
    const high = this.byte();
    return (high << 8) | this.byte();
  }

  /** A field that says its length in its first two bytes: a string, a secret, a will's payload. */
  field(): Uint8Array {
    const length = this.uint16();
    if (this.left < length) {
      this.isShort = true;
      this.#at = this.#end;
    }
    const from = this.#at;
    this.#at = Math.min(this.#end, from + length);
    return this.#bytes.subarray(from, this.#at);
  }
}

/** Why the packet that begins at `start`, with its body from `body` to `end`, must end its connection. */
export function findPacketFault(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
): PacketFault | undefined {
  const first = bytes[start] as number;
  const fields = new Fields(bytes, body, end);
  switch (first >> 4) {
    case CONNECT:
      return findConnectFault(fields);
    case PUBLISH:
      return malformed('PUBLISH', findPublishFault(fields, (first >> 1) & 3));
    case SUBSCRIBE:
      return malformed('SUBSCRIBE', findSubscribeFault(fields));
    case UNSUBSCRIBE:
      return malformed('UNSUBSCRIBE', findUnsubscribeFault(fields));
    case PUBACK:
    case PUBREC:
    case PUBREL:
    case PUBCOMP:
      return malformed('acknowledgement', findIdentifierFault(fields));
  }
  return undefined;
}

function malformed(packet: string, fault: string | undefined): PacketFault | undefined {
  return fault === undefined ? undefined : { reason: 'malformed', detail: `${packet}: ${fault}` };
}

const SHORT = 'ends before its last field';

function findConnectFault(fields: Fields): PacketFault | undefined {
  const name = String.fromCharCode(...fields.field().subarray(0, 8));
  const level = fields.byte();
  // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
  if (name !== 'MQTT' && name !== 'MQIsdp') return malformed('CONNECT', 'another protocol');
  if (level !== (name === 'MQTT' ? 4 : 3)) return UNACCEPTABLE_PROTOCOL;
  const flags = fields.byte();
  // [MQTT-3.1.2-3], [MQTT-3.1.2-14]
  if (flags & 0x01) return malformed('CONNECT', 'the reserved flag is set');
  if (((flags >> 3) & 3) === 3) return malformed('CONNECT', 'the will has QoS 3');
  fields.uint16();
  fields.field();
  if (flags & 0x04) {
    fields.field();
    fields.field();
  }
  if (flags & 0x80) fields.field();
  if (flags & 0x40) fields.field();
  return fields.isShort ? malformed('CONNECT', SHORT) : undefined;
}

function findPublishFault(fields: Fields, qos: number): string | undefined {
  fields.field();
  if (qos > 0) return findIdentifierFault(fields);
  return fields.isShort ? SHORT : undefined;
}

/** [MQTT-3.8.3-3] at least one filter, each with its QoS. */
function findSubscribeFault(fields: Fields): string | undefined {
  const fault = findIdentifierFault(fields);
  if (fault) return fault;
  do {
    fields.field();
    fields.byte();
    if (fields.isShort) return SHORT;
  } while (fields.left > 0);
  return undefined;
}

/** [MQTT-3.10.3-2] at least one filter. */
function findUnsubscribeFault(fields: Fields): string | undefined {
  const fault = findIdentifierFault(fields);
  if (fault) return fault;
  do {
    fields.field();
    if (fields.isShort) return SHORT;
  } while (fields.left > 0);
  return undefined;
}

/** [MQTT-2.3.1-1] an identifier is there and is not 0. */
function findIdentifierFault(fields: Fields): string | undefined {
  const identifier = fields.uint16();
  if (fields.isShort) return SHORT;
  return identifier === 0 ? 'packet identifier 0' : undefined;
}
