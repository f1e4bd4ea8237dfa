/**
 * The broker's figures in /metrics: who is connected, what was published, what was refused and why.
 *
 * What is counted for every packet is a plain number here, handed to prom-client when it is asked. Invariant:
 * each bound of docs/bounds.md that refuses or drops has a label in `siaga_mqtt_bound_hits_total`.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { HoldCause, ListenerName } from './connection/connection-options.ts';
import type { EndReason } from './connection/end-reason.ts';
import { PubackTimes } from './publishing/puback-times.ts';

/** Bounds whose policy is to refuse or to drop; those that end a connection are counted by its reason. */
export type Bound =
  | 'connections'
  | 'connections-per-address'
  | 'unauthenticated-per-address'
  | 'connects-per-address'
  | 'offline-messages'
  | 'kept-subscriptions'
  | 'kept-sessions'
  | 'retained-messages'
  | 'retain-not-allowed'
  | 'will-elsewhere'
  | 'packet-skipped'
  | 'too-large-for-client'
  | 'subscriptions'
  | 'subscription-not-allowed'
  | 'persistent-session';

export type PublishOutcome = 'accepted' | 'partly-rejected' | 'rejected' | 'not-stored';

export interface BrokerMetrics {
  readonly connections: Gauge<'listener'>;
  readonly ends: Counter<'reason'>;
  readonly bounds: Counter<'bound'>;
  readonly holds: Counter<'cause'>;
  readonly pubackTimes: PubackTimes;
  /** Added to for every publish. */
  readonly publishes: Record<PublishOutcome, number>;
  /** `out` counts the connections that have ended; WebSocket streams do not tell. */
  readonly bytes: { in: number; out: number };
  /** Bytes written to those that are open; set by the table. */
  bytesOutOfOpen: () => number;
  /** Client ids that became contested. */
  readonly contests: Counter;
  /** Those that are so now; set by the broker. */
  countContested: () => number;
  countBound(bound: Bound): void;
  countEnd(reason: EndReason): void;
  countHold(cause: HoldCause): void;
  countOpen(listener: ListenerName, step: 1 | -1): void;
}

export function createBrokerMetrics(registry: Registry): BrokerMetrics {
  const registers = [registry];
  const publishes: Record<PublishOutcome, number> = {
    accepted: 0,
    'partly-rejected': 0,
    rejected: 0,
    'not-stored': 0,
  };
  const bytes = { in: 0, out: 0 };
  registerTotals(registry, publishes, () => ({ in: bytes.in, out: bytes.out + metrics.bytesOutOfOpen() }));
  const connections = new Gauge({
    name: 'siaga_mqtt_connections',
    help: 'Clients that have their CONNACK.',
    labelNames: ['listener'],
    registers,
  });
  const ends = new Counter({
    name: 'siaga_mqtt_connection_ends_total',
    help: 'Connections ended, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const bounds = new Counter({
    name: 'siaga_mqtt_bound_hits_total',
    help: 'What was refused or dropped because a bound was reached, by bound.',
    labelNames: ['bound'],
    registers,
  });
  const holds = new Counter({
    name: 'siaga_mqtt_holds_total',
    help: 'Times a client was not read for a while, by cause.',
    labelNames: ['cause'],
    registers,
  });
  const contests = new Counter({
    name: 'siaga_mqtt_contests_total',
    help: 'Client ids that became contested: two boxes claim one, or are one device under two.',
    registers,
  });
  new Gauge({
    name: 'siaga_mqtt_contested_ids',
    help: 'Client ids that are contested now.',
    registers,
    collect() {
      this.set(metrics.countContested());
    },
  });
  const metrics: BrokerMetrics = {
    contests,
    countContested: () => 0,
    connections,
    ends,
    bounds,
    holds,
    pubackTimes: new PubackTimes(registry),
    publishes,
    bytes,
    bytesOutOfOpen: () => 0,
    countBound: (bound) => bounds.inc({ bound }),
    countEnd: (reason) => ends.inc({ reason }),
    countHold: (cause) => holds.inc({ cause }),
    countOpen: (listener, step) => connections.inc({ listener }, step),
  };
  return metrics;
}

/** What is counted for every packet, asked for when Prometheus asks. */
function registerTotals(
  registry: Registry,
  publishes: Readonly<Record<PublishOutcome, number>>,
  bytes: () => Readonly<Record<'in' | 'out', number>>,
): void {
  const registers = [registry];
  new Counter({
    name: 'siaga_mqtt_publishes_total',
    help: 'Publishes of devices by what became of them.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(publishes)) this.inc({ outcome }, count);
    },
  });
  new Counter({
    name: 'siaga_mqtt_bytes_total',
    help: 'Bytes of MQTT read from and written to clients.',
    labelNames: ['direction'],
    registers,
    collect() {
      this.reset();
      for (const [direction, count] of Object.entries(bytes())) this.inc({ direction }, count);
    },
  });
}
