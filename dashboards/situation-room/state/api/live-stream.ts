/**
 * The live stream, kept open: connect, read, and connect again after the last event that was seen.
 *
 *   connecting → live → (end, error, or 40 s without a byte) → waiting → connecting …
 *
 * Invariants: one connection at a time; events reach `onEvent` in the server's order, each once; after a
 * `reset`, or a first connection, `onFresh` is called, and whoever holds state reads the present again.
 */
import { createEventParser, type StreamEvent } from './event-parser.ts';

export type StreamState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  /** `since` is when the last byte came, `why` a word for people who ask. */
  | { readonly name: 'waiting'; readonly sinceMs: number; readonly why: string };

export interface LiveStreamOptions {
  /** GET of the stream; `lastEventId` absent at first. Rejects or resolves with any status. */
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>;
  readonly onEvent: (event: StreamEvent) => void;
  /** The stream starts anew: what happened between is not known. */
  readonly onFresh: () => void;
  readonly onState: (state: StreamState) => void;
  /** Ends it all. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly random: () => number;
  /** Resolves after the time, or at once when the signal is aborted. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Two heartbeats of 15 s and some of the third: by then the connection is dead, whatever TCP believes. */
export const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 1_000;
/** A room's page must not wait longer than this once the server is back. */
const MAX_RETRY_MS = 10_000;

/** Resolves when the signal is aborted; never rejects. */
export async function keepStreaming(options: LiveStreamOptions): Promise<void> {
  const { signal, onState, now, random, delay } = options;
  let lastEventId: string | undefined;
  let failures = 0;
  let sinceMs = now();
  while (!signal.aborted) {
    const outcome = await readOnce(options, lastEventId);
    if (signal.aborted) return;
    lastEventId = outcome.lastEventId;
    if (outcome.lastByteAt !== undefined) {
      failures = 0;
      sinceMs = outcome.lastByteAt;
    }
    onState({ name: 'waiting', sinceMs, why: outcome.why });
    const backOffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
    // A whole city's pages come back after a restart: spread over half of the wait.
    await delay(backOffMs * (0.5 + random() / 2), signal);
  }
}

interface Outcome {
  readonly lastEventId: string | undefined;
  /** Undefined when the stream did not open. */
  readonly lastByteAt: number | undefined;
  readonly why: string;
}

async function readOnce(options: LiveStreamOptions, resumeAfter: string | undefined): Promise<Outcome> {
  const { open, onEvent, onFresh, onState, now, delay } = options;
  const connection = new AbortController();
  const stop = AbortSignal.any([options.signal, connection.signal]);
  const parser = createEventParser(resumeAfter);
  let lastByteAt: number | undefined;
  let progress = 0;
  const watchdog = (async () => {
    while (!stop.aborted) {
      const before = progress;
      await delay(SILENCE_MS, stop);
      if (progress === before) connection.abort(new Error('no heartbeat'));
    }
  })();
  const outcome = (why: string): Outcome => ({ lastEventId: parser.lastEventId, lastByteAt, why });
  try {
    const response = await open(resumeAfter, stop);
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      return outcome(`HTTP ${response.status}`);
    }
    lastByteAt = now();
    onState({ name: 'live' });
    if (resumeAfter === undefined) onFresh();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return outcome('the server ended the stream');
      progress++;
      lastByteAt = now();
      for (const event of parser.push(value)) {
        if (event.type === 'reset') onFresh();
        else onEvent(event);
      }
    }
  } catch (error) {
    return outcome(connection.signal.aborted ? 'no heartbeat' : (error as Error).message);
  } finally {
    connection.abort();
    await watchdog;
  }
}
