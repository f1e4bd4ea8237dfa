/**
 * Access: who a client is, and what it may publish, retain and subscribe to.
 *
 * Asked by the broker at CONNECT, SUBSCRIBE and PUBLISH; pure. Whether a topic is the device's own is judged
 * by the pipeline, which keeps what is not; here only the questions that keep nothing are answered.
 * Invariant: a device reads its own `command` and `config` and the public alerts, and nothing of others.
 */
import { DOWN_CHANNELS, formatDeviceTopic, TOPIC_ROOT } from '../../devices/topics.ts';

/** What let it in: a secret, or a client certificate by the time from which it is valid, epoch ms. */
export interface Proof {
  readonly credential?: number;
  readonly certificateFromMs?: number;
}

/** A device proves its id; an observer (situation room, siren, bridge) reads and never publishes. */
export type Identity =
  | ({ readonly role: 'device'; readonly id: string; readonly kind: string } & Proof)
  /** Sends for the devices that are assigned to it. */
  | ({ readonly role: 'gateway'; readonly id: string } & Proof)
  | ({ readonly role: 'observer'; readonly id: string } & Proof)
  /** Where devices need no credential (loopback only): whoever its topics name. */
  | { readonly role: 'anyone' };

/** User names of observers begin with it; ids of devices have no colon. */
export const OBSERVER_PREFIX = 'observer:';

/** Whether a client may subscribe to `filter`. */
export function maySubscribe(identity: Identity, city: string, filter: string): boolean {
  const root = `${TOPIC_ROOT}/${city}/`;
  if (!filter.startsWith(root)) return false;
  if (identity.role === 'observer' || identity.role === 'anyone') return true;
  if (filter.startsWith(`${root}alerts/`)) return true;
  if (identity.role === 'gateway') return false;
  const { kind, id: device } = identity;
  return DOWN_CHANNELS.some((channel) => filter === formatDeviceTopic({ city, kind, device, channel }));
}

export const FILTER_SEPARATOR = '/';

/**
 * Whether a filter matches the topic with these levels [MQTT-4.7.1-2, -3]; of topics that begin with $ we have
 * none.
 */
export function matchesFilter(filter: string, topic: readonly string[]): boolean {
  const levels = filter.split(FILTER_SEPARATOR);
  for (const [depth, level] of levels.entries()) {
    // It matches its parent too.
    if (level === '#') return topic.length >= depth;
    if (depth >= topic.length || (level !== '+' && level !== topic[depth])) return false;
  }
  return levels.length === topic.length;
}

/** Whether a subscription may match what devices send up: only then is it worth forwarding. */
export function listensToDevices(city: string, filter: string): boolean {
  const fourth = filter.split('/')[4];
  // What goes down in a format of others.
  if (!filter.startsWith(`${TOPIC_ROOT}/`)) return false;
  const alertsOnly = filter.startsWith(`${TOPIC_ROOT}/${city}/alerts/`);
  return !alertsOnly && !DOWN_CHANNELS.some((channel) => channel === fourth);
}
