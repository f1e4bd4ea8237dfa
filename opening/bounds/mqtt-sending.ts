/** Bounds on what a connected client of MQTT sends. */
import { MAX_UNRELEASED } from '../../broker/aedes/bounded-incoming.ts';
import { MAX_SESSION_EXPIRY_S, MAX_TOPIC_LEVELS } from '../../broker/aedes/open-aedes.ts';
import { MAX_CONNECT_BYTES, SKIPPED_PACKETS } from '../../broker/broker.ts';
import { MAX_KEEP_ALIVE_S } from '../../broker/clients/connect-5.ts';
import { PUBLISHES_AVERAGED_OVER_S, WORK_AVERAGED_OVER_S } from '../../broker/clients/sender-shares.ts';
import { MAX_REASON_BYTES } from '../../broker/connection/answers-5.ts';
import { BATCHED_READING_BYTES, ONE_READING_BYTES } from '../../broker/connection/intake.ts';
import { MIN_BYTES_A_SPAN, SPAN_MS } from '../../broker/connection/life-signs.ts';
import { MAX_FILTERS, PUBACK, PUBREL, SUBSCRIBE, UNSUBSCRIBE } from '../../broker/connection/packet-check.ts';
import {
  FILTER_PRICE,
  PINGREQ,
  PRICES,
  QOS_2_PRICE,
  RETAINED_PRICE,
} from '../../broker/connection/packet-prices.ts';
import { MAX_PROPERTIES } from '../../broker/connection/properties.ts';
import { MAX_ALIASED_BYTES, MAX_ALIASES } from '../../broker/connection/publish-5.ts';
import { PUBLISHES_PER_MS } from '../../broker/publishing/publish-rules.ts';
import { type Bound, type BoundSection, bytes, count, duration, end, hit, hold, variable } from './bound.ts';

const bounds: readonly Bound[] = [
  {
    what: 'packet',
    value: variable('MQTT_MAX_PACKET_BYTES', bytes),
    whenMet: `a PUBLISH of QoS 0 or 1 of up to ${SKIPPED_PACKETS} times as much is skipped, acknowledged and kept as \`too-large\` with its size and first bytes; anything else is cut at its fixed header, before it is buffered`,
    seenAt: `${hit('packet-skipped')}, ${end('packet-too-large')}`,
    honest: 'a batch that is too large is among the rejections: send it in parts',
  },
  {
    what: 'CONNECT',
    value: bytes(MAX_CONNECT_BYTES),
    whenMet: 'cut at its fixed header',
    seenAt: end('packet-too-large'),
    honest: 'nothing: a CONNECT has some hundred bytes',
  },
  {
    what: 'a packet that has begun',
    value: `${bytes(MIN_BYTES_A_SPAN)} each ${duration(SPAN_MS)}, or its end`,
    whenMet: 'closed',
    seenAt: end('too-slow'),
    honest: 'on a link below 50 bytes a second: closed',
  },
  {
    what: 'publishes of one client that await the disk',
    value: variable('MQTT_MAX_INFLIGHT_PER_CLIENT'),
    whenMet: 'hold',
    seenAt: hold('in-flight'),
    honest: 'nothing is lost; a backlog goes at the disk’s pace',
  },
  {
    what: `publishes of one device a second, over all its connections; one that is larger than ${ONE_READING_BYTES} bytes counts once more for each ${BATCHED_READING_BYTES} beyond, and ${PUBLISHES_PER_MS} times for each millisecond that it takes to read`,
    value: `${variable('MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S')}, mean of ${PUBLISHES_AVERAGED_OVER_S} s`,
    whenMet: 'hold',
    seenAt: hold('rate'),
    honest: 'nothing is lost',
  },
  {
    what: `work of one device, gateway or observer a second, over all its connections: a PINGREQ is ${PRICES.get(PINGREQ)}, an acknowledgement that nobody asked for ${PRICES.get(PUBACK)}, PUBREL ${PRICES.get(PUBREL)}, UNSUBSCRIBE ${PRICES.get(UNSUBSCRIBE)}, a PUBLISH of QoS 2 ${QOS_2_PRICE}, SUBSCRIBE ${PRICES.get(SUBSCRIBE)}, each filter ${FILTER_PRICE}, each retained message ${RETAINED_PRICE}`,
    value: `${variable('MQTT_MAX_WORK_PER_CLIENT_PER_S')}, mean of ${WORK_AVERAGED_OVER_S} s`,
    whenMet: 'hold',
    seenAt: hold('work'),
    honest: 'nothing: some 1 % of a core is more than any device needs',
  },
  {
    what: 'filters of one SUBSCRIBE or UNSUBSCRIBE',
    value: count(MAX_FILTERS),
    whenMet: 'closed',
    seenAt: end('packet-too-large'),
    honest: 'subscribe in parts',
  },
  {
    what: 'bytes that await the disk, of all',
    value: variable('JOURNAL_MAX_WAITING_BYTES', bytes),
    whenMet: 'hold all, until half of it; beyond twice that a publish fails and is not acknowledged',
    seenAt: hold('journal'),
    honest: 'a later PUBACK, for all alike',
  },
  {
    what: 'QoS 2 messages before their PUBREL',
    value: `${count(MAX_UNRELEASED)} a client`,
    whenMet: 'closed',
    seenAt: end('malformed'),
    honest: 'nothing',
  },
  {
    what: 'levels of a topic',
    value: count(MAX_TOPIC_LEVELS),
    whenMet: 'closed',
    seenAt: end('malformed'),
    honest: 'nothing: ours have five',
  },
  {
    what: 'properties of one packet, in version 5',
    value: count(MAX_PROPERTIES),
    whenMet: 'closed with 0x95',
    seenAt: end('packet-too-large'),
    honest: 'nothing: a firmware sends some',
  },
  {
    what: 'topic aliases of one client, and the length of their topics',
    value: `${count(MAX_ALIASES)}, ${bytes(MAX_ALIASED_BYTES)}`,
    whenMet: 'closed with 0x94; CONNACK says how many there are',
    seenAt: end('protocol-violation'),
    honest: 'nothing',
  },
  {
    what: 'session expiry and keep alive, in version 5',
    value: `${duration(MAX_SESSION_EXPIRY_S * 1_000)}, ${duration(MAX_KEEP_ALIVE_S * 1_000)}`,
    whenMet: 'less than asked for: CONNACK says what holds',
    seenAt: 'CONNACK',
    honest: 'a box that was away for longer finds what is retained, and no queue',
  },
  {
    what: 'a reason string, in version 5',
    value: bytes(MAX_REASON_BYTES),
    whenMet: 'cut',
    seenAt: '`GET /v1/rejections` has it whole',
    honest: 'the end of a long sentence is missing',
  },
];

export const MQTT_SENDING: BoundSection = {
  title: 'MQTT: sending',
  intro: '*Hold* means: the client is not read until there is room, so that it waits and loses nothing.',
  bounds,
};
