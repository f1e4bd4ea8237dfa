/** Bounds that a client of MQTT meets until it is connected. */
import { MAX_CLIENT_ID_LENGTH } from '../../broker/clients/connect-rules.ts';
import { MAX_IDS, TURN_MS } from '../../broker/clients/contested-ids.ts';
import {
  MAX_CONNECTIONS_OF_A_SENDER,
  MAX_CONNECTIONS_OF_AN_OBSERVER,
  MAX_SENDERS,
} from '../../broker/clients/sender-shares.ts';
import { MAX_ADDRESSES } from '../../broker/listeners/admission.ts';
import {
  GATHERED_AT_ONCE,
  HANDSHAKE_SLOT_MS,
  HANDSHAKES_AT_ONCE,
  MAX_HELLO_BYTES,
  SERVED_A_TURN,
} from '../../broker/listeners/arrivals.ts';
import { MAX_HANDSHAKE_MS, MIN_BYTES_A_SECOND } from '../../broker/listeners/handshakes.ts';
import { MAX_V1_BYTES, MAX_V2_REST_BYTES } from '../../broker/listeners/proxy-header.ts';
import {
  type Bound,
  type BoundSection,
  bytes,
  count,
  duration,
  end,
  hit,
  metric,
  variable,
} from './bound.ts';

const bounds: readonly Bound[] = [
  {
    what: 'connections',
    value: variable('MQTT_MAX_CONNECTIONS'),
    whenMet: 'reset',
    seenAt: hit('connections'),
    honest: 'tries again',
  },
  {
    what: 'connections of one address',
    value: variable('MQTT_MAX_CONNECTIONS_PER_ADDRESS'),
    whenMet: 'reset',
    seenAt: hit('connections-per-address'),
    honest: 'behind the same NAT: tries again',
  },
  {
    what: 'of them, not authenticated yet',
    value: variable('MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS'),
    whenMet: 'reset',
    seenAt: hit('unauthenticated-per-address'),
    honest: 'behind the same NAT: tries again',
  },
  {
    what: 'connects of one address',
    value: `${variable('MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S')} a second`,
    whenMet: 'reset',
    seenAt: hit('connects-per-address'),
    honest: 'tries again, some seconds later',
  },
  {
    what: 'connections of one device or gateway; of one observer',
    value: `${count(MAX_CONNECTIONS_OF_A_SENDER)}; ${count(MAX_CONNECTIONS_OF_AN_OBSERVER)}`,
    whenMet: 'the oldest of them is closed',
    seenAt: end('gave-way'),
    honest: 'nothing: a device has one, and some that a modem left half open',
  },
  {
    what: 'devices, gateways and observers whose rates are remembered',
    value: count(MAX_SENDERS),
    whenMet: 'those without a connection are forgotten',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'addresses that are remembered',
    value: count(MAX_ADDRESSES),
    whenMet: 'those without a connection are forgotten',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'connections of a proxy that await their PROXY header',
    value: `${variable('MQTT_MAX_CONNECTIONS')}, with those that are open`,
    whenMet: 'reset',
    seenAt: hit('connections'),
    honest: 'tries again',
  },
  {
    what: 'a PROXY header',
    value: `${bytes(MAX_V2_REST_BYTES)} behind its first 16 bytes; ${bytes(MAX_V1_BYTES)} in version 1; time as to a CONNECT`,
    whenMet: 'reset',
    seenAt: end('proxy-header'),
    honest: 'nothing',
  },
  {
    what: 'connections that are served in one turn of the event loop',
    value: `${SERVED_A_TURN}, the newest first, once at most ${GATHERED_AT_ONCE} more have been taken in`,
    whenMet: 'they wait, and nothing is done for who has gone meanwhile',
    seenAt: end('gave-up'),
    honest: 'a later CONNACK in a storm',
  },
  {
    what: 'handshakes of TLS and WebSocket under way at once',
    value: `${HANDSHAKES_AT_ONCE}; one that takes more than ${duration(HANDSHAKE_SLOT_MS)} makes room and goes on`,
    whenMet: 'they wait',
    seenAt: `${end('gave-up')} of those who leave`,
    honest: 'a later CONNACK in a storm',
  },
  {
    what: 'bytes held of one that waits for its turn',
    value: bytes(MAX_HELLO_BYTES),
    whenMet: 'the rest waits in its socket',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'time to a CONNECT',
    value: variable('MQTT_CONNECT_TIMEOUT_MS', duration),
    whenMet: 'closed',
    seenAt: end('connect-timeout'),
    honest: 'on a very slow link: closed, and tries again',
  },
  {
    what: 'time to a TLS or HTTP handshake',
    value: `the same, and 1 s more for each ${MIN_BYTES_A_SECOND} bytes that went either way; ${duration(MAX_HANDSHAKE_MS)} at most`,
    whenMet: 'closed',
    seenAt: end('handshake-timeout'),
    honest: 'nothing down to 100 bytes a second',
  },
  {
    what: 'time to be authenticated',
    value: variable('MQTT_AUTHENTICATE_TIMEOUT_MS', duration),
    whenMet: 'closed',
    seenAt: end('authenticate-timeout'),
    honest: 'tries again',
  },
  {
    what: 'client id',
    value: `${count(MAX_CLIENT_ID_LENGTH)} characters`,
    whenMet: 'CONNACK 2',
    seenAt: end('identifier-rejected'),
    honest: 'use the device’s id',
  },
  {
    what: 'takeovers of a client id that is contested',
    value: `one in ${duration(TURN_MS)}; ${count(MAX_IDS)} such ids are remembered`,
    whenMet: 'CONNACK waits its turn, then `MQTT_AUTHENTICATE_TIMEOUT_MS`',
    seenAt: metric('siaga_mqtt_contests_total'),
    honest: 'both boxes get their readings through, by turns',
  },
];

export const MQTT_ARRIVING: BoundSection = {
  title: 'MQTT: arriving',
  intro: 'Before anything else is done for a client.',
  bounds,
};
