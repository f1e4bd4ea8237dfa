/**
 * SenderShares: what one credential may send, over all the connections that show it.
 *
 * A device may connect under any client id, so a rate of each connection would be none: two hundred connections with
 * one stolen secret had two hundred rates. Told by connection-table.ts who is there. Invariants: the connections of one
 * identity pay from the same two buckets, which outlast them, so that who comes back has not more than who stayed; of
 * one identity at most so many are open, and the one that connected longest ago gives way.
 */
import { TokenBucket } from '../../clock/token-bucket.ts';
import type { Config } from '../../config/config.ts';
import type { Connection } from '../connection/connection.ts';
import type { Identity } from './access.ts';

/** A device that empties its offline buffer may do so at once. */
export const PUBLISHES_AVERAGED_OVER_S = 10;
/** What is done at once keeps the others waiting: 2,000 PINGREQs are some 20 ms. */
export const WORK_AVERAGED_OVER_S = 2;
/** Of a device or a gateway: its boxes and a workbench, and what a modem left half open in the last minutes. */
export const MAX_CONNECTIONS_OF_A_SENDER = 32;
/** An observer's secret stands in every screen of a house. */
export const MAX_CONNECTIONS_OF_AN_OBSERVER = 256;
/** Beyond it those without a connection are forgotten: more than a city has devices. */
export const MAX_SENDERS = 20_000;

export interface Rates {
  readonly publishRate: TokenBucket;
  readonly workRate: TokenBucket;
}

/** Of a connection until it has shown who it is, and then of all that are the same. */
export function createRates(config: Config, monotonicNow: () => number): Rates {
  const { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: publishes, MQTT_MAX_WORK_PER_CLIENT_PER_S: work } = config;
  return {
    publishRate: new TokenBucket(publishes, PUBLISHES_AVERAGED_OVER_S, monotonicNow),
    workRate: new TokenBucket(work, WORK_AVERAGED_OVER_S, monotonicNow),
  };
}

interface Sender {
  readonly rates: Rates;
  /** In the order in which they came. */
  readonly connections: Set<Connection>;
}

export class SenderShares {
  readonly #senders = new Map<string, Sender>();
  readonly #createRates: () => Rates;

  constructor(createRates: () => Rates) {
    this.#createRates = createRates;
  }

  /** It has shown who it is; where no credential is asked for each connection stays for itself. */
  join(connection: Connection): void {
    const { identity } = connection;
    if (!identity || identity.role === 'anyone') return;
    const sender = this.#senders.get(identity.id) ?? this.#add(identity.id);
    connection.pace.shareRates(sender.rates);
    this.#makeRoom(sender.connections, maxOf(identity));
    sender.connections.add(connection);
  }

  leave(connection: Connection): void {
    const { identity } = connection;
    if (!identity || identity.role === 'anyone') return;
    this.#senders.get(identity.id)?.connections.delete(connection);
  }

  #add(id: string): Sender {
    if (this.#senders.size >= MAX_SENDERS) this.#forgetAbsent();
    const sender = { rates: this.#createRates(), connections: new Set<Connection>() };
    this.#senders.set(id, sender);
    return sender;
  }

  #makeRoom(connections: Set<Connection>, max: number): void {
    for (const oldest of connections) {
      if (connections.size < max) return;
      connections.delete(oldest);
      oldest.end('gave-way');
    }
  }

  #forgetAbsent(): void {
    for (const [id, { connections }] of this.#senders) {
      if (connections.size === 0) this.#senders.delete(id);
    }
  }
}

function maxOf({ role }: Identity): number {
  return role === 'observer' ? MAX_CONNECTIONS_OF_AN_OBSERVER : MAX_CONNECTIONS_OF_A_SENDER;
}
