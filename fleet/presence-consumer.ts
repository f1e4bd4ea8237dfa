/**
 * The presence consumer: carries `status` from the journal to the present (fleet) and to those who watch.
 *
 * It holds nothing that outlives the process, so its cursor starts at the end of the messages, once `restorePresent`
 * has read the newest status of every device. Invariant: what a device said before its newest word moves nothing.
 */

import type { MessageEntry } from '../journal/device-messages.ts';
import { presenceOf } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { Fleet } from './fleet.ts';
import type { LiveFeed } from './live-feed.ts';

export interface PresenceDependencies {
  readonly journal: { readonly messages: Pick<Journal['messages'], 'lastId'> };
  readonly fleet: Fleet;
  readonly feed: Pick<LiveFeed, 'publish'>;
}

export function createPresenceConsumer({
  journal,
  fleet,
  feed,
}: PresenceDependencies): JournalConsumer<MessageEntry> {
  const firstId = journal.messages.lastId;
  return {
    name: 'presence',
    loadCursor: async () => firstId,
    async consume(entries) {
      for (const { message } of entries) {
        const presence = presenceOf(message);
        const { device, receivedAt, isReplay } = message;
        if (!presence || !fleet.observePresence(device, presence, receivedAt, isReplay)) continue;
        const kind = fleet.now(device)?.kind;
        feed.publish('presence', { device, kind, presence, at: new Date(receivedAt).toISOString() });
      }
    },
  };
}
