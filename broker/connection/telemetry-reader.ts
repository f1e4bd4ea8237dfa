/**
 * TelemetryReader: the short way of what devices send most, PUBLISH packets of QoS 1 on a telemetry topic.
 *
 * It reads them off the front of bytes that the scanner has found sound, so that they need neither Aedes'
 * parser nor its queues; at the first packet of any other kind it stops, and Aedes gets that and all behind it.
 * Invariant: packets are taken in the order of the stream and only whole; it keeps nothing but the last topic and
 * the begin of a packet that is cut.
 */
import { parseDeviceTopic } from '../../devices/topics.ts';

const PUBLISH_QOS_1 = 0x32;
/** [MQTT-3.3.1-1] a repeat is taken like the first. */
const DUP = 0x08;
const NO_BYTES = Buffer.alloc(0);

export type TakeTelemetry = (topic: string, payload: Buffer, messageId: number) => void;

export class TelemetryReader {
  /** A device has one telemetry topic: it is judged and made a string once. */
  #topic = '';
  #topicBytes: Buffer = NO_BYTES;
  /** The begin of a packet whose end has not arrived. */
  #cut: Buffer | undefined;

  get hasCut(): boolean {
    return this.#cut !== undefined;
  }

  /** `sound`, and before it the cut packet that it goes on with. */
  join(sound: Buffer): Buffer {
    const bytes = this.#cut ? Buffer.concat([this.#cut, sound]) : sound;
    this.#cut = undefined;
    return bytes;
  }

  /**
   * Takes what is telemetry at the front of `bytes`, which begin a packet. Returns the rest, which is for Aedes:
   * nothing where a packet of telemetry is cut, for that waits here.
   */
  read(bytes: Buffer, take: TakeTelemetry): Buffer {
    let start = 0;
    while (start < bytes.length && ((bytes[start] as number) & ~DUP) === PUBLISH_QOS_1) {
      const end = this.#takeOne(bytes, start, take);
      if (end === undefined) {
        // A copy: the bytes are ours until we return.
        this.#cut = Buffer.from(bytes.subarray(start));
        return NO_BYTES;
      }
      if (end === start) break;
      start = end;
    }
    return start === 0 ? bytes : bytes.subarray(start);
  }

  /** Where it ends; undefined where its end is not here, `start` where it is not telemetry or malformed. */
  #takeOne(bytes: Buffer, start: number, take: TakeTelemetry): number | undefined {
    let length = 0;
    let at = start + 1;
    for (let shift = 0; ; shift += 7) {
      if (at === bytes.length) return undefined;
      const byte = bytes[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const end = at + length;
    if (end > bytes.length) return undefined;
    const topicEnd = at + 2 + bytes.readUInt16BE(at);
    // Whose topic leaves no room for the packet identifier is malformed: Aedes ends the connection.
    if (topicEnd + 2 > end || !this.#isTelemetry(bytes, at + 2, topicEnd)) return start;
    const messageId = bytes.readUInt16BE(topicEnd);
    if (messageId === 0) return start;
    take(this.#topic, bytes.subarray(topicEnd + 2, end), messageId);
    return end;
  }

  #isTelemetry(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isKnown(bytes, from, to)) return true;
    const topic = bytes.toString('utf8', from, to);
    const parsed = parseDeviceTopic(topic);
    if (typeof parsed === 'string' || parsed.channel !== 'telemetry') return false;
    this.#topic = topic;
    this.#topicBytes = Buffer.from(bytes.subarray(from, to));
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
