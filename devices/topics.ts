/**
 * The topic grammar of the contract with the devices: `siaga/<city>/<kind>/<device>/<channel>`.
 *
 * Stands at the very front of the flow: the broker asks it who may publish where, ingest asks it whose
 * reading this is. Invariant: `parseDeviceTopic(formatDeviceTopic(t))` equals `t` for every valid `t`, and
 * whatever `parseDeviceTopic` refuses is refused with a sentence that a firmware author can act on.
 */

export const TOPIC_ROOT = 'siaga';

/** User names of gateways, which send for many devices, begin with it; ids of devices have no colon. */
export const GATEWAY_PREFIX = 'gateway:';

/** Channels that a device publishes on. `status` is retained and is also the will. */
export const UP_CHANNELS = ['telemetry', 'status', 'ack'] as const;
/** Channels that a device subscribes to. */
export const DOWN_CHANNELS = ['command', 'config'] as const;

export type UpChannel = (typeof UP_CHANNELS)[number];
export type DownChannel = (typeof DOWN_CHANNELS)[number];
export type Channel = UpChannel | DownChannel;

/** What a `status` message may say. `sleeping` is announced silence: it is not a fault. */
export const PRESENCES = ['online', 'sleeping', 'offline'] as const;
export type Presence = (typeof PRESENCES)[number];

export interface DeviceTopic {
  city: string;
  kind: string;
  device: string;
  channel: Channel;
}

/** Ids of cities, kinds and devices: lower case, digits and hyphens, 1–64 characters. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;
const CHANNELS: ReadonlySet<string> = new Set([...UP_CHANNELS, ...DOWN_CHANNELS]);

export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

export function formatDeviceTopic({ city, kind, device, channel }: DeviceTopic): string {
  return `${TOPIC_ROOT}/${city}/${kind}/${device}/${channel}`;
}

/** The retained topic on which an open alert is published for sirens and the public. */
export function formatAlertTopic(city: string, alert: string): string {
  return `${TOPIC_ROOT}/${city}/alerts/${alert}`;
}

/** A topic's parts, or one sentence that says what is wrong with it. Never throws. */
export function parseDeviceTopic(topic: string): DeviceTopic | string {
  const parts = topic.split('/');
  if (parts.length !== 5 || parts[0] !== TOPIC_ROOT) {
    return `expected ${TOPIC_ROOT}/<city>/<kind>/<device>/<channel>`;
  }
  const [, city, kind, device, channel] = parts as [string, string, string, string, string];
  for (const [name, part] of [
    ['city', city],
    ['kind', kind],
    ['device', device],
  ] as const) {
    if (!isId(part)) {
      const found = JSON.stringify(part.slice(0, 64));
      return `the ${name} is ${found}; expected lower case letters, digits and hyphens, up to 64`;
    }
  }
  if (!CHANNELS.has(channel)) return `the channel must be one of ${[...CHANNELS].join(', ')}`;
  return { city, kind, device, channel: channel as Channel };
}

/** Of a topic in lists that people read. */
const SHOWN_TOPIC_CHARACTERS = 256;

/** The begin of a topic, of up to 64 KiB, for lists that people read: a copy, since a slice would hold the whole. */
export function shownTopic(topic: string): string {
  if (topic.length <= SHOWN_TOPIC_CHARACTERS) return topic;
  return Buffer.from(topic.slice(0, SHOWN_TOPIC_CHARACTERS)).toString();
}
