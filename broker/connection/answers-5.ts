/**
 * What a client of version 5 is told beyond an acknowledgement: why a message was refused, and why it is cut off.
 *
 * Written by the answer queue and by the end of a connection. Invariants: a refused message has its rejection's own
 * sentence, cut to MAX_REASON_BYTES; who asked for no such words [MQTT-3.1.2-29], or for packets too small for them,
 * gets the reason code alone.
 */
import type { Rejection, RejectionReason } from '../../devices/rejection.ts';
import type { EndReason } from './end-reason.ts';
import { formatVarint } from './publish-5.ts';

/** What it said in its CONNECT. */
export interface Listening5 {
  readonly wantsReasons: boolean;
  readonly maxPacketBytes: number;
  /** Messages of QoS 1 and 2 at once. */
  readonly maxUnacknowledged: number;
  /** The keep alive that its CONNACK tells it; undefined where its own holds. */
  readonly serverKeepAliveS: number | undefined;
}

const REASON_STRING = 0x1f;
const PUBACK = 0x40;
const PUBREC = 0x50;
const DISCONNECT = 0xe0;
const SUCCESS = 0x00;
const NOT_AUTHORIZED = 0x87;
const TOPIC_NAME_INVALID = 0x90;
const PACKET_TOO_LARGE = 0x95;
const QUOTA_EXCEEDED = 0x97;
const PAYLOAD_FORMAT_INVALID = 0x99;
/** A sentence; what a modem with 512 bytes for a packet can still read. */
export const MAX_REASON_BYTES = 400;

/** Reasons of which the payload is no cause; of all others it is. */
const CODES = new Map<RejectionReason, number>([
  ['bad-topic', TOPIC_NAME_INVALID],
  ['unknown-city', TOPIC_NAME_INVALID],
  ['unknown-kind', TOPIC_NAME_INVALID],
  ['unknown-device', NOT_AUTHORIZED],
  ['wrong-kind', NOT_AUTHORIZED],
  ['wrong-device', NOT_AUTHORIZED],
  ['unclaimed', NOT_AUTHORIZED],
  ['over-quota', QUOTA_EXCEEDED],
  // A PUBACK has no "packet too large" [MQTT 5, 3.4.2.1]; this one is any limit of ours.
  ['too-large', QUOTA_EXCEEDED],
]);
/**
 * [MQTT 5, 3.14.2.1]; where there is none the client sees its connection close. Who does not read would not read why.
 */
const END_CODES = new Map<EndReason, number>([
  ['taken-over', 0x8e],
  ['gave-way', QUOTA_EXCEEDED],
  ['keep-alive-timeout', 0x8d],
  ['packet-too-large', PACKET_TOO_LARGE],
  ['malformed', 0x81],
  ['protocol-violation', 0x82],
  ['too-slow', 0x8d],
  ['not-stored', 0x89],
  ['internal-error', 0x83],
  ['revoked', NOT_AUTHORIZED],
  ['server-closing', 0x8b],
]);

/** The PUBACK, or the PUBREC, of a message that was refused, or `isPartly`. */
export function formatRefusal(
  qos: number,
  messageId: number,
  { reason, detail }: Rejection,
  isPartly: boolean,
  listening: Listening5,
): Buffer {
  const code = isPartly ? SUCCESS : (CODES.get(reason) ?? PAYLOAD_FORMAT_INVALID);
  const identifier = Buffer.alloc(2);
  identifier.writeUInt16BE(messageId);
  return formatWithReason(qos === 2 ? PUBREC : PUBACK, [identifier, Buffer.of(code)], detail, listening);
}

/** Undefined where the protocol has no word for it. */
export function formatDisconnect(
  reason: EndReason,
  code: number | undefined,
  detail: string | undefined,
  listening: Listening5,
): Buffer | undefined {
  const told = code ?? END_CODES.get(reason);
  if (told === undefined) return undefined;
  return formatWithReason(DISCONNECT, [Buffer.of(told)], detail, listening);
}

function formatWithReason(
  first: number,
  fields: readonly Buffer[],
  words: string | undefined,
  { wantsReasons, maxPacketBytes }: Pick<Listening5, 'wantsReasons' | 'maxPacketBytes'>,
): Buffer {
  const bare = join(first, fields);
  if (words === undefined || !wantsReasons) return bare;
  const text = cutText(words);
  const head = Buffer.alloc(3);
  head[0] = REASON_STRING;
  head.writeUInt16BE(text.length, 1);
  const told = join(first, [...fields, formatVarint(head.length + text.length), head, text]);
  return told.length > maxPacketBytes ? bare : told;
}

function join(first: number, fields: readonly Buffer[]): Buffer {
  const length = fields.reduce((sum, each) => sum + each.length, 0);
  return Buffer.concat([Buffer.of(first), formatVarint(length), ...fields]);
}

/** Whole characters, none of which MQTT takes for malformed: a detail may quote what a device sent. */
function cutText(words: string): Buffer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const sound = words.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
  let text = Buffer.from(sound);
  if (text.length > MAX_REASON_BYTES) {
    let end = MAX_REASON_BYTES;
    // A byte of the form 10xxxxxx is in the middle of a character.
    while (((text[end] as number) & 0xc0) === 0x80) end--;
    text = text.subarray(0, end);
  }
  return text;
}
