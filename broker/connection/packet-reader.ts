/**
 * PacketReader: cuts the bytes that the scanner passed into whole packets, checks each, and says whose it is.
 *
 * Telemetry of QoS 1 takes the short way, past Aedes' parser and queues; all else goes to Aedes. Invariants:
 * packets go on whole and in the order of the stream, none behind one with a fault; it keeps nothing but the last
 * topic and the beginning of a packet that is cut.
 */
import { parseDeviceTopic } from '../../devices/topics.ts';
import { ownCopy } from '../own-copy.ts';
import { isConnectOf5 } from './connect-check.ts';
import { CutPacket } from './cut-packet.ts';
import { clearUnused, isConnectOf31 } from './mqtt-3-1.ts';
import { CONNECT, findPacketFault, PUBACK, PUBCOMP, PUBLISH, PUBREC } from './packet-check.ts';
import { FIRST_REFUSAL } from './packet-check-5.ts';
import type { PacketFault } from './packet-fields.ts';
import { TopicAliases, withoutAlias } from './publish-5.ts';

const PUBLISH_QOS_1 = 0x32;
/** [MQTT-3.3.1-1] a repeat is taken like the first. */
const DUP = 0x08;
/** Of what we sent; a PUBREL is of what we got. */
const ACKNOWLEDGEMENTS = [PUBACK, PUBREC, PUBCOMP];
const WRONG_ACKNOWLEDGEMENT: PacketFault = {
  reason: 'protocol-violation',
  detail: 'acknowledgement: not the one that its message needs',
};
const NO_BYTES = Buffer.alloc(0);

export interface PacketTakers {
  /** The payload is a view into the bytes read. */
  readonly takeTelemetry: (topic: string, payload: Buffer, messageId: number) => void;
  /** Whole packets in one piece, a view into the bytes read. */
  readonly giveAedes: (packets: Buffer) => void;
  /**
   * False: the message with this identifier waits for another type of packet. `isRefused`: the client has said that
   * it does not take it, which ends the conversation.
   */
  readonly acknowledge: (type: number, identifier: number, isRefused: boolean) => boolean;
}

export class PacketReader {
  /** The CONNECT was of MQTT 3.1. */
  is31 = false;
  /** It was of MQTT 5. */
  is5 = false;
  readonly #takers: PacketTakers;
  /** A device has one telemetry topic: it is judged and made a string once. */
  #topic = '';
  #topicBytes: Buffer = NO_BYTES;
  readonly #cut = new CutPacket();
  readonly #aliases = new TopicAliases();

  constructor(takers: PacketTakers) {
    this.#takers = takers;
  }

  /** Hands on the packets that `sound` completes. Returns why the connection must end, if it must. */
  read(sound: Buffer): PacketFault | undefined {
    const bytes = this.#cut.join(sound);
    if (bytes === undefined) return undefined;
    /** Where the packets begin that Aedes has yet to get. */
    let due = 0;
    let at = 0;
    while (at < bytes.length) {
      const body = findBody(bytes, at);
      const end = body && body + remainingLength(bytes, at + 1, body);
      if (body === undefined || end === undefined || end > bytes.length) {
        this.#cut.begin(bytes.subarray(at), end === undefined ? 0 : end - at);
        break;
      }
      if (this.#isDirect(bytes, at, body, end)) {
        this.#give(bytes, due, at);
        this.#takeOne(bytes, body, end);
        due = end;
      } else if (this.is5 && (bytes[at] as number) >> 4 === PUBLISH) {
        this.#give(bytes, due, at);
        const fault = this.#takePublish5(bytes, at, body, end);
        if (fault) return fault;
        due = end;
      } else {
        const fault = this.#findFault(bytes, at, body, end);
        if (fault) {
          this.#give(bytes, due, at);
          return fault;
        }
      }
      at = end;
    }
    this.#give(bytes, due, at);
    return undefined;
  }

  #findFault(bytes: Buffer, start: number, body: number, end: number): PacketFault | undefined {
    const type = (bytes[start] as number) >> 4;
    if (type === CONNECT) {
      this.is31 = isConnectOf31(bytes, body, end);
      this.is5 = isConnectOf5(bytes, body, end);
    }
    if (this.is31) clearUnused(bytes, start, body, end);
    const fault = findPacketFault(bytes, start, body, end, this.is5);
    if (fault || !ACKNOWLEDGEMENTS.includes(type)) return fault;
    const isRefused = end > body + 2 && (bytes[body + 2] as number) >= FIRST_REFUSAL;
    const isAsked = this.#takers.acknowledge(type, bytes.readUInt16BE(body), isRefused);
    return isAsked ? undefined : WRONG_ACKNOWLEDGEMENT;
  }

  /** Hands on a PUBLISH of version 5, by the short way or to Aedes, which sees no alias. */
  #takePublish5(bytes: Buffer, start: number, body: number, end: number): PacketFault | undefined {
    const first = bytes[start] as number;
    const publish = this.#aliases.read(bytes, first, body, end);
    if ('reason' in publish) return publish;
    const { topic, messageId, payloadAt, aliasAt } = publish;
    if ((first & ~DUP) === PUBLISH_QOS_1 && this.#isTelemetry(topic, 0, topic.length)) {
      this.#takers.takeTelemetry(this.#topic, bytes.subarray(payloadAt, end), messageId);
    } else if (aliasAt === undefined) this.#give(bytes, start, end);
    else this.#takers.giveAedes(withoutAlias(bytes, first, end, publish));
    return undefined;
  }

  #give(bytes: Buffer, from: number, to: number): void {
    if (from < to) this.#takers.giveAedes(bytes.subarray(from, to));
  }

  /** Whether it is telemetry of QoS 1 without a fault; of version 5, and without properties. */
  #isDirect(bytes: Buffer, start: number, body: number, end: number): boolean {
    if (((bytes[start] as number) & ~DUP) !== PUBLISH_QOS_1) return false;
    const topicEnd = body + 2 + bytes.readUInt16BE(body);
    if (topicEnd + 2 > end || bytes.readUInt16BE(topicEnd) === 0) return false;
    if (this.is5 && (topicEnd + 2 === end || bytes[topicEnd + 2] !== 0)) return false;
    return this.#isTelemetry(bytes, body + 2, topicEnd);
  }

  #takeOne(bytes: Buffer, body: number, end: number): void {
    const topicEnd = body + 2 + this.#topicBytes.length;
    const payload = bytes.subarray(topicEnd + (this.is5 ? 3 : 2), end);
    this.#takers.takeTelemetry(this.#topic, payload, bytes.readUInt16BE(topicEnd));
  }

  #isTelemetry(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isKnown(bytes, from, to)) return true;
    const topic = bytes.toString('utf8', from, to);
    const parsed = parseDeviceTopic(topic);
    if (typeof parsed === 'string' || parsed.channel !== 'telemetry') return false;
    this.#topic = topic;
    this.#topicBytes = ownCopy(bytes.subarray(from, to));
    return true;
  }

  /** Byte by byte: a call into Node costs more for so few. */
  #isKnown(bytes: Buffer, from: number, to: number): boolean {
    const known = this.#topicBytes;
    if (to - from !== known.length || known.length === 0) return false;
    for (let i = 0; i < known.length; i++) if (bytes[from + i] !== known[i]) return false;
    return true;
  }
}

/** Where the remaining length ends and the body begins; undefined where it is cut. */
function findBody(bytes: Buffer, start: number): number | undefined {
  let at = start + 1;
  while (at < bytes.length) if ((bytes[at++] as number) < 0x80) return at;
  return undefined;
}

function remainingLength(bytes: Buffer, from: number, to: number): number {
  let length = 0;
  for (let at = from; at < to; at++) length |= ((bytes[at] as number) & 0x7f) << (7 * (at - from));
  return length;
}
