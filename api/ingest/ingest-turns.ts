/**
 * IngestTurns: when a message that a device or gateway posts is worked on, and how much of one sender is.
 *
 * Between the credential and the pipeline, as broker/clients/sender-shares.ts is for MQTT: over HTTP a sender had no
 * rate, and ten posts of 256 KiB that arrived together kept the event loop for seconds. Invariants: of large messages
 * one is worked on in a turn of the event loop, in the order in which they came, and between two come PUBACKs and other
 * answers; a sender pays for bytes and for the time that they took, and beyond its rate is told when to come back; the
 * bytes that wait are bounded.
 */
import { Counter, type Registry as Metrics } from 'prom-client';
import { TokenBucket } from '../../clock/token-bucket.ts';
import { Problem } from '../border/problem.ts';

/** Up to it a message is worked on at once: a position, a reading, a dozen lines. */
export const SMALL_BYTES = 4_096;
/**
 * Of one sender, averaged over BYTES_AVERAGED_OVER_S: what a province's gauges send through one gateway, several times
 * over.
 */
export const BYTES_PER_S = 1_048_576;
export const BYTES_AVERAGED_OVER_S = 10;
/** So many bytes are one millisecond of work: a tenth of the event loop at most. Sound messages cost by their bytes. */
export const BYTES_PER_MS = Math.round(BYTES_PER_S / 100);
/** Of all senders. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Beyond it those who have their whole rate are forgotten. */
export const MAX_SENDERS = 10_000;
const RETRY_AFTER_S = 5;

export interface IngestTurns {
  /** Runs `work` in its turn. Throws Problem 429 where this sender is beyond its rate, 503 where too much waits. */
  take<T>(sender: string, bytes: number, work: () => Promise<T>): Promise<T>;
  /** What a message cost besides its own bytes. */
  charge(sender: string, bytes: number): void;
  /** Counts a message that is refused by a bound of whoever reads it. */
  refused(bound: 'unpacked'): void;
}

export interface IngestTurnsOptions {
  readonly metrics: Metrics;
  /** ms, never set. */
  readonly monotonicNow: () => number;
}

export function createIngestTurns({ metrics, monotonicNow }: IngestTurnsOptions): IngestTurns {
  const refused = new Counter({
    name: 'siaga_http_ingest_refused_total',
    help: 'Messages that devices posted and that were refused: of one sender too many, too many in all, or too large once unpacked.',
    labelNames: ['bound'] as const,
    registers: [metrics],
  });
  const rates = new Map<string, TokenBucket>();
  const waiting: (() => void)[] = [];
  let waitingBytes = 0;

  function rateOf(sender: string): TokenBucket {
    const known = rates.get(sender);
    if (known) return known;
    if (rates.size >= MAX_SENDERS) forgetRested(rates);
    const rate = new TokenBucket(BYTES_PER_S, BYTES_AVERAGED_OVER_S, monotonicNow);
    rates.set(sender, rate);
    return rate;
  }

  function runNext(): void {
    waiting[0]?.();
    waiting.shift();
    if (waiting.length > 0) setImmediate(runNext);
  }

  async function waitForTurn(bytes: number): Promise<void> {
    if (waitingBytes + bytes > MAX_WAITING_BYTES) {
      refused.inc({ bound: 'waiting' });
      throw new Problem(503, 'overloaded', 'Too many messages wait; post it again later.', {
        retryAfterS: RETRY_AFTER_S,
      });
    }
    waitingBytes += bytes;
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(runNext);
    });
    waitingBytes -= bytes;
  }

  return {
    charge: (sender, bytes) => rateOf(sender).take(bytes),
    refused: (bound) => refused.inc({ bound }),
    async take(sender, bytes, work) {
      if (bytes > SMALL_BYTES) await waitForTurn(bytes);
      const rate = rateOf(sender);
      const owed = -rate.available();
      if (owed >= 0) {
        refused.inc({ bound: 'rate' });
        const detail = `More than ${BYTES_PER_S} bytes a second came from ${sender}, or what takes as long to read.`;
        const retryAfterS = Math.ceil((owed + 1) / BYTES_PER_S);
        throw new Problem(429, 'too-many-calls', detail, { retryAfterS });
      }
      const beganMs = monotonicNow();
      try {
        return work();
      } finally {
        // What it does after its first wait is the journal's.
        rate.take(Math.max(bytes, Math.round((monotonicNow() - beganMs) * BYTES_PER_MS)));
      }
    },
  };
}

function forgetRested(rates: Map<string, TokenBucket>): void {
  const full = BYTES_PER_S * BYTES_AVERAGED_OVER_S;
  for (const [sender, rate] of rates) if (rate.available() >= full) rates.delete(sender);
}
