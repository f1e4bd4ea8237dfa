/**
 * The table of contents of ingest: what happens to a publish up to its PUBACK.
 *
 *   accept: topic → decode → validate → quality → journal.append (group commit, fsync) → PUBACK
 *
 * After it, keep-draining.ts hands the journal to live, alerts and history. Invariant: `accept` resolves only
 * when everything the message holds is on disk, be it as readings or as rejections with their raw payload;
 * it rejects only with JournalError, and then there must be no PUBACK.
 */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly clientId: string;
}

export interface AcceptOutcome {
  readonly stored: number;
  readonly repeated: number;
  readonly rejected: number;
}

export interface Pipeline {
  /** Takes one publish on an up channel (telemetry, status, ack). Order of calls is order of the journal. */
  accept(message: IncomingMessage): Promise<AcceptOutcome>;
}
