/**
 * What was rejected, as it is kept: a Rejection with the raw payload that it speaks of.
 *
 * Bad input from a device is acknowledged, counted by `reason` and kept, so that it can be looked at and
 * replayed when the reason is gone. Invariant: the payload is what came, or the part of it that was refused.
 */
import type { Rejection } from '../devices/rejection.ts';

export {
  isRejection,
  REJECTION_REASONS,
  type Rejection,
  type RejectionReason,
  reject,
} from '../devices/rejection.ts';

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
