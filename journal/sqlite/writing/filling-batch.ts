/**
 * The batch that is being filled on the event loop while the one before it is on its way to the disk.
 *
 * Readings are encoded as they come, so that posting it is one transfer and no object waits for the disk.
 * Invariant: appends are in the order in which they came, and settle in it.
 */
import type { Reading } from '../../../devices/reading.ts';
import type { RejectedMessage } from '../../../devices/rejection.ts';
import type { DeviceMessage } from '../../device-messages.ts';
import type { GivenIds } from '../../journal-log.ts';
import type { Waiter } from '../../waiter.ts';
import type { ReadingCodec } from '../file/reading-codec.ts';
import { createRecordBuffer, type RecordBuffer } from '../file/record-layout.ts';
import type { BatchMessage, PackedRejections, RejectionRow } from '../journal-messages.ts';
import { MESSAGE_BYTES } from './message-bounds.ts';

/** Numbers of a fresh buffer: some 300 readings; it grows by doubling. */
const FIRST_CAPACITY = 4_096;
/** Beyond the payload a rejection weighs its detail, topic and names. */
const REJECTION_BYTES = 300;

export class FillingBatch {
  /** Of each append who waits for it, and how many readings and rejections it brought. */
  readonly waiters: Waiter[] = [];
  readonly readingCounts: number[] = [];
  readonly rejectionCounts: number[] = [];
  readonly rejections: RejectedMessage[] = [];
  readonly messages: DeviceMessage[] = [];
  /** As they came, for a log outside; empty without one. */
  readonly readings: Reading[] = [];
  /** What the log gave. */
  given: GivenIds | undefined;
  /** What `given` says lies below the last id. */
  isRefill = false;
  readonly #keepsReadings: boolean;
  readonly #records: RecordBuffer;
  #count = 0;
  /** Of rejections and messages. */
  #otherBytes = 0;

  /** `spare` is a buffer that came back from an earlier batch. */
  constructor(spare?: Float64Array<ArrayBuffer>, keepsReadings = false) {
    this.#keepsReadings = keepsReadings;
    this.#records = spare ? { values: spare, length: 0 } : createRecordBuffer(FIRST_CAPACITY);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that wait for the disk with it. */
  get bytes(): number {
    return this.#records.length * 8 + this.#otherBytes;
  }

  /** All or nothing: throws what the codec throws, and then holds none of them. */
  add(
    codec: ReadingCodec,
    waiter: Waiter,
    readings: readonly Reading[],
    rejections: readonly RejectedMessage[],
    messages: readonly DeviceMessage[],
  ): void {
    const { length } = this.#records;
    try {
      for (const reading of readings) codec.encode(reading, this.#records);
    } catch (error) {
      this.#records.length = length;
      throw error;
    }
    this.#count += readings.length;
    // The caller may change its values: what goes to the log is what was encoded.
    if (this.#keepsReadings)
      for (const reading of readings) this.readings.push({ ...reading, values: { ...reading.values } });
    for (const rejection of rejections) {
      // A payload is often a view into the socket's buffer, which is used again: it is copied now.
      this.rejections.push({ ...rejection, payload: Uint8Array.from(rejection.payload) });
      this.#otherBytes += rejection.payload.byteLength + REJECTION_BYTES;
    }
    for (const message of messages) {
      this.messages.push({ ...message, payload: Uint8Array.from(message.payload) });
      this.#otherBytes += message.payload.byteLength + MESSAGE_BYTES;
    }
    this.waiters.push(waiter);
    this.readingCounts.push(readings.length);
    this.rejectionCounts.push(rejections.length);
  }

  toMessage(codec: ReadingCodec): BatchMessage {
    const dictionary = codec.takeAdditions();
    return {
      append: true,
      records: this.#records.values,
      count: this.#count,
      ...(dictionary ? { dictionary } : {}),
      ...(this.rejections.length > 0 ? { rejections: packRejections(this.rejections) } : {}),
      ...(this.messages.length > 0 ? { messages: this.messages } : {}),
      ...(this.given ? { given: this.given } : {}),
      ...(this.isRefill ? { isRefill: true } : {}),
    };
  }
}

function packRejections(rejections: readonly RejectedMessage[]): PackedRejections {
  const rows = rejections.map(
    ({ device, reason, detail, topic, clientId, receivedAt, payload }): RejectionRow => ({
      device: device ?? null,
      reason,
      detail,
      topic,
      clientId,
      receivedAt,
      payloadBytes: payload.byteLength,
    }),
  );
  const payloads = new Uint8Array(rows.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0));
  let at = 0;
  for (const { payload } of rejections) {
    payloads.set(payload, at);
    at += payload.byteLength;
  }
  return { json: JSON.stringify(rows), payloads };
}
