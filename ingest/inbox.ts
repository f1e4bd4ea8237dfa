/**
 * Inbox: the last messages of each device as they came, and what became of each, in a sentence.
 *
 * For whoever stands beside a gauge and wants to know why it does not appear. What was refused, and what came in
 * another format, is always noted; sound telemetry of our own only while somebody looks, so that the others cost
 * nothing. Invariant: bounded: so many devices, so many messages of each, so many bytes of each.
 */
import { isUtf8 } from 'node:buffer';
import { shownTopic } from '../devices/topics.ts';
import type { Waiter } from '../journal/waiter.ts';
import type { IncomingMessage } from './incoming-message.ts';

export interface InboxEntry {
  /** Epoch ms. */
  readonly at: number;
  readonly topic: string;
  /** The begin of it; bytes that are no text as base64. */
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  readonly bytes: number;
  /** What became of it. */
  outcome: string;
}

export const MAX_ENTRIES = 20;
export const MAX_DEVICES = 2_000;
const SHOWN_BYTES = 1_024;
/** Somebody who looks asks again within this. */
const WATCHED_MS = 10 * 60_000;

export interface Inbox {
  /** The last ones, newest first; from now on sound telemetry is noted as well. */
  look(device: string): readonly InboxEntry[];
  isWatched(device: string): boolean;
  note(device: string, message: IncomingMessage, outcome: string): InboxEntry;
  /** The same waiter, which tells the inbox too. `said` is what is known of it before it is on disk. */
  follow(waiter: Waiter, device: string, message: IncomingMessage, said: string): Waiter;
}

export function createInbox(now: () => number): Inbox {
  const entries = new Map<string, InboxEntry[]>();
  const watched = new Map<string, number>();

  function note(
    device: string,
    { topic, payload, receivedAt }: IncomingMessage,
    outcome: string,
  ): InboxEntry {
    const shown = payload.subarray(0, SHOWN_BYTES);
    const isText = isUtf8(payload);
    const entry: InboxEntry = {
      at: receivedAt,
      topic: shownTopic(topic),
      payload: isText ? shown.toString().replace(/\ufffd$/, '') : shown.toString('base64'),
      encoding: isText ? 'utf8' : 'base64',
      bytes: payload.length,
      outcome,
    };
    const list = entries.get(device) ?? [];
    entries.delete(device);
    entries.set(device, list);
    list.unshift(entry);
    if (list.length > MAX_ENTRIES) list.pop();
    if (entries.size > MAX_DEVICES) entries.delete(entries.keys().next().value as string);
    return entry;
  }

  return {
    note,
    look(device) {
      watched.set(device, now() + WATCHED_MS);
      for (const [each, untilMs] of watched) if (untilMs < now()) watched.delete(each);
      return entries.get(device) ?? [];
    },
    isWatched(device) {
      if (watched.size === 0) return false;
      const untilMs = watched.get(device);
      return untilMs !== undefined && untilMs >= now();
    },
    follow(waiter, device, message, said) {
      const entry = note(device, message, said);
      return {
        stored(stored, repeated, rejected) {
          entry.outcome = describeOutcome(said, stored, repeated, rejected);
          waiter.stored(stored, repeated, rejected);
        },
        refused(error) {
          entry.outcome = `not on disk and not acknowledged: ${error.message}`;
          waiter.refused(error);
        },
      };
    },
  };
}

function describeOutcome(said: string, stored: number, repeated: number, rejected: number): string {
  const parts = [
    ...(stored > 0 ? [stored === 1 ? 'stored' : `${stored} readings stored`] : []),
    ...(repeated > 0 ? [`${repeated === 1 ? 'a repeat' : `${repeated} repeats`}, known already`] : []),
    ...(rejected > 0 && stored + repeated === 0 ? ['refused and kept'] : []),
  ];
  return [parts.join(', '), said].filter((part) => part !== '').join('; ');
}
