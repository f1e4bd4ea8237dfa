/**
 * What firmware of many makers says beside its measurements, by the last level of a topic: that it is there or gone
 * (ESPHome `<name>/status`, Zigbee2MQTT `<name>/availability`, Shelly `<name>/online`), and lines of its log.
 *
 * Asked by the formats without topics of their own. Invariant: what is no such word is left to the format.
 */
import { parsePresence } from '../parse-presence.ts';
import { textOf } from '../payload-text.ts';
import { isRejection } from '../rejection.ts';
import type { Presence } from '../topics.ts';
import type { Claim, FormatMessage } from './format.ts';

const STATUS_LEVELS: ReadonlySet<string> = new Set([
  ...['status', 'availability', 'available', 'lwt', 'online', 'connection', 'connected'],
]);
const LOG_LEVELS: ReadonlySet<string> = new Set(['debug', 'log', 'logs', 'logger', 'syslog']);
/** What firmware tells Home Assistant of itself, unasked, under its prefix. */
const DISCOVERY = /(?:^|\/)homeassistant\/(?:.+\/)?config$/;
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
  if (isStatusTopic(topic)) {
    const presence = presenceIn(payload);
    if (presence) return { aliases: [], items: [], presence };
  }
  if (DISCOVERY.test(topic))
    return { aliases: [], items: [], presence: 'online', note: 'how it is set up, no measurement' };
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
