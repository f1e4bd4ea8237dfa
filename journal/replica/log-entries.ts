/**
 * The journal's entries as rows of `journal_log`, there and back.
 *
 * A row is a document in JSON and what it is known by: when, whose, and a digest. Of a reading the digest is over its
 * values, so that the same reading is the same row; of the rest it is the batch's own mark, so that a batch that is
 * written again after an unknown outcome is there once. Invariant: parseX is the inverse of formatX.
 */
import { hash } from 'node:crypto';
import type { Reading } from '../../devices/reading.ts';
import type { RejectedMessage } from '../../devices/rejection.ts';
import type { DeviceMessage } from '../device-messages.ts';
import type { LogBatch } from '../journal-log.ts';

export const SERIES = ['readings', 'messages', 'rejections'] as const;
export type Series = (typeof SERIES)[number];

export interface LogRow {
  readonly series: Series;
  /** `reading`, `status`, `ack` or `rejection`: for people who look into the table. */
  readonly kind: string;
  readonly at: number;
  readonly receivedAt: number;
  readonly device: string;
  readonly digest: string;
  readonly document: string;
}

/** `mark` differs from that of every other batch. */
export function* formatBatch({ readings, messages, rejections }: LogBatch, mark: string): Generator<LogRow> {
  for (const reading of readings) yield formatReading(reading);
  for (const [i, message] of messages.entries()) {
    const { channel, device, receivedAt } = message;
    const own = { series: 'messages', kind: channel, device, digest: `${mark}:m${i}` } as const;
    yield { ...own, at: receivedAt, receivedAt, document: formatWithPayload(message) };
  }
  for (const [i, rejection] of rejections.entries()) {
    const { receivedAt } = rejection;
    // Its device is what a topic claimed, and may be anything: it stands in the document alone.
    const own = { series: 'rejections', kind: 'rejection', device: '', digest: `${mark}:r${i}` } as const;
    yield { ...own, at: receivedAt, receivedAt, document: formatWithPayload(rejection) };
  }
}

function formatReading(reading: Reading): LogRow {
  return {
    series: 'readings',
    kind: 'reading',
    at: reading.measuredAt,
    receivedAt: reading.receivedAt,
    device: reading.device,
    digest: digestReading(reading),
    document: JSON.stringify(reading),
  };
}

/** 96 bits over city, kind and values, in the order of their names: with device and time, a reading's identity. */
export function digestReading({ city, kind, values }: Reading): string {
  const names = Object.keys(values).sort();
  const text = JSON.stringify([city, kind, ...names.flatMap((name) => [name, values[name]])]);
  return hash('sha1', text, 'base64').slice(0, 16);
}

export function parseReading(document: string): Reading {
  return JSON.parse(document) as Reading;
}

export function parseMessage(document: string): DeviceMessage {
  return parseWithPayload(document) as DeviceMessage;
}

export function parseRejection(document: string): RejectedMessage {
  return parseWithPayload(document) as RejectedMessage;
}

function formatWithPayload(entry: DeviceMessage | RejectedMessage): string {
  return JSON.stringify({ ...entry, payload: Buffer.from(entry.payload).toString('base64') });
}

function parseWithPayload(document: string): DeviceMessage | RejectedMessage {
  const parsed = JSON.parse(document) as { payload: string };
  return { ...parsed, payload: Buffer.from(parsed.payload, 'base64') } as unknown as DeviceMessage;
}
