/**
 * ReplayClaimed: names that waited and have been claimed; what was kept of them goes through the pipeline again.
 *
 * Called now and then and after a claim through the API. Invariants: oldest first, each with the time of its first
 * arrival, so that it stands in history where it belongs; a message is tried once for each claim, and what of it is
 * still not understood is kept anew.
 */

import type { Logger } from 'pino';
import type { KeptRejection } from '../devices/rejection.ts';
import type { Identities } from '../fleet/identities.ts';
import type { WaitingAlias, WaitingAliases } from '../fleet/waiting-aliases.ts';
import type { Journal } from '../journal/journal.ts';
import { isUnclaimed } from './gather-claims.ts';
import { replayOf } from './incoming-message.ts';
import type { Pipeline } from './pipeline.ts';

const PAGE = 500;
/** Of one name: two weeks of a report each minute. */
export const MAX_REPLAYED = 20_000;

export interface ReplayClaimedOptions {
  readonly identities: Identities;
  readonly waiting: WaitingAliases;
  readonly journal: Pick<Journal, 'rejections' | 'markReplayed'>;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly log: Logger;
  readonly now: () => number;
}

/** Returns how many messages were replayed. */
export async function replayClaimed(options: ReplayClaimedOptions): Promise<number> {
  const { identities, waiting, log } = options;
  let replayed = 0;
  for (const each of waiting.all()) {
    const sender = identities.senderOf(each.gateway);
    const owner = sender && identities.ownerOf(sender, [each.alias], []);
    if (!owner || !('id' in owner)) continue;
    const messages = await keptOf(each, options);
    for (const message of messages) await replay(message, each.gateway, options);
    await waiting.forget(each.alias, each.gateway);
    log.info(
      { alias: each.alias, device: owner.id, messages: messages.length },
      'claimed; what waited is replayed',
    );
    replayed += messages.length;
  }
  return replayed;
}

/** Oldest first. */
async function keptOf(
  { alias, gateway, format }: WaitingAlias,
  { journal }: ReplayClaimedOptions,
): Promise<KeptRejection[]> {
  const found: KeptRejection[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await journal.rejections({
      device: gateway,
      reason: 'unclaimed',
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    });
    found.push(
      ...page.filter((each) => each.replayedAt === undefined && isUnclaimed(each.detail, alias, format)),
    );
    before = page.at(-1)?.id;
    if (page.length < PAGE || found.length >= MAX_REPLAYED) return found.slice(0, MAX_REPLAYED).reverse();
  }
}

async function replay(
  kept: KeptRejection,
  identity: string,
  { pipeline, journal, now }: ReplayClaimedOptions,
): Promise<void> {
  await pipeline.accept(replayOf(kept, identity, now()));
  await journal.markReplayed(kept.id, now());
}
