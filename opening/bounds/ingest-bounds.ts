/** Bounds of the way from a message to the append. */
import { MAX_CONTAINERS } from '../../devices/formats/cbor-reader.ts';
import { MAX_LINES } from '../../devices/formats/line-protocol-lines.ts';
import { MAX_COPIED_KEYS } from '../../devices/formats/plain-json.ts';
import { MAX_WAITING as MAX_MAPPED, MAX_WAITING_OF_ONE } from '../../devices/formats/run-mapping.ts';
import { MAX_UNPACKED_BYTES } from '../../devices/formats/sparkplug-payload.ts';
import { MAX_NODES } from '../../devices/formats/sparkplug-sequence.ts';
import { MAX_LINES as MAX_CONFIGS } from '../../fleet/config-book.ts';
import { MAX_HEARD } from '../../fleet/config-delivery.ts';
import { MAX_WAITING as MAX_STRANGERS } from '../../fleet/waiting-aliases.ts';
import { MAX_TRIES } from '../../ingest/ack-consumer.ts';
import { SLICE_READINGS } from '../../ingest/append-slices.ts';
import { REMEMBERED_WORDS } from '../../ingest/device-time.ts';
import { REMEMBERED_SEQS, REPEAT_WITHIN_MS } from '../../ingest/first-arrivals.ts';
import { MAX_UNCLAIMED_CHARACTERS } from '../../ingest/gather-claims.ts';
import { MAX_DEVICES, MAX_ENTRIES } from '../../ingest/inbox.ts';
import {
  MESSAGES_AT_ONCE,
  MESSAGES_PER_S,
  MIN_SHARE_READINGS,
  SHARE,
  TIMES_AS_OFTEN,
} from '../../ingest/quota.ts';
import { MAX_REPLAYED } from '../../ingest/replay-claimed.ts';
import { MAX_REMEMBERED_TOPICS } from '../../ingest/routes.ts';
import { MAX_REMEMBERED } from '../../ingest/same-second.ts';
import { MAX_CHARACTERS } from '../../ingest/stored-part.ts';
import { MAX_REJECTIONS_PER_MESSAGE } from '../../ingest/take-readings.ts';
import { MAX_ACKS_PER_MESSAGE } from '../../ingest/take-words.ts';
import { REMEMBERED_MESSAGES } from '../../sources/committed-messages.ts';
import { type Bound, count, duration, metric, percent, rejected } from './bound.ts';

export const INGEST_BOUNDS: readonly Bound[] = [
  {
    what: 'readings of one device',
    value: `${percent(SHARE)} of \`JOURNAL_MAX_BYTES\` at once (${count(MIN_SHARE_READINGS)} readings at least), and ${TIMES_AS_OFTEN} times its kind’s interval without end`,
    whenMet:
      'refused, acknowledged, kept among its rejections; a line in the log at half of the share and at its end, once an hour',
    seenAt: rejected('over-quota'),
    honest: 'nothing: years of an offline buffer fit',
  },
  {
    what: '`status` and `ack` of one device, in any format',
    value: `${MESSAGES_AT_ONCE} at once, ${MESSAGES_PER_S} a second without end`,
    whenMet: 'as above',
    seenAt: rejected('over-quota'),
    honest: 'nothing',
  },
  {
    what: 'readings in one message',
    value: `as many as the packet holds, ${SLICE_READINGS} in one append; ${count(MAX_LINES)} lines of line protocol`,
    whenMet:
      'the rest goes in further appends before the PUBACK; too many lines are refused: 413, over MQTT kept',
    seenAt: rejected('too-many-readings'),
    honest: 'sends lines in parts',
  },
  {
    what: 'a compressed payload of Sparkplug B, once it is unpacked; edge nodes whose sequence numbers are followed',
    value: `${count(MAX_UNPACKED_BYTES)} bytes; ${count(MAX_NODES)} nodes`,
    whenMet: 'refused, acknowledged, kept; of the node that was heard longest ago gaps are not told',
    seenAt: rejected('bad-format'),
    honest: 'sends in parts',
  },
  {
    what: 'lists and maps of one message in CBOR; keys beside a list of named values, once for each of its moments',
    value: `${count(MAX_CONTAINERS)}; ${count(MAX_COPIED_KEYS)}`,
    whenMet: 'refused, acknowledged, kept',
    seenAt: rejected('bad-format'),
    honest: 'sends in parts',
  },
  {
    what: 'messages that wait for an operator’s mapping',
    value: `${count(MAX_MAPPED)}, of one sender ${count(MAX_WAITING_OF_ONE)}`,
    whenMet: 'refused, acknowledged, kept; senders take turns',
    seenAt: rejected('bad-format'),
    honest: 'has them replayed',
  },
  {
    what: 'refused readings of one message, kept each by itself',
    value: count(MAX_REJECTIONS_PER_MESSAGE),
    whenMet: 'the rest is kept as one array',
    seenAt: metric('siaga_rejections_total'),
    honest: 'finds them in the last of its rejections',
  },
  {
    what: 'answers of a crew in one message',
    value: count(MAX_ACKS_PER_MESSAGE),
    whenMet: 'refused as a whole, acknowledged, kept',
    seenAt: rejected('bad-ack'),
    honest: 'sends a few, as they are given',
  },
  {
    what: 'names in one message that nobody has claimed',
    value: `${count(MAX_UNCLAIMED_CHARACTERS)} characters of them`,
    whenMet: 'the message is kept once; further names are found when one of those is claimed',
    seenAt: rejected('unclaimed'),
    honest: 'claims one, then the next',
  },
  {
    what: 'times that a refused message says are stored already',
    value: `${count(MAX_CHARACTERS)} characters of them`,
    whenMet: 'left out',
    seenAt: '`GET /v1/rejections`',
    honest: 'a replay may store those a second time',
  },
  {
    what: 'lines of one device’s configuration that are shown; devices whose last topic is remembered for it',
    value: `${MAX_CONFIGS}; ${count(MAX_HEARD)}`,
    whenMet: 'older ones are not shown; the configuration goes with the device’s next word',
    seenAt: '`GET /v1/devices/{id}/config`',
    honest: 'a later configuration',
  },
  {
    what: 'names of gateways that wait to be claimed; messages replayed for one that is',
    value: `${count(MAX_STRANGERS)}; ${count(MAX_REPLAYED)}, the newest`,
    whenMet: 'the one heard longest ago goes; older messages are not replayed',
    seenAt: '`GET /v1/waiting`; the answer of `POST /v1/claims`',
    honest: 'a name appears again with its next message',
  },
  {
    what: 'messages that are shown of a device; devices of which they are',
    value: `${MAX_ENTRIES}; ${count(MAX_DEVICES)}`,
    whenMet: 'the oldest goes',
    seenAt: '`GET /v1/devices/{id}/inbox`',
    honest: 'older ones are in the history and among the rejections',
  },
  {
    what: 'readings whose repeat is known although their time is ours',
    value: `of a clock that looks wrong ${REMEMBERED_WORDS} a device; of one second ${MAX_REMEMBERED}; known by \`seq\` ${REMEMBERED_SEQS} a device, of the last ${duration(REPEAT_WITHIN_MS)}`,
    whenMet: 'a repeat of an older one is stored a second time',
    seenAt: 'quality flags `clockOff`, `serverTime`',
    honest: 'sends `measuredAt` by a right clock, and no repeat is stored twice',
  },
  {
    what: 'messages of an outside broker whose repeat is known by its packet identifier, of one connection',
    value: count(REMEMBERED_MESSAGES),
    whenMet: 'the oldest is forgotten; a repeat of it that has no time of its own is stored a second time',
    seenAt: 'no counter: what is on disk is lost in no case',
    honest: 'nothing, where that broker has no more in flight: 20 and 32 by default',
  },
  {
    what: 'topics that are remembered',
    value: count(MAX_REMEMBERED_TOPICS),
    whenMet: 'forgotten, and looked up anew',
    seenAt: 'no counter: nothing is refused or lost',
    honest: 'nothing',
  },
  {
    what: 'an `ack` that cannot be carried out although the database answers',
    value: `${MAX_TRIES} tries, some 30 s`,
    whenMet: 'set aside with a line in the log, and the next goes on',
    seenAt: rejected('bad-ack'),
    honest: 'the order is still open: the crew answers again or calls',
  },
];
