/** Bounds of the API: connections, and its share of the machine. */
import { SHARES, SLICE_MS } from '../../api/access/caller-shares.ts';
import { MAX_RUNS } from '../../api/alerts/backtest-runs.ts';
import { HANDLER_TIMEOUT_MS, MAX_BODY_BYTES, MAX_PARAM_LENGTH } from '../../api/app.ts';
import { QUESTION_POINTS, QUESTION_RANGE_MS } from '../../api/devices/readings.ts';
import { MAX_STATEMENTS } from '../../api/ingest/influx-query.ts';
import { MAX_QUERY_BYTES } from '../../api/ingest/ingest-influx.ts';
import {
  BYTES_AVERAGED_OVER_S,
  BYTES_PER_MS,
  BYTES_PER_S,
  MAX_SENDERS,
  MAX_WAITING_BYTES,
  SMALL_BYTES,
} from '../../api/ingest/ingest-turns.ts';
import { STAFF_SHARE } from '../../api/live/stream.ts';
import { HEARTBEAT_MS, MAX_BATCH_EVENTS, MAX_STALLED_BEATS } from '../../api/live/stream-hub.ts';
import { CONNECTION_BOUNDS } from '../../api/server/connections.ts';
import { LOAD_BOUNDS, MAX_WRONG_TOKENS_PER_MIN } from '../../api/server/load-bounds.ts';
import { MAX_KEYS } from '../../api/server/monotonic-windows.ts';
import { REFUSED_REST_MS } from '../../api/server/paced-connection.ts';
import { MEMORY } from '../../backtest/backtest-thread.ts';
import {
  answered,
  type Bound,
  type BoundSection,
  bytes,
  count,
  duration,
  ended,
  metric,
  percent,
  refusedCalls,
  refusedStreams,
  variable,
} from './bound.ts';

const { public: everybody, staff } = SHARES;

const connections: readonly Bound[] = [
  {
    what: 'connections',
    value: variable('HTTP_MAX_CONNECTIONS'),
    whenMet: 'the one that waits longest for a request gives way, never one of staff',
    seenAt: ended('gave-way'),
    honest: 'a browser connects again by itself',
  },
  {
    what: 'connections of one address, or of one /64',
    value: `${variable('HTTP_MAX_CONNECTIONS_PER_ADDRESS')}; none for a trusted proxy`,
    whenMet: 'as above, among those of the address',
    seenAt: ended('gave-way'),
    honest: 'as above',
  },
  {
    what: 'from a connection or an answer to the end of the next headers',
    value: `${duration(CONNECTION_BOUNDS.headersMs)} for headers, ${duration(CONNECTION_BOUNDS.keepAliveMs)} (behind a proxy ${duration(CONNECTION_BOUNDS.keepAliveOfProxyMs)}) between requests`,
    whenMet: '408; closed',
    seenAt: metric('siaga_http_connections'),
    honest: 'connects again',
  },
  {
    what: 'requests of one connection',
    value: 'one at a time; what is sent behind it is not read meanwhile',
    whenMet: 'waits',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'a connection whose request was refused with 429 or 503',
    value: `rests for ${duration(REFUSED_REST_MS)}; never one of staff, of health or of a trusted proxy`,
    whenMet: 'it is not read meanwhile',
    seenAt: answered(429, 503),
    honest: 'is told to wait longer than that',
  },
  {
    what: 'one request on the wire, with headers, the framing of chunks and what comes behind an early answer',
    value: `${bytes(CONNECTION_BOUNDS.maxRequestBytes)}, or eight times \`MQTT_MAX_PACKET_BYTES\` where that is more`,
    whenMet: 'closed',
    seenAt: ended('too-long'),
    honest: 'nothing: a body that is too large is answered with 413 long before',
  },
  {
    what: 'one request to arrive, one answer to be made',
    value: `${duration(CONNECTION_BOUNDS.requestMs)}, ${duration(HANDLER_TIMEOUT_MS)}`,
    whenMet: '408, 503',
    seenAt: answered(408, 503),
    honest: 'asks again',
  },
  {
    what: 'one answer to be made and read; live streams have their own bound',
    value: duration(CONNECTION_BOUNDS.answerMs),
    whenMet: 'closed',
    seenAt: ended('unread'),
    honest: 'on a very slow link: ask for less at once',
  },
  {
    what: 'answers that lie unread, of all connections',
    value: bytes(CONNECTION_BOUNDS.maxUnreadBytes),
    whenMet: 'the slowest are closed',
    seenAt: `${ended('too-much-unread')}, ${metric('siaga_http_unread_bytes')}`,
    honest: 'asks again',
  },
  {
    what: 'body',
    value: `${bytes(MAX_BODY_BYTES)}; a message of a device ${variable('MQTT_MAX_PACKET_BYTES', bytes)}`,
    whenMet: '413',
    seenAt: answered(413),
    honest: 'sends in parts',
  },
  {
    what: 'what a device posts packed (gzip, deflate, br), once it is unpacked',
    value: variable('MQTT_MAX_PACKET_BYTES', bytes),
    whenMet: '413; no more than that is ever unpacked, and its sender pays for as much',
    seenAt: metric('siaga_http_ingest_refused_total', 'bound="unpacked"'),
    honest: 'sends in parts',
  },
  {
    what: 'a part of a path; a query of an InfluxDB client',
    value: `${count(MAX_PARAM_LENGTH)} characters; ${bytes(MAX_QUERY_BYTES)} and ${MAX_STATEMENTS} statements`,
    whenMet: '404; 400 or 413',
    seenAt: answered(400, 404, 413),
    honest: 'nothing',
  },
];

const load: readonly Bound[] = [
  {
    what: 'calls a minute of one address without a token, or of one partner',
    value: variable('HTTP_MAX_CALLS_PER_ADDRESS_PER_MIN'),
    whenMet: '429 with Retry-After; never staff, never health',
    seenAt: refusedCalls('calls'),
    honest: 'a page waits and asks again',
  },
  {
    what: 'addresses whose calls are counted',
    value: count(MAX_KEYS),
    whenMet: 'the one that began first is forgotten',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'what one device or gateway posts: bytes a second, and of the event loop’s time',
    value: `${bytes(BYTES_PER_S)}, ${percent(BYTES_PER_S / BYTES_PER_MS / 1000)}; mean of ${BYTES_AVERAGED_OVER_S} s`,
    whenMet: '429 with Retry-After',
    seenAt: metric('siaga_http_ingest_refused_total', 'bound="rate"'),
    honest: 'posts it again; nothing was stored of it',
  },
  {
    what: `posted messages of more than ${bytes(SMALL_BYTES)} that wait for their turn of the event loop, of all senders`,
    value: bytes(MAX_WAITING_BYTES),
    whenMet: '503 with Retry-After',
    seenAt: metric('siaga_http_ingest_refused_total', 'bound="waiting"'),
    honest: 'posts it again',
  },
  {
    what: 'senders of posts whose rates are remembered',
    value: count(MAX_SENDERS),
    whenMet: 'those who have their whole rate are forgotten',
    seenAt: 'no counter: nothing is refused',
    honest: 'nothing',
  },
  {
    what: 'the event loop, late by',
    value: `${duration(LOAD_BOUNDS.maxLoopDelayMs)}, mean of a second`,
    whenMet: '503 for the public, whose pages are kept ones; staff, health and files of pages are answered',
    seenAt: `${refusedCalls('pressure')}, ${metric('siaga_nodejs_eventloop_lag_p99_seconds')}`,
    honest: 'a page shows what it has and asks again',
  },
  {
    what: 'wrong tokens a minute of one address',
    value: count(MAX_WRONG_TOKENS_PER_MIN),
    whenMet: '429 for wrong ones; a right one is looked up first',
    seenAt: metric('siaga_http_authentication_failures_total'),
    honest: 'nothing with a right token',
  },
  {
    what: 'pages of many entries that are made at once',
    value: `${everybody.maxPages} for everybody, ${staff.maxPages} for staff`,
    whenMet: '503 with Retry-After',
    seenAt: metric('siaga_http_pages_refused_total'),
    honest: 'asks again',
  },
  {
    what: 'questions that history has at once',
    value: `${everybody.maxQuestions} for everybody, ${staff.maxQuestions} for staff; each of ${count(QUESTION_POINTS)} points, or windows of ${duration(QUESTION_RANGE_MS)}`,
    whenMet: 'they wait',
    seenAt: metric('siaga_http_request_duration_seconds'),
    honest: 'a later answer',
  },
  {
    what: 'the event loop’s time for pages',
    value: `${percent(everybody.loopShare)} for everybody, ${percent(staff.loopShare)} for staff; ${duration(SLICE_MS)} at once`,
    whenMet: 'they wait',
    seenAt: metric('siaga_nodejs_eventloop_lag_p99_seconds'),
    honest: 'a later answer',
  },
  {
    what: 'back-tests at once, of gauges and of changes together',
    value: `${MAX_RUNS}, each a thread of ${MEMORY.maxOldGenerationSizeMb} MB at most`,
    whenMet: '503 with Retry-After',
    seenAt: metric('siaga_backtests_refused_total'),
    honest: 'asks again',
  },
  {
    what: 'live streams',
    value: `${variable('STREAM_MAX_CLIENTS')}, ${percent(STAFF_SHARE)} of them for staff only`,
    whenMet: '503 with what to do',
    seenAt: `${refusedStreams('all')}, ${refusedStreams('public')}`,
    honest: 'the page asks every few seconds instead',
  },
  {
    what: 'live streams without a token, of one address',
    value: variable('STREAM_MAX_CLIENTS_PER_ADDRESS'),
    whenMet: '503 with what to do',
    seenAt: refusedStreams('address'),
    honest: 'as above',
  },
  {
    what: 'what a stream may leave unread',
    value: `${MAX_STALLED_BEATS} heartbeats of ${duration(HEARTBEAT_MS)}; ${MAX_BATCH_EVENTS} events in one write`,
    whenMet: 'ended',
    seenAt: metric('siaga_stream_ended_total'),
    honest: 'connects again and goes on where it was',
  },
  {
    what: 'events kept for who comes back',
    value: variable('STREAM_KEPT_EVENTS'),
    whenMet: 'the oldest go; who asks for them gets `reset`',
    seenAt: metric('siaga_stream_ended_total'),
    honest: 'the page reads everything anew',
  },
];

export const HTTP_SECTIONS: readonly BoundSection[] = [
  { title: 'HTTP: connections', intro: 'Before it is known who asks.', bounds: connections },
  { title: 'HTTP: load', intro: 'Staff keeps a share of everything.', bounds: load },
];
