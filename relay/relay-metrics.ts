/**
 * What a standby counts of what it carries. In a registry of its own: the owner that it may become counts otherwise.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Bound } from '../broker/broker-metrics.ts';
import { LANES, type Lane } from './link.ts';

/** Why a connection that was or should have been carried was ended by this node. */
export type RelayEnd = 'no-owner' | 'unreachable' | 'owner-changed' | 'too-much-held';

/** What becomes of a call. */
const CALL_OUTCOMES = ['carried', 'no-owner', 'unreachable', 'broken-off'] as const;

export interface RelayMetrics {
  readonly registry: Registry;
  readonly ended: Counter<'why'>;
  /** Reset at this node's door, by the bound that was met: those of the broker. */
  readonly refused: Counter<'bound'>;
  readonly calls: Counter<'outcome'>;
  countCarried: (lane: Lane) => number;
  countHeldBytes: () => number;
  isOwnerReached: () => boolean;
}

export function createRelayMetrics(): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const metrics: RelayMetrics = {
    registry,
    ended: new Counter({
      name: 'siaga_relay_ended_total',
      help: 'Connections that this standby ended: no owner within the time they are held, owner unreachable, another owner, too many bytes held.',
      labelNames: ['why'],
      registers,
    }),
    refused: new Counter({
      name: 'siaga_relay_refused_total',
      help: 'Connections of devices that this standby did not take, by the bound.',
      labelNames: ['bound'],
      registers,
    }),
    calls: new Counter({
      name: 'siaga_relay_calls_total',
      help: 'Calls that this standby handed on to the owner: carried, refused without an owner, or broken off.',
      labelNames: ['outcome'],
      registers,
    }),
    countCarried: () => 0,
    countHeldBytes: () => 0,
    isOwnerReached: () => false,
  };
  const whys: readonly RelayEnd[] = ['no-owner', 'unreachable', 'owner-changed', 'too-much-held'];
  for (const why of whys) metrics.ended.inc({ why }, 0);
  for (const outcome of CALL_OUTCOMES) metrics.calls.inc({ outcome }, 0);
  new Gauge({
    name: 'siaga_relay_connections',
    help: 'Connections that this standby carries to the owner now, by what they are for.',
    labelNames: ['lane'],
    registers,
    collect() {
      for (const lane of LANES) this.set({ lane }, metrics.countCarried(lane));
    },
  });
  new Gauge({
    name: 'siaga_relay_held_bytes',
    help: 'Bytes of what is carried that one side has sent and the other has not taken.',
    registers,
    collect() {
      this.set(metrics.countHeldBytes());
    },
  });
  new Gauge({
    name: 'siaga_relay_owner_reached',
    help: 'Whether this standby reached the owner at its last try: 1 or 0.',
    registers,
    collect() {
      this.set(metrics.isOwnerReached() ? 1 : 0);
    },
  });
  return metrics;
}

/** What is refused at the door, for its counter. */
export function countRefused({ refused }: RelayMetrics, bound: Bound): void {
  refused.inc({ bound });
}
