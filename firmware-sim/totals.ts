/**
 * What the whole simulated city has done so far, for the progress line and the closing account.
 *
 * Every device counts into the one object it was given. Invariant: messages put = acknowledged + dropped +
 * unacknowledged, so that the closing account leaves nothing unexplained.
 */
export interface Totals {
  devices: number;
  connected: number;
  /** Connections that ended though nobody asked for it. */
  lost: number;
  /** Attempts that failed, by reason (`ECONNREFUSED`, `Not authorized`). */
  readonly refused: Map<string, number>;
  /** Messages handed to the outboxes: readings and acks. Births and deaths are state and not counted. */
  put: number;
  /** PUBLISH packets written; a batch is one. */
  publishes: number;
  /** Messages covered by a PUBACK. */
  acknowledged: number;
  /** Messages lost because an outbox was full. */
  dropped: number;
}

export function createTotals(): Totals {
  return {
    devices: 0,
    connected: 0,
    lost: 0,
    refused: new Map(),
    put: 0,
    publishes: 0,
    acknowledged: 0,
    dropped: 0,
  };
}
