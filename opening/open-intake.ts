/**
 * openIntake: the pipeline that a message goes through up to the journal, and what it goes by: formats, the inbox of
 * what came last, the aliases that nobody has claimed yet, and the configs that devices have yet to take.
 *
 * The fourth stage of openSiaga. Invariant: what was kept of an unknown alias is replayed through the same pipeline
 * once somebody has claimed it, here or by a command beside the running server.
 */
import type { FormatsDependencies } from '../api/devices/formats.ts';
import { claimAlias, findTaken } from '../broker/credentials/device-formats.ts';
import { createFormats, type Formats } from '../devices/formats/index.ts';
import { createMapped } from '../devices/formats/mapped.ts';
import { findAckFault } from '../dispatch/words/crew-answers.ts';
import { ConfigDelivery, type ConfigDeliveryOptions } from '../fleet/config-delivery.ts';
import { createIdentities } from '../fleet/identities.ts';
import { createPresenceConsumer } from '../fleet/presence-consumer.ts';
import { openWaitingAliases, type WaitingAliases } from '../fleet/waiting-aliases.ts';
import { ACKS_CONSUMER, openAckConsumer } from '../ingest/ack-consumer.ts';
import { createInbox, type Inbox } from '../ingest/inbox.ts';
import { createPipeline, type Pipeline } from '../ingest/pipeline.ts';
import { createQuota } from '../ingest/quota.ts';
import { replayClaimed } from '../ingest/replay-claimed.ts';
import type { MessageEntry } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import { createSavedCursor } from '../journal/saved-cursor.ts';
import { holdAnswers } from '../ownership/hold-answers.ts';
import type { Followers } from './open-followers.ts';
import type { Ground } from './open-ground.ts';
import type { Stores } from './open-stores.ts';

export interface Intake {
  readonly formats: Formats;
  readonly waiting: WaitingAliases;
  readonly inbox: Inbox;
  readonly configs: ConfigDelivery;
  readonly pipeline: Pipeline;
  /** The journal as the entrances fill it: payload bytes that await the disk, or the word that this is the owner. */
  readonly entry: Pick<Journal, 'appendFor' | 'waitingBytes'>;
  /** Who is handed `status` and `ack` from the journal. */
  readonly ofMessages: readonly JournalConsumer<MessageEntry>[];
  /** Gives an alias to a device and replays what waited for it; in words why not, where it is taken. */
  readonly claim: FormatsDependencies['claim'];
  /** Takes over what commands have changed beside the running server: the registry, configs. */
  followRegistry(): Promise<void>;
}

export async function openIntake(
  opened: AsyncDisposableStack,
  ground: Ground,
  { journal }: Stores,
  { dispatch, quality }: Followers,
  down: Pick<ConfigDeliveryOptions, 'publish' | 'publishOutside'>,
): Promise<Intake> {
  const { config, database, feed, fleet, log, metrics, monotonicNow, now, owned, registry } = ground;
  const mapped = opened.use(createMapped());
  const formats = createFormats(mapped);
  const waiting = await openWaitingAliases(database);
  opened.defer(() => waiting.save());
  const inbox = createInbox(now);
  const identities = createIdentities(registry);
  const configs = new ConfigDelivery({ ...ground, ...down, formats });
  const entry = owned ? holdAnswers(journal, owned.ownership, metrics) : journal;
  const pipeline = createPipeline({
    ...ground,
    formats,
    waiting,
    inbox,
    quality,
    journal: entry,
    quota: createQuota({ maxJournalBytes: config.JOURNAL_MAX_BYTES, log, monotonicNow }),
    findAckFault,
    hearConfig: (device, on, echo) => configs.hear(device, on, echo),
  });
  const acks = await openAckConsumer({
    ...{ journal, pipeline, log },
    cursor: createSavedCursor(database, ACKS_CONSUMER),
    onAck: (device, body, atMs) => dispatch.onAck(device, body, atMs),
  });

  const replay = () => replayClaimed({ identities, waiting, journal, pipeline, log, now });
  return {
    formats,
    waiting,
    inbox,
    configs,
    pipeline,
    entry,
    ofMessages: [createPresenceConsumer({ journal, fleet, feed }), acks],
    async claim(alias, device) {
      const taken = await findTaken(database, device, [alias]);
      if (taken) return `${taken.alias} is an alias of ${taken.device}.`;
      await waiting.save();
      const gateway = await claimAlias(database, alias, device, now());
      await registry.reload();
      const replayed = await replay();
      return { replayed, ...(gateway === undefined ? {} : { gateway }) };
    },
    async followRegistry() {
      await registry.reload();
      await waiting.save();
      await replay();
      await configs.deliver();
    },
  };
}
