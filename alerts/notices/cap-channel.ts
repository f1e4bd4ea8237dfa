/**
 * The CAP channel: issues a message for what the public must know of water, into the table that the feed reads.
 *
 * Issuing is writing a row, so it is done when the row is there. Invariant: an identifier is issued once, in
 * the order of revisions; messages refer to all earlier ones of their alert that are still in the feed.
 */
import type { Database } from '../../database/database.ts';

import {
  type CapContext,
  capIdentifier,
  capMessageType,
  formatCapMessage,
  formatTitle,
} from './cap-message.ts';
import { isIssued } from './cap-times.ts';
import type { Channel } from './channel.ts';

export interface CapOptions extends Pick<CapContext, 'sender' | 'timeZone' | 'cityName' | 'publicUrl'> {
  readonly database: Database;
  readonly now: () => number;
}

/** In the feed after it was sent; the protocol's practice is 24 to 48 hours. */
export const CAP_KEEP_MS = 48 * 3_600_000;

export function createCapChannel(options: CapOptions): Channel {
  const { database, now } = options;
  return {
    name: 'cap',
    audience: 'machine',
    isPublic: true,
    async send({ body }) {
      const { alert, change } = body;
      if (!isIssued(alert, change)) return;
      const earlier = await database
        .selectFrom('cap_messages')
        .select(['identifier', 'sent_at'])
        .where('alert', '=', alert.id)
        .orderBy('id')
        .execute();
      if (change === 'withdrawn' && earlier.length === 0) return;
      const identifier = capIdentifier(alert);
      const sentMs = now();
      const references = earlier
        .filter((each) => each.identifier !== identifier)
        .map((each) => ({ identifier: each.identifier, sentMs: Number(each.sent_at) }));
      await database
        .insertInto('cap_messages')
        .values({
          identifier,
          alert: alert.id,
          message_type: capMessageType(change, references.length > 0),
          title: formatTitle(alert, change, 'id'),
          sent_at: sentMs,
          expires_at: sentMs + CAP_KEEP_MS,
          document: formatCapMessage(alert, change, { ...options, sentMs, references }),
        })
        .onConflict((conflict) => conflict.column('identifier').doNothing())
        .execute();
    },
  };
}
