/**
 * A PUBLISH of version 5: its topic, which may be an alias, and where its payload begins behind the properties.
 *
 * Asked by packet-reader.ts for each PUBLISH of such a client. Aliases are resolved here, and whoever gets the
 * packet further on sees its topic. Invariants: of one connection at most MAX_ALIASES topics are remembered, none
 * longer than MAX_ALIASED_BYTES; a packet that passes has a sound topic and sound properties.
 */
import { ownCopy } from '../own-copy.ts';
import { Fields, findTextFault, hasWildcard, type PacketFault, SHORT } from './packet-fields.ts';
import { type FoundNumbers, findPropertiesFault, TOPIC_ALIAS } from './properties.ts';

/** A gateway with that many gauges behind it saves their topics; announced in CONNACK. */
export const MAX_ALIASES = 16;
/** Five times the longest topic of ours. */
export const MAX_ALIASED_BYTES = 1_024;
const ALIAS_INVALID = { reason: 'protocol-violation', code: 0x94 } as const;
/** Any property with two bytes: identifier and value. */
const ALIAS_BYTES = 3;

export interface Publish5 {
  /** In UTF-8; a view that lasts for this turn, or what an alias stands for. */
  readonly topic: Buffer;
  /** 0 with QoS 0. */
  readonly messageId: number;
  /** Where the length of its properties stands. */
  readonly propertiesAt: number;
  readonly payloadAt: number;
  /** Where its alias stands. */
  readonly aliasAt: number | undefined;
}

export class TopicAliases {
  readonly #topics = new Map<number, Buffer>();

  /** The PUBLISH whose body is from `body` to `end`, or why it must end its connection. */
  read(bytes: Buffer, first: number, body: number, end: number): Publish5 | PacketFault {
    const fields = new Fields(bytes, body, end);
    const named = fields.field();
    const qos = (first >> 1) & 3;
    const messageId = qos > 0 ? fields.uint16() : 0;
    if (fields.isShort) return { reason: 'malformed', detail: `PUBLISH: ${SHORT}` };
    if (qos > 0 && messageId === 0) return { reason: 'malformed', detail: 'PUBLISH: packet identifier 0' };
    const propertiesAt = fields.at;
    const numbers: FoundNumbers = new Map();
    const fault = findPropertiesFault(fields, 'PUBLISH', numbers);
    if (fault) return fault;
    const alias = numbers.get(TOPIC_ALIAS);
    const topic = this.#resolve(named, alias?.value);
    if (!Buffer.isBuffer(topic)) return topic;
    return { topic, messageId, propertiesAt, payloadAt: fields.at, aliasAt: alias?.at };
  }

  #resolve(named: Uint8Array, alias: number | undefined): Buffer | PacketFault {
    if (alias !== undefined && (alias === 0 || alias > MAX_ALIASES)) {
      return { ...ALIAS_INVALID, detail: `PUBLISH: topic alias ${alias} of ${MAX_ALIASES}` };
    }
    if (named.length === 0) {
      if (alias === undefined)
        return { reason: 'protocol-violation', detail: 'PUBLISH: no topic and no alias' };
      return (
        this.#topics.get(alias) ?? {
          reason: 'protocol-violation',
          detail: `PUBLISH: topic alias ${alias} has no topic`,
        }
      );
    }
    if (hasWildcard(named)) return { reason: 'malformed', detail: 'PUBLISH: a wildcard in its topic' };
    const textFault = findTextFault(named);
    if (textFault) return { reason: 'malformed', detail: `PUBLISH: ${textFault}` };
    const topic = Buffer.from(named.buffer, named.byteOffset, named.length);
    if (alias === undefined) return topic;
    if (topic.length > MAX_ALIASED_BYTES) {
      return { ...ALIAS_INVALID, detail: 'PUBLISH: a topic too long for an alias' };
    }
    const kept = ownCopy(topic);
    this.#topics.set(alias, kept);
    return kept;
  }
}

/** The same packet with its topic and without its alias, for a parser that knows no alias. */
export function withoutAlias(bytes: Buffer, first: number, end: number, publish: Publish5): Buffer {
  const { topic, messageId, propertiesAt, payloadAt, aliasAt: at = payloadAt } = publish;
  const own = new Fields(bytes, propertiesAt, payloadAt);
  const length = own.varint();
  const from = own.at;
  const kept = [bytes.subarray(from, at), bytes.subarray(at + ALIAS_BYTES, payloadAt)];
  const head = Buffer.alloc(2);
  head.writeUInt16BE(topic.length);
  const identifier = Buffer.alloc(messageId > 0 ? 2 : 0);
  if (messageId > 0) identifier.writeUInt16BE(messageId);
  const rest = [
    ...[head, topic, identifier, formatVarint(length - ALIAS_BYTES)],
    ...[...kept, bytes.subarray(payloadAt, end)],
  ];
  const bodyLength = rest.reduce((sum, each) => sum + each.length, 0);
  return Buffer.concat([Buffer.of(first), formatVarint(bodyLength), ...rest]);
}

export function formatVarint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}
