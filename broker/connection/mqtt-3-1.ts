/**
 * MQTT 3.1, of modems made before 2014: what it leaves open and 3.1.1 does not.
 *
 * It calls flags "not used" where 3.1.1 closes the connection, and lets the remaining length win over a flag that
 * announces a user name. A packet of 3.1 is made one of 3.1.1 here, in place, so that one check and one parser
 * serve both. Invariant: only what 3.1 declares unused is changed, and no packet becomes longer or shorter.
 */
import { PASSWORD_FLAG, RESERVED_FLAG, USER_NAME_FLAG, WILL_FLAG } from './connect-check.ts';
import { CONNECT, PUBLISH, PUBREL, SUBSCRIBE, UNSUBSCRIBE } from './packet-check.ts';
import { Fields } from './packet-fields.ts';

const NAME = Buffer.from([0, 6, ...Buffer.from('MQIsdp'), 3]);
/** Where the flags stand in the body of its CONNECT: behind name and level. */
const FLAGS_AT = NAME.length;
/** Will QoS and will retain: without a will "their value is disregarded" [MQTT 3.1, 3.1]. */
const OPTIONS_OF_A_WILL = 0x38;
/** Sent with QoS 1; DUP is allowed, RETAIN is not used [MQTT 3.1, 3.6, 3.8, 3.10]. */
const WITH_QOS_1 = [PUBREL, SUBSCRIBE, UNSUBSCRIBE];
const QOS_BITS = 0x06;
const QOS_1 = 0x02;

/** Whether the CONNECT whose body begins at `body` is one of 3.1. */
export function isConnectOf31(bytes: Uint8Array, body: number, end: number): boolean {
  return end - body > FLAGS_AT && NAME.equals(bytes.subarray(body, body + FLAGS_AT));
}

/** Whether 3.1 allows the lower four bits of the first byte. Those of a PUBLISH mean the same in both. */
export function areFlagsOf31(type: number, flags: number): boolean {
  return !WITH_QOS_1.includes(type) || (flags & QOS_BITS) === QOS_1;
}

/** Clears what 3.1 does not use in the packet that begins at `start`, with its body from `body` to `end`. */
export function clearUnused(bytes: Uint8Array, start: number, body: number, end: number): void {
  const type = (bytes[start] as number) >> 4;
  if (type !== PUBLISH) bytes[start] = (type << 4) | (WITH_QOS_1.includes(type) ? QOS_1 : 0);
  if (type === CONNECT) clearConnectFlags(bytes, body, end);
  else if (type === SUBSCRIBE) clearSubscribeOptions(bytes, body, end);
}

/** [MQTT 3.1, 3.1] "the Remaining Length takes precedence over the User Name flag", and the Password flag. */
function clearConnectFlags(bytes: Uint8Array, body: number, end: number): void {
  const at = body + FLAGS_AT;
  let flags = (bytes[at] as number) & ~RESERVED_FLAG;
  if (!(flags & WILL_FLAG)) flags &= ~OPTIONS_OF_A_WILL;
  const fields = new Fields(bytes, at + 1, end);
  fields.uint16();
  fields.field();
  if (flags & WILL_FLAG) {
    fields.field();
    fields.field();
  }
  if (fields.left === 0) flags &= ~(USER_NAME_FLAG | PASSWORD_FLAG);
  else if (flags & USER_NAME_FLAG) {
    fields.field();
    if (fields.left === 0) flags &= ~PASSWORD_FLAG;
  }
  bytes[at] = flags;
}

/** The upper six bits beside each filter are reserved, not forbidden. */
function clearSubscribeOptions(bytes: Uint8Array, body: number, end: number): void {
  const fields = new Fields(bytes, body, end);
  fields.uint16();
  while (fields.left > 0) {
    fields.field();
    const at = end - fields.left;
    if (at < end) bytes[at] = (bytes[at] as number) & 0x03;
    fields.byte();
  }
}
