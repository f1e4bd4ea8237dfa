/**
 * TelemetryReader: the short way of what devices send most, PUBLISH packets of QoS 1 on a telemetry topic.
 *
 * It reads them off the front of bytes that the scanner has found sound, so that they need neither Aedes'
 * parser nor its queues; at the first packet of any other kind it stops, and Aedes gets that and all behind it.
 * Invariant: packets are taken in the order of the stream and only whole; it keeps nothing but the last topic and
 * the begin of a packet that is cut.
 */
import { parseDeviceTopic } from '../../devices/topics.ts';
import { ownCopy } from '../own-copy.ts';
import { CutPacket } from './cut-packet.ts';

const PUBLISH_QOS_1 = 0x32;
/** [MQTT-3.3.1-1] a repeat is taken like the first. */
const DUP = 0x08;
const NO_BYTES = Buffer.alloc(0);

export type TakeTelemetry = (topic: string, payload: Buffer, messageId: number) => void;

export class TelemetryReader {
  /** A device has one telemetry topic: it is judged and made a string once. */
  #topic = '';
  #topicBytes: Buffer = NO_BYTES;
  readonly #cut = new CutPacket();

  get hasCut(): boolean {
    return !this.#cut.isEmpty;
  }

  /** `sound`, and before it the cut packet that it goes on with; undefined while that is still cut. */
  join(sound: Buffer): Buffer | undefined {
    return this.#cut.join(sound);
  }

  /**
   * Takes what is telemetry at the front of `bytes`, which begin a packet. Returns the rest, which is for Aedes:
   * nothing where a packet of telemetry is cut, for that waits here.
   */
  read(bytes: Buffer, take: TakeTelemetry): Buffer {
    let start = 0;
    while (start < bytes.length && ((bytes[start] as number) & ~DUP) === PUBLISH_QOS_1) {
      const body = findBody(bytes, start);
      const end = body && body + remainingLength(bytes, start + 1, body);
      if (end === undefined || end > bytes.length) {
        this.#cut.begin(bytes.subarray(start), end === undefined ? 0 : end - start);
        return NO_BYTES;
      }
      if (!this.#takeOne(bytes, body as number, end, take)) break;
      start = end;
    }
    return start === 0 ? bytes : bytes.subarray(start);
  }

  /** False where it is not telemetry, or malformed. */
  #takeOne(bytes: Buffer, body: number, end: number, take: TakeTelemetry): boolean {
    const topicEnd = body + 2 + bytes.readUInt16BE(body);
    // Whose topic leaves no room for the packet identifier is malformed: Aedes ends the connection.
    if (topicEnd + 2 > end || !this.#isTelemetry(bytes, body + 2, topicEnd)) return false;
    const messageId = bytes.readUInt16BE(topicEnd);
    if (messageId === 0) return false;
    take(this.#topic, bytes.subarray(topicEnd + 2, end), messageId);
    return true;
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
