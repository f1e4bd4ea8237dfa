/**
 * Admission: how many may connect at all, from one address, and how fast.
 *
 * Asked with the raw socket, before TLS, WebSocket or MQTT spend anything on it. Invariants: every admitted
 * socket is counted until it closes, and as a stranger until its credential is verified; what is remembered of
 * addresses without a connection is bounded.
 */
import type { Socket } from 'node:net';
import { TokenBucket } from '../../clock/token-bucket.ts';
import type { Config } from '../../config/config.ts';
import type { Bound } from '../broker-metrics.ts';
import { formatOriginKey, type Origin } from '../connection/connection-options.ts';

export type AdmissionConfig = Pick<
  Config,
  | 'MQTT_MAX_CONNECTIONS'
  | 'MQTT_MAX_CONNECTIONS_PER_ADDRESS'
  | 'MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS'
  | 'MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S'
>;

/** Addresses remembered; beyond it those without a connection are forgotten. */
export const MAX_ADDRESSES = 20_000;

interface Address {
  connections: number;
  /** Of these, not verified yet. */
  strangers: number;
  /** Connects still allowed: one second's worth at once. */
  readonly connects: TokenBucket;
}

export interface Admission {
  /** Counts the socket until it closes, or says which bound forbids it. */
  admit(socket: Socket, origin: Origin): Bound | undefined;
  /** It has shown who it is. */
  identified(origin: Origin): void;
  readonly connections: number;
}

export function createAdmission(config: AdmissionConfig, monotonicNow: () => number): Admission {
  const perSecond = config.MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S;
  const addresses = new Map<string, Address>();
  /** What to do when one of these is known, by where it came from. */
  const strangers = new Map<string, () => void>();
  let connections = 0;

  function find(address: string): Address {
    let entry = addresses.get(address);
    if (entry) return entry;
    if (addresses.size >= MAX_ADDRESSES) {
      for (const [key, { connections }] of addresses) if (connections === 0) addresses.delete(key);
    }
    entry = { connections: 0, strangers: 0, connects: new TokenBucket(perSecond, 1, monotonicNow) };
    addresses.set(address, entry);
    return entry;
  }

  /** Counts a stranger; returns what counts it no more, which works once. */
  function addStranger(entry: Address, key: string): () => void {
    entry.strangers++;
    const forget = () => {
      if (strangers.get(key) !== forget) return;
      strangers.delete(key);
      entry.strangers--;
    };
    strangers.get(key)?.();
    strangers.set(key, forget);
    return forget;
  }

  return {
    get connections() {
      return connections;
    },
    admit(socket, origin) {
      const entry = find(origin.address);
      if (!entry.connects.tryTake()) return 'connects-per-address';
      if (connections >= config.MQTT_MAX_CONNECTIONS) return 'connections';
      if (entry.connections >= config.MQTT_MAX_CONNECTIONS_PER_ADDRESS) return 'connections-per-address';
      if (entry.strangers >= config.MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS)
        return 'unauthenticated-per-address';
      const forget = addStranger(entry, formatOriginKey(origin));
      connections++;
      entry.connections++;
      socket.once('close', () => {
        connections--;
        entry.connections--;
        forget();
      });
      return undefined;
    },
    identified: (origin) => strangers.get(formatOriginKey(origin))?.(),
  };
}
