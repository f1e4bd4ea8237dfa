/**
 * openEntrances: where messages come in. The broker, with the check of its devices' credentials, and the outside
 * brokers that Siaga subscribes to.
 *
 * The fifth stage of openSiaga: whoever connects finds the parts open that its messages need. Invariant: broker and
 * API together take no more connections than this process may open files.
 */
import { type Broker, type BrokerOptions, openBroker } from '../broker/broker.ts';
import { type CredentialCheck, openCredentialCheck } from '../broker/credentials/credential-check.ts';
import { matchesTopic } from '../devices/formats/format.ts';
import { createMayListen } from '../fleet/down-topics.ts';
import { openSources, type Sources } from '../sources/sources.ts';
import type { Followers } from './open-followers.ts';
import type { Ground } from './open-ground.ts';
import type { Intake } from './open-intake.ts';
import { readDescriptorLimit, shareDescriptors } from './share-descriptors.ts';

export interface Entrances {
  readonly broker: Broker;
  readonly sources: Sources;
  /** Absent where devices need no credentials. */
  readonly authenticator: CredentialCheck | undefined;
  /** Connections that the API may take. */
  readonly apiConnections: number;
}

const DESCRIPTORS_SHORT =
  'this process may open fewer files than its bounds need, so it takes fewer connections: raise ulimit -n';

export async function openEntrances(
  opened: AsyncDisposableStack,
  ground: Ground,
  followers: Followers,
  intake: Intake,
): Promise<Entrances> {
  const { city, config, log } = ground;
  const authenticator = config.MQTT_AUTH
    ? opened.use(await openCredentialCheck({ ...ground, log: log.child({ part: 'credentials' }) }))
    : undefined;
  const share = shareDescriptors(config, readDescriptorLimit());
  if (share.shortage) log.warn(share, DESCRIPTORS_SHORT);
  const broker = opened.use(
    await openBroker({
      ...ground,
      ...brokerMessages(ground, intake),
      config: { ...config, MQTT_MAX_CONNECTIONS: share.mqttConnections },
      city: city.id,
      waitingBytes: () => intake.entry.waitingBytes,
      authenticator,
      deviceLinks: followers.dispatch.links,
      log: log.child({ part: 'broker' }),
    }),
  );
  const sources = opened.use(
    openSources({
      ...ground,
      file: config.SOURCES_FILE,
      city: city.id,
      pipeline: intake.pipeline,
      log: log.child({ part: 'sources' }),
    }),
  );
  return { broker, sources, authenticator, apiConnections: share.apiConnections };
}

/** What the broker does with what comes: a publish goes through the pipeline, a will that is not kept to the inbox. */
function brokerMessages(
  { now, registry }: Ground,
  { formats, inbox, pipeline }: Intake,
): Pick<BrokerOptions, 'pipeline' | 'mayListen' | 'isStatusOfFormat' | 'onWillDropped'> {
  return {
    pipeline,
    mayListen: createMayListen(registry, formats),
    isStatusOfFormat: (topic) =>
      [...formats.values()].some(
        ({ hasStatus, isStatusTopic, topics }) =>
          hasStatus && (isStatusTopic?.(topic) || topics.some((filter) => matchesTopic(filter, topic))),
      ),
    onWillDropped(identity, topic) {
      const message = { topic, payload: Buffer.alloc(0), receivedAt: now(), clientId: identity };
      inbox.note(identity, message, 'its will is not kept: leave it on your own status topic');
    },
  };
}
