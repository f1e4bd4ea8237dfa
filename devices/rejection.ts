/**
 * Rejection: why a message, one reading of a batch, or a part of a reading was not understood.
 *
 * A value and never an exception. Made by the formats and by ingest, counted by `reason`, kept with the raw
 * payload by the journal. Invariant: `reason` is one of this list (it is a metric's label), `detail` says what
 * was found and what to do about it.
 */
export const REJECTION_REASONS = [
  'bad-topic',
  'unknown-city',
  'unknown-kind',
  'unknown-device',
  'wrong-kind',
  'wrong-device',
  'too-large',
  'not-utf8',
  'not-json',
  'not-an-object',
  'too-many-readings',
  'empty-batch',
  'missing-quantity',
  'wrong-type',
  'out-of-range',
  'bad-time',
  'too-far-ahead',
  'bad-seq',
  'swapped-coordinates',
  'bad-status',
  'bad-ack',
  'bad-format',
  'unclaimed',
  'over-quota',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

export interface Rejection {
  readonly reason: RejectionReason;
  /** One sentence for the firmware author: what was found, where, and what is expected. */
  readonly detail: string;
}

/** A rejection with what it rejected, as it is kept. */
export interface RejectedMessage extends Rejection {
  readonly topic: string;
  /** The raw payload; of a batch with one bad reading, that reading alone. */
  readonly payload: Uint8Array;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly clientId: string;
  /** Who sent it, where the topic could be read. */
  readonly device?: string;
}

export interface KeptRejection extends RejectedMessage {
  readonly id: number;
  /** Epoch ms of a replay that was understood. */
  readonly replayedAt?: number;
}

export function reject(reason: RejectionReason, detail: string): Rejection {
  return { reason, detail };
}

export function isRejection(value: unknown): value is Rejection {
  return typeof value === 'object' && value !== null && 'reason' in value && 'detail' in value;
}
