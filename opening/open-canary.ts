/**
 * openCanary: Siaga's own device, where the configuration asks for one.
 *
 * After the entrances, since it comes in through the broker as any other. Invariant: without CANARY_EVERY_S nothing of
 * it exists.
 */
import { CONSUMER as ALERTS_CONSUMER } from '../alerts/record/alert-store.ts';
import { needsProxyHeader } from '../broker/listeners/front-door.ts';
import { Canary } from '../canary/canary.ts';
import { CANARY_ID, enlistCanary } from '../canary/own-device.ts';
import type { Entrances } from './open-entrances.ts';
import type { Followers } from './open-followers.ts';
import type { Ground } from './open-ground.ts';
import type { Stores } from './open-stores.ts';

export async function openCanary(
  ground: Ground,
  { draining, keptHistory }: Stores,
  { alerts }: Followers,
  { broker }: Entrances,
): Promise<Canary | undefined> {
  const { city, config, database, log, now, registry } = ground;
  if (config.CANARY_EVERY_S === undefined) return undefined;
  const secret = await enlistCanary(database, registry, now());
  const plain = broker.addresses.find(({ listener }) => listener === 'tcp');
  if (!plain) throw new Error('the canary finds no listener of plain MQTT');
  const host = ownHost(plain.host);
  const sendsProxyHeader = needsProxyHeader(config, host);
  return new Canary({
    ...ground,
    city: city.id,
    broker: { host, port: plain.port, id: CANARY_ID, secret, sendsProxyHeader },
    history: keptHistory.history,
    judgedThrough: () => draining.reached(ALERTS_CONSUMER),
    alerts,
    log: log.child({ part: 'canary' }),
  });
}

/** Who listens on every address is reached on loopback. */
function ownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
