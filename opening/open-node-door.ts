/**
 * openNodeDoor: where several nodes serve one city, the owner's door for what came to the others.
 *
 * The last stage of openSiaga: once it is announced in the database, standbys carry devices and people here. Invariant:
 * closed first, so that nobody is led to a part that is closing.
 */
import { randomBytes } from 'node:crypto';
import type { HttpApi } from '../api/open-http-api.ts';
import type { Broker } from '../broker/broker.ts';
import { openDoor } from '../relay/door.ts';
import type { Ground } from './open-ground.ts';

/** As long as the hash of the cipher. */
const KEY_BYTES = 32;

export async function openNodeDoor(
  opened: AsyncDisposableStack,
  { config, owned, metrics, ...ground }: Ground,
  broker: Pick<Broker, 'carry'>,
  api: Pick<HttpApi, 'carry'>,
): Promise<void> {
  const { SIAGA_NODE_HOST: host, SIAGA_NODE_PORT: wantedPort, SIAGA_CITY: city } = config;
  if (!owned || host === undefined) return;
  const key = randomBytes(KEY_BYTES);
  const log = ground.log.child({ part: 'relay' });
  const { port } = opened.use(
    await openDoor({
      ...{ host, port: wantedPort, log, metrics },
      node: { city, epoch: owned.ownership.epoch, key },
      toBroker: broker.carry,
      toApi: api.carry,
    }),
  );
  const announced = {
    host: config.SIAGA_NODE_ANNOUNCED_HOST ?? host,
    port: config.SIAGA_NODE_ANNOUNCED_PORT ?? port,
  };
  await owned.announce({ ...announced, key });
  log.info({ host, port, announced }, 'other nodes may carry devices and people here');
}
