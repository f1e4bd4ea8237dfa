/**
 * Whether a unit is connected and when it was last heard, in words: two facts that say nothing of each other.
 *
 * Invariant: who is connected may have said nothing for long, and whose word is of just now may be gone.
 */
import type { Candidate } from '../api/dispatch-shapes.ts';
import type { Device } from '../city-state.ts';
import type { Speech } from '../words/speech.ts';

/** `connected since 09:30:05 · last word measured 09:41:17`. */
export function sayUnitLink(
  { connectedSinceMs, measuredAt }: Pick<Device, 'connectedSinceMs' | 'measuredAt'>,
  speech: Speech,
): string {
  const link =
    connectedSinceMs === undefined
      ? speech.word('notConnected')
      : sayConnectedSince(connectedSinceMs, speech);
  return measuredAt === 0 ? link : `${link} · ${sayLastWord(measuredAt, speech)}`;
}

type CandidateLink = Pick<Candidate, 'connected' | 'connectedSince' | 'lastConnectedAt' | 'lastWordAt'>;

/** The same of a candidate, with what to do where its device is not told at once. */
export function sayCandidateLink(candidate: CandidateLink, speech: Speech, nowMs: number): string[] {
  const { lastWordAt } = candidate;
  const link = sayLink(candidate, speech, nowMs);
  return lastWordAt === null ? [link] : [link, sayLastWord(Date.parse(lastWordAt), speech)];
}

function sayLink(
  { connected, connectedSince, lastConnectedAt }: CandidateLink,
  speech: Speech,
  nowMs: number,
): string {
  if (connectedSince !== null) {
    const since = sayConnectedSince(Date.parse(connectedSince), speech);
    return connected ? since : `${since}, ${speech.word('notListening')}: ${speech.word('callByRadio')}`;
  }
  const ago =
    lastConnectedAt === null
      ? ''
      : `, ${speech.word('lastConnected')} ${speech.age(nowMs - Date.parse(lastConnectedAt))} ${speech.word('ago')}`;
  return `${speech.word('notConnected')}${ago}: ${speech.word('callByRadio')}`;
}

function sayConnectedSince(atMs: number, speech: Speech): string {
  return `${speech.word('connectedSince')} ${speech.time(atMs)}`;
}

function sayLastWord(atMs: number, speech: Speech): string {
  return `${speech.word('lastWord')} ${speech.time(atMs)}`;
}
