/** Bounds of what comes to a standby and is carried to the owner. */

import { LAST_WORDS_MS } from '../../relay/carried-devices.ts';
import { MAX_UNPROVEN, MAX_UNPROVEN_PER_ADDRESS } from '../../relay/door.ts';
import { LINK_BUFFER_BYTES, LINK_WITHIN_MS } from '../../relay/link.ts';
import { LOOK_AGAIN_MS } from '../../relay/owner-reach.ts';
import type { RelayEnd } from '../../relay/relay-metrics.ts';
import { HOLD_CALL_MS, HOLD_DEVICE_MS, LINKS_AT_ONCE, MAX_HELD_BYTES } from '../../relay/way-to-owner.ts';
import { type Bound, type BoundSection, bytes, count, duration, metric, variable } from './bound.ts';

const ended = (why: RelayEnd) => metric('siaga_relay_ended_total', `why="${why}"`);

const bounds: readonly Bound[] = [
  {
    what: 'devices at a standby: connections in all, of one address, connects of one address',
    value: `${variable('MQTT_MAX_CONNECTIONS')}, ${variable('MQTT_MAX_CONNECTIONS_PER_ADDRESS')}, ${variable('MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S')} a second; each is two open files`,
    whenMet: 'reset, before the owner hears of it; the owner has the same bounds, by the same address',
    seenAt: metric('siaga_relay_refused_total'),
    honest: 'tries again',
  },
  {
    what: 'callers at a standby: connections in all, of one address',
    value: `${variable('HTTP_MAX_CONNECTIONS')}, ${variable('HTTP_MAX_CONNECTIONS_PER_ADDRESS')}; each is two open files`,
    whenMet: 'the one that waits longest gives way: a standby knows nobody as staff',
    seenAt: metric('siaga_http_connections_ended_total', 'why="gave-way"'),
    honest: 'a browser connects again by itself',
  },
  {
    what: 'time that a connection is held while nobody serves the city',
    value: `${duration(HOLD_DEVICE_MS)} a device, ${duration(HOLD_CALL_MS)} a call`,
    whenMet: 'the device is reset, the call is answered with 503 and Retry-After',
    seenAt: `${ended('no-owner')}, ${ended('unreachable')}`,
    honest: 'comes again',
  },
  {
    what: 'links to the owner that are begun at once; time to one',
    value: `${LINKS_AT_ONCE}; ${duration(LINK_WITHIN_MS)}`,
    whenMet: 'the next waits its turn, within the time that it is held; tried again within it',
    seenAt: ended('unreachable'),
    honest: 'a later CONNACK in a storm',
  },
  {
    what: 'time that a way to the owner counts as open without a link that was begun',
    value: `${duration(LOOK_AGAIN_MS)}, then one is begun to look`,
    whenMet:
      'where it fails, /readyz answers 503 until one succeeds; devices and calls are held all the same',
    seenAt: metric('siaga_relay_owner_reached'),
    honest: 'a balancer leads elsewhere',
  },
  {
    what: 'bytes of one connection that lie at the standby',
    value: `${bytes(LINK_BUFFER_BYTES)} towards the owner, ${bytes(LINK_BUFFER_BYTES * 4)} towards the device`,
    whenMet: 'no more is read from the other side',
    seenAt: metric('siaga_relay_held_bytes'),
    honest: 'nothing',
  },
  {
    what: 'bytes of all connections that lie at the standby',
    value: bytes(MAX_HELD_BYTES),
    whenMet: 'those that hold the most are closed',
    seenAt: ended('too-much-held'),
    honest: 'sends again',
  },
  {
    what: 'what is carried to an owner that is none any more',
    value: 'until this node has seen the next one',
    whenMet: `closed; where one side ends by itself, the other has ${duration(LAST_WORDS_MS)} for what was said last`,
    seenAt: ended('owner-changed'),
    honest: 'comes again, and is led to the next owner',
  },
  {
    what: 'connections to the owner’s port for nodes that have not shown the key yet',
    value: `${count(MAX_UNPROVEN)}, ${count(MAX_UNPROVEN_PER_ADDRESS)} of one address, ${duration(LINK_WITHIN_MS)} each`,
    whenMet: 'closed',
    seenAt: metric('siaga_relay_links_refused_total', 'why="too-many"'),
    honest: 'the node tries again',
  },
];

export const NODE_BOUNDS: BoundSection = {
  title: 'Any node',
  intro: 'What comes to a standby that carries it to the owner (`SIAGA_NODE_HOST`).',
  bounds,
};
