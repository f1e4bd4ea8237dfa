/** Bounds on what is kept for a client of MQTT, and on how it reads. */
import { MAX_KEPT } from '../../broker/aedes/kept-subscriptions.ts';
import { MAX_DEVICES } from '../../broker/clients/device-connections.ts';
import { MAX_UNACKNOWLEDGED as MAX_COMMANDS } from '../../broker/clients/device-links.ts';
import { MAX_OF_A_DEVICE } from '../../broker/clients/kept-sessions.ts';
import { MAX_TOPICS } from '../../broker/clients/observers.ts';
import { MAX_UNACKNOWLEDGED as MAX_REMEMBERED_OUT } from '../../broker/connection/outgoing-window.ts';
import { MAX_UNREAD_BYTES } from '../../broker/connection/read-pace.ts';
import { MAX_IDLE_FRAMES_PER_S } from '../../broker/listeners/websocket-listener.ts';
import { type Bound, type BoundSection, bytes, count, duration, end, hit, hold, variable } from './bound.ts';

const bounds: readonly Bound[] = [
  {
    what: 'answers that a client leaves unread',
    value: 'its socket’s buffer',
    whenMet: 'hold, then `MQTT_DRAIN_TIMEOUT_MS`',
    seenAt: hold('unread-answers'),
    honest: 'nothing is lost',
  },
  {
    what: 'time for a subscriber to read',
    value: variable('MQTT_DRAIN_TIMEOUT_MS', duration),
    whenMet: 'closed',
    seenAt: end('slow-reader'),
    honest: 'on a link too slow for what it subscribed to: closed',
  },
  {
    what: 'bytes that a client leaves unread',
    value: bytes(MAX_UNREAD_BYTES),
    whenMet: 'closed',
    seenAt: end('slow-reader'),
    honest: 'as above',
  },
  {
    what: 'frames of WebSocket that bring no byte: pings, pongs, empty ones',
    value: `${count(MAX_IDLE_FRAMES_PER_S)} a second, averaged over a minute`,
    whenMet: 'closed',
    seenAt: end('protocol-violation'),
    honest: 'nothing: a ping each few seconds is far below',
  },
  {
    what: 'subscriptions of one client',
    value: variable('MQTT_MAX_SUBSCRIPTIONS_PER_CLIENT'),
    whenMet: 'SUBACK 0x80',
    seenAt: hit('subscriptions'),
    honest: 'subscribe with a wildcard',
  },
  {
    what: 'subscriptions kept over a restart, of all devices',
    value: count(MAX_KEPT),
    whenMet: 'they last until the next restart',
    seenAt: hit('kept-subscriptions'),
    honest: 'Session Present is 0 after a restart: subscribe again',
  },
  {
    what: 'sessions kept of one device, besides those that are connected',
    value: count(MAX_OF_A_DEVICE),
    whenMet: 'the one that connected longest ago is forgotten, with what waits for it',
    seenAt: hit('kept-sessions'),
    honest: 'firmware that makes up a client id for each connect: nothing',
  },
  {
    what: 'messages kept for an absent session',
    value: variable('MQTT_MAX_OFFLINE_MESSAGES_PER_CLIENT'),
    whenMet: 'the oldest goes',
    seenAt: hit('offline-messages'),
    honest: 'misses the oldest; orders to a crew are kept elsewhere and come again',
  },
  {
    what: 'retained messages',
    value: variable('MQTT_MAX_RETAINED_MESSAGES'),
    whenMet: 'not retained',
    seenAt: hit('retained-messages'),
    honest: 'who subscribes later does not get it',
  },
  {
    what: 'messages that a client has not acknowledged, remembered to judge its answers',
    value: count(MAX_REMEMBERED_OUT),
    whenMet: 'of the oldest any answer is right',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'commands without a PUBACK whose payload is remembered',
    value: `${count(MAX_COMMANDS)} a client`,
    whenMet: 'the oldest are forgotten, and told again by their timers',
    seenAt: 'no counter: nothing is refused or lost',
    honest: 'a command twice, with the same `word`',
  },
  {
    what: 'topics whose receivers are remembered',
    value: count(MAX_TOPICS),
    whenMet: 'all are forgotten',
    seenAt: 'no counter: nothing is refused or lost',
    honest: 'nothing',
  },
  {
    what: 'devices whose last connection is remembered',
    value: count(MAX_DEVICES),
    whenMet: 'the one that first connected longest ago is forgotten',
    seenAt: '`connection` in `GET /v1/devices/{id}`',
    honest: '`connection` says nothing of it until it connects again',
  },
  {
    what: 'a will elsewhere than on a status topic',
    value: 'none',
    whenMet: 'taken away',
    seenAt: hit('will-elsewhere'),
    honest: 'put it on the status topic',
  },
];

export const MQTT_READING: BoundSection = {
  title: 'MQTT: reading',
  intro: 'What is kept for a client, and how long it may take.',
  bounds,
};
