/**
 * Notices to citizens' phones by Web Push (RFC 8030), one message a browser for all that a storm's notice brings it.
 *
 * Invariants: nobody is called outside the allowed hosts, also when the list became shorter; a browser that is gone
 * is forgotten; a notice tried again calls only those that did not have it, and those that failed of late come last;
 * SENDS_AT_ONCE calls are under way at most.
 */
import type { Agent } from 'node:https';
import type { Database } from '../../../database/database.ts';
import { rankOf } from '../../alert.ts';
import type { Channel, NoticeBody } from '../channel.ts';
import { isEnd } from '../storm-pages.ts';
import { MAX_SUBSCRIPTIONS, PushBook, type PushSubscription } from './push-book.ts';
import { isPushEndpoint } from './push-hosts.ts';
import { ensurePushKeys } from './push-keys.ts';
import { formatPush, type Word } from './push-words.ts';

export interface PushChannelOptions {
  readonly database: Database;
  /** Who answers for these messages: an https or mailto address. */
  readonly subject: string;
  readonly extraHosts: readonly string[];
  /** For a push service of one's own with a certificate of one's own. */
  readonly agent?: Agent | undefined;
}

export const SENDS_AT_ONCE = 20;
export const CALL_TIMEOUT_MS = 10_000;
/** A phone that was off for so long need not hear of it any more, s. */
const KEEP_FOR_S = 6 * 3_600;
/** Notices of which it is remembered who had them; those tried again are few. */
const MAX_REMEMBERED = 50;
/** The browser is gone, or has ended it at its push service. */
const GONE: ReadonlySet<number> = new Set([404, 410]);
/** The service will not take this message, now or later. */
const REFUSED: ReadonlySet<number> = new Set([400, 401, 403, 413]);

interface Delivery {
  readonly subscription: PushSubscription;
  readonly words: [Word, ...Word[]];
}

export function createPushChannel({ database, subject, extraHosts, agent }: PushChannelOptions): Channel {
  const book = new PushBook(database);
  const had = new Map<string, Set<string>>();
  /** Endpoint → calls in a row that failed: strangers who never answer keep nobody waiting. */
  const failures = new Map<string, number>();
  const failuresOf = ({ subscription: { endpoint } }: Delivery) => failures.get(endpoint) ?? 0;
  return {
    name: 'push',
    audience: 'people',
    isPublic: true,
    isAddressedByStrangers: true,
    async send({ key, body }, signal) {
      const words: Word[] = [body, ...body.also];
      const followers = await book.followersOf([...new Set(words.map(({ alert }) => alert.subject))]);
      if (followers.length === 0) return;
      const delivered = had.get(key) ?? new Set<string>();
      const waiting = deliveriesOf(words, followers).filter(
        ({ subscription: { endpoint } }) => !delivered.has(endpoint) && isPushEndpoint(endpoint, extraHosts),
      );
      const { default: webPush } = await import('web-push');
      const vapidDetails = { subject, ...(await ensurePushKeys(database)) };
      let failed = 0;
      const call = async ({ subscription, words }: Delivery) => {
        const message = JSON.stringify(formatPush(words, subscription.language));
        try {
          await webPush.sendNotification(subscription, message, {
            ...{ vapidDetails, TTL: KEEP_FOR_S, timeout: CALL_TIMEOUT_MS, urgency: 'high' },
            ...(agent ? { agent } : {}),
          });
        } catch (error) {
          const { statusCode = 0 } = error as { statusCode?: number };
          if (GONE.has(statusCode)) await book.end(subscription.endpoint);
          else if (!REFUSED.has(statusCode)) {
            failed++;
            if (failures.size >= MAX_SUBSCRIPTIONS) failures.clear();
            failures.set(subscription.endpoint, (failures.get(subscription.endpoint) ?? 0) + 1);
            return;
          }
        }
        failures.delete(subscription.endpoint);
        delivered.add(subscription.endpoint);
      };
      const queue = waiting.toSorted((a, b) => failuresOf(a) - failuresOf(b)).values();
      const keepCalling = async () => {
        for (const delivery of queue) {
          if (signal.aborted) return;
          await call(delivery);
        }
      };
      await Promise.all(Array.from({ length: SENDS_AT_ONCE }, keepCalling));
      had.delete(key);
      if (failed === 0 && !signal.aborted) return;
      had.set(key, delivered);
      const oldest = had.keys().next().value;
      if (had.size > MAX_REMEMBERED && oldest !== undefined) had.delete(oldest);
      throw new Error(`${failed} of ${waiting.length} browsers could not be told`);
    },
  };
}

/** What each browser hears: of its gauges, from its least level on; of an end, where the level had been as high. */
function deliveriesOf(words: readonly Word[], followers: readonly PushSubscription[]): Delivery[] {
  const found = new Map<string, Delivery>();
  for (const subscription of followers) {
    for (const word of words) {
      if (word.alert.subject !== subscription.gauge || rankHeard(word) < subscription.leastRank) continue;
      const known = found.get(subscription.endpoint);
      if (known) known.words.push(word);
      else found.set(subscription.endpoint, { subscription, words: [word] });
    }
  }
  return [...found.values()];
}

function rankHeard({ alert, change }: Pick<NoticeBody, 'alert' | 'change'>): number {
  return rankOf(isEnd(change) ? alert.highestSeverity : alert.severity);
}
