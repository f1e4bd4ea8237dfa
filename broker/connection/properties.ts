/**
 * Properties of MQTT 5: which stand in which packet, what each is like, and that none comes twice.
 *
 * Asked by the checks of packets before a parser sees them. Invariants: a packet has at most MAX_PROPERTIES of them;
 * every text in them is sound; what is not in the table [MQTT 5, 2.2.2.2] ends the connection.
 */
import { type Fields, findTextFault, hasWildcard, type PacketFault, SHORT } from './packet-fields.ts';

/** A will's properties stand in the payload of its CONNECT. */
export type PropertyHolder =
  | 'CONNECT'
  | 'will'
  | 'PUBLISH'
  | 'SUBSCRIBE'
  | 'UNSUBSCRIBE'
  | 'DISCONNECT'
  | 'answer';
type Form = 'flag' | 'uint16' | 'uint32' | 'varint' | 'text' | 'bytes' | 'pair';

interface Property {
  readonly form: Form;
  readonly in: readonly PropertyHolder[];
  /** A protocol error where it is 0. */
  readonly isPositive?: boolean;
}

export const TOPIC_ALIAS = 0x23;
const RESPONSE_TOPIC = 0x08;
const USER_PROPERTY = 0x26;
const MESSAGE: readonly PropertyHolder[] = ['PUBLISH', 'will'];

/** What a client may send [MQTT 5, 2.2.2.2], by identifier. */
const PROPERTIES: ReadonlyMap<number, Property> = new Map<number, Property>([
  [0x01, { form: 'flag', in: MESSAGE }],
  [0x02, { form: 'uint32', in: MESSAGE }],
  [0x03, { form: 'text', in: MESSAGE }],
  [RESPONSE_TOPIC, { form: 'text', in: MESSAGE }],
  [0x09, { form: 'bytes', in: MESSAGE }],
  [0x0b, { form: 'varint', in: ['SUBSCRIBE'], isPositive: true }],
  [0x11, { form: 'uint32', in: ['CONNECT', 'DISCONNECT'] }],
  [0x15, { form: 'text', in: ['CONNECT'] }],
  [0x16, { form: 'bytes', in: ['CONNECT'] }],
  [0x17, { form: 'flag', in: ['CONNECT'] }],
  [0x18, { form: 'uint32', in: ['will'] }],
  [0x19, { form: 'flag', in: ['CONNECT'] }],
  [0x1f, { form: 'text', in: ['answer', 'DISCONNECT'] }],
  [0x21, { form: 'uint16', in: ['CONNECT'], isPositive: true }],
  [0x22, { form: 'uint16', in: ['CONNECT'] }],
  [TOPIC_ALIAS, { form: 'uint16', in: ['PUBLISH'] }],
  [
    USER_PROPERTY,
    { form: 'pair', in: ['CONNECT', 'will', 'PUBLISH', 'SUBSCRIBE', 'UNSUBSCRIBE', 'DISCONNECT', 'answer'] },
  ],
  [0x27, { form: 'uint32', in: ['CONNECT'], isPositive: true }],
]);

/** Four times what firmware sends; each becomes an object in the parser. */
export const MAX_PROPERTIES = 64;

export interface FoundNumber {
  readonly value: number;
  /** Where its identifier stands in the packet. */
  readonly at: number;
}
export type FoundNumbers = Map<number, FoundNumber>;

/** Reads the properties that come next in `fields`. `numbers` gets those that are numbers. */
export function findPropertiesFault(
  fields: Fields,
  holder: PropertyHolder,
  numbers?: FoundNumbers,
): PacketFault | undefined {
  const own = fields.part(fields.varint());
  if (fields.isShort) return fault('malformed', holder, `${SHORT}, its properties`);
  /** One bit for each identifier: they are below 64. */
  let seen = 0n;
  for (let count = 0; own.left > 0; count++) {
    if (count >= MAX_PROPERTIES) return fault('packet-too-large', holder, 'more than 64 properties');
    const at = own.at;
    const identifier = own.varint();
    const property = PROPERTIES.get(identifier);
    if (!property?.in.includes(holder)) {
      return fault('malformed', holder, `property ${identifier} has no place here`);
    }
    const bit = 1n << BigInt(identifier);
    if (identifier !== USER_PROPERTY && seen & bit) {
      return fault('protocol-violation', holder, `property ${identifier} comes twice`);
    }
    seen |= bit;
    const found = findValueFault(own, { identifier, at, holder }, property, numbers);
    if (found) return found;
  }
  return undefined;
}

function findValueFault(
  own: Fields,
  { identifier, at, holder }: { identifier: number; at: number; holder: PropertyHolder },
  { form, isPositive }: Property,
  numbers: FoundNumbers | undefined,
): PacketFault | undefined {
  const texts: Uint8Array[] = [];
  let value: number | undefined;
  if (form === 'text') texts.push(own.field());
  else if (form === 'pair') texts.push(own.field(), own.field());
  else if (form === 'bytes') own.field();
  else value = form === 'flag' ? own.byte() : form === 'uint16' ? own.uint16() : readLong(own, form);
  if (own.isShort) return fault('malformed', holder, `property ${identifier} is cut`);
  if ((form === 'flag' && (value as number) > 1) || (isPositive && value === 0)) {
    return fault('protocol-violation', holder, `property ${identifier} may not be ${value}`);
  }
  for (const text of texts) {
    const textFault = findTextFault(text);
    if (textFault) return fault('malformed', holder, `property ${identifier}: ${textFault}`);
  }
  // [MQTT-3.3.2-14] where an answer goes is a topic.
  if (identifier === RESPONSE_TOPIC && hasWildcard(texts[0] as Uint8Array)) {
    return fault('protocol-violation', holder, 'a wildcard in its response topic');
  }
  if (value !== undefined) numbers?.set(identifier, { value, at });
  return undefined;
}

function readLong(own: Fields, form: Form): number {
  return form === 'uint32' ? own.uint32() : own.varint();
}

function fault(reason: PacketFault['reason'], holder: PropertyHolder, words: string): PacketFault {
  return { reason, detail: `${holder}: ${words}` };
}
