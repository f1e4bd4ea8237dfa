/**
 * What firmware of many makers says beside its measurements, by the last level of a topic: that it is there or gone
 * (ESPHome `<name>/status`, Zigbee2MQTT `<name>/availability`, Shelly `<name>/online`, Homie `<name>/$state`), and
 * lines of its log.
 *
 * Asked by the formats without topics of their own. Invariant: what is no such word is left to the format.
 */
import { parsePresence } from '../parse-presence.ts';
import { textOf } from '../payload-text.ts';
import { isRejection } from '../rejection.ts';
import type { Presence } from '../topics.ts';
import { type Claim, type FormatMessage, ofNobody } from './format.ts';

const STATUS_LEVELS: ReadonlySet<string> = new Set([
  ...['status', 'availability', 'available', 'lwt', 'online', 'connection', 'connected', '$state'],
]);
const LOG_LEVELS: ReadonlySet<string> = new Set(['debug', 'log', 'logs', 'logger', 'syslog']);
/**
 * What programs tell each other of themselves, unasked: Home Assistant's discovery under its prefix, and what the
 * bridge of Zigbee2MQTT says of itself, its network and its log.
 */
const SET_UP: readonly RegExp[] = [
  /(?:^|\/)homeassistant\/(?:.+\/)?config$/,
  /(?:^|\/)zigbee2mqtt[^/]*\/bridge\//,
];
/** `homie/<device>/$name`, `…/level/$unit` [Homie 3 to 5]; `$state` is the device's presence. */
const HOMIE_ATTRIBUTE = /.\/\$[^/]+(?:\/|$)/;
/** Of Shelly: `online` is true or false. */
const PRESENCE_OF_FLAG: Readonly<Record<string, Presence>> = {
  ...{ true: 'online', 1: 'online', false: 'offline', 0: 'offline' },
};

/** Whether a will may be left there. */
export function isStatusTopic(topic: string): boolean {
  return STATUS_LEVELS.has(lastLevelOf(topic));
}

/** Undefined where the message may be a measurement. */
export function claimOfAside({ topic, payload }: FormatMessage): Claim | undefined {
  const setUp = SET_UP.find((pattern) => pattern.test(topic));
  if (setUp) return ofNobody('how it is set up')[0];
  if (isStatusTopic(topic)) {
    const presence = presenceIn(payload);
    if (presence) return { aliases: [], items: [], presence };
  }
  if (HOMIE_ATTRIBUTE.test(topic))
    return { aliases: [], items: [], presence: 'online', note: 'an attribute of Homie, no measurement' };
  return LOG_LEVELS.has(lastLevelOf(topic))
    ? { aliases: [], items: [], presence: 'online', note: 'a line of its log, no measurement' }
    : undefined;
}

function presenceIn(payload: Buffer): Presence | undefined {
  const flag = payload.length <= 8 ? textOf(payload).trim().toLowerCase() : '';
  if (Object.hasOwn(PRESENCE_OF_FLAG, flag)) return PRESENCE_OF_FLAG[flag];
  const presence = parsePresence(payload);
  return isRejection(presence) ? undefined : presence;
}

function lastLevelOf(topic: string): string {
  return topic.slice(topic.lastIndexOf('/') + 1).toLowerCase();
}
