/**
 * The variables that Siaga reads: each with what it is for, its bounds and its default.
 *
 * docs/configuration.md is written from this table, config.ts reads the environment by it. Invariant: where a
 * variable is a bound, it says why it has that value.
 */
import { z } from 'zod';
import { DEFAULT_CITY, DEFAULT_DATA_DIR } from './city-folder.ts';
import { flag, hosts, networks, openUrl, port, positive, url } from './fields.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every variable Siaga reads, with its default. docs/configuration.md is written from this table. */
export const environmentSchema = z.object({
  /** The city: the name of its folder, in one of the places below. */
  SIAGA_CITY: z.string().default(DEFAULT_CITY),
  /**
   * A folder of cities outside the program, so that an upgrade never touches them. It is asked first; then `cities` in
   * the data folder, where there is one; then the cities that come with Siaga. The first that has the city wins.
   */
  SIAGA_CITIES_DIR: z.string().min(1).optional(),
  /** Journal and embedded state live here. */
  SIAGA_DATA_DIR: z.string().min(1).default(DEFAULT_DATA_DIR),
  /** What is logged, to standard output: JSON lines, or readable ones on a terminal. */
  LOG_LEVEL: z.enum(levels).default('info'),

  /** Where the API listens. Beyond loopback, put TLS in front of it. */
  HTTP_HOST: z.string().default('127.0.0.1'),
  /** Its port; 0 lets the system choose. */
  HTTP_PORT: port.default(3000),
  /**
   * Proxies in front of the API, addresses and CIDRs with commas: their X-Forwarded-For is believed. Until it is
   * set, all who come through a proxy share its address, and with it the bounds of one address.
   */
  TRUST_PROXY: networks.optional(),
  /**
   * Connections of the API in all, streams included. Where all are taken, the one idle longest gives way; some 25
   * KB each.
   */
  HTTP_MAX_CONNECTIONS: positive.default(2_000),
  /**
   * Of one address, or of one /64 of IPv6: forty browsers behind one NAT, with six each. Trusted proxies have no
   * such bound.
   */
  HTTP_MAX_CONNECTIONS_PER_ADDRESS: positive.default(256),
  /**
   * Calls a minute of one address without a token, or of one partner's token: a hundred phones behind one NAT that open
   * the page at once. Staff has no such bound.
   */
  HTTP_MAX_CALLS_PER_ADDRESS_PER_MIN: positive.default(6_000),
  /**
   * A map for the pages: a `.pmtiles` of vector tiles in the layers of Protomaps or OpenMapTiles. Without it the map
   * that `npm run city -- import map` made is drawn, else a sketch of the city's own roads and rivers.
   */
  MAP_FILE: z.string().min(1).optional(),
  /** Where people reach the API; written into alerts and feeds. Default: the address it listens on. */
  PUBLIC_URL: openUrl('', 'http:', 'https:').optional(),

  /** Where the broker listens, every listener. */
  MQTT_HOST: z.string().default('127.0.0.1'),
  /** MQTT over TCP; 0 lets the system choose. */
  MQTT_PORT: port.default(1883),
  /** MQTT over TLS; off until set. */
  MQTTS_PORT: port.optional(),
  /** MQTT over WebSocket; off until set. */
  MQTT_WS_PORT: port.optional(),
  /**
   * Whether the proxies of MQTT_PROXY_FROM say in a PROXY header (version 1 or 2) whose connection it is; on every MQTT
   * port. Then each of their connections must begin with one, and no other address may.
   */
  MQTT_PROXY_PROTOCOL: flag.default(false),
  /** Those proxies: addresses and CIDRs with commas. */
  MQTT_PROXY_FROM: networks.optional(),
  /** The server's certificate chain, PEM. */
  TLS_CERT_FILE: z.string().optional(),
  /** Its private key, PEM. */
  TLS_KEY_FILE: z.string().optional(),
  /** Authority that signs client certificates; a certificate's CN is then the device's id. */
  TLS_CLIENT_CA_FILE: z.string().optional(),
  /** Whether devices must show a credential. Off only on loopback. */
  MQTT_AUTH: flag.default(true),

  /** Largest MQTT packet. A batch of 500 river readings is 60 KiB; 256 KiB leaves room for wide ones. */
  MQTT_MAX_PACKET_BYTES: positive.default(256 * KIB),
  /** Connections in all: 12,000 devices are twice the largest city asked for, at ≤ 25 KB each. */
  MQTT_MAX_CONNECTIONS: positive.default(12_000),
  /** Connections of one address: a city's devices often share one carrier's NAT. */
  MQTT_MAX_CONNECTIONS_PER_ADDRESS: positive.default(12_000),
  /**
   * Of them, those that have not shown yet who they are: 2,000 a second for the 3 s of a GPRS modem. Half of all, so
   * that one address that says nothing cannot hold every place.
   */
  MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: positive.default(6_000),
  /** New connections a second of one address, beyond which the rest is closed. */
  MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S: positive.default(2_000),
  /** From the first byte to a CONNECT: a GPRS modem needs 2–3 s. */
  MQTT_CONNECT_TIMEOUT_MS: positive.default(10_000),
  /**
   * Secrets are verified at once; hashes of the first version, and a city's connects after a power cut, take some
   * seconds.
   */
  MQTT_AUTHENTICATE_TIMEOUT_MS: positive.default(20_000),
  /** Publishes of one connection that await the disk. Beyond it the socket is paused. */
  MQTT_MAX_INFLIGHT_PER_CLIENT: positive.default(256),
  /**
   * Publishes a second of one device, over all its connections, averaged over 10 s: an offline buffer of 50,000 comes
   * at once. What is larger than one reading counts once more for each 64 bytes beyond 256, so that batches are no way
   * around it. Beyond it the socket is paused.
   */
  MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: positive.default(5_000),
  /**
   * Work a second of one device, gateway or observer, over all its connections, averaged over 2 s, for all that is no
   * PUBLISH of QoS 0 or 1: a PINGREQ and an acknowledgement that nobody asked for are 1, PUBREL 2, UNSUBSCRIBE 3, a
   * PUBLISH of QoS 2 5, SUBSCRIBE 20, each filter 1 more, a read or a frame that ends within a packet 0.1. 1,000 are
   * some 1 % of a core. Beyond it the socket is paused.
   */
  MQTT_MAX_WORK_PER_CLIENT_PER_S: positive.default(1_000),
  /** A subscriber that does not read for this long is dropped; 60 s (Aedes' default) stalls the others. */
  MQTT_DRAIN_TIMEOUT_MS: positive.default(15_000),
  /** Messages kept for one absent persistent session; beyond it the oldest go. */
  MQTT_MAX_OFFLINE_MESSAGES_PER_CLIENT: positive.default(1_000),
  /** Retained messages in all: one status a device and one an open alert. */
  MQTT_MAX_RETAINED_MESSAGES: positive.default(50_000),
  /** Subscriptions of one client. */
  MQTT_MAX_SUBSCRIPTIONS_PER_CLIENT: positive.default(100),

  /**
   * Outside brokers that Siaga subscribes to: a JSON file, see docs/devices/outside-brokers.md. Passwords stand in
   * files beside it.
   */
  SOURCES_FILE: z.string().optional(),

  /**
   * Seconds between two readings of the canary, a device of Siaga's own whose readings are followed on their whole way;
   * without it there is none. 60 is usual. See docs/operations.md, "The canary".
   */
  CANARY_EVERY_S: z.coerce.number().int().min(1).max(3_600).optional(),

  /** Payload bytes that await the disk in all; beyond it every socket is paused. */
  JOURNAL_MAX_WAITING_BYTES: positive.default(32 * MIB),
  /** Readings in one commit: larger ones lengthen the wait of the first. */
  JOURNAL_MAX_BATCH: positive.default(5_000),
  /** Readings are kept this long … */
  JOURNAL_RETENTION_DAYS: positive.default(400),
  /** … and no more than this in all; the oldest go first. */
  JOURNAL_MAX_BYTES: positive.default(20 * 1024 * MIB),
  /**
   * Tracks, the positions of whatever moves, stay at full rate so long; then of each minute its last reading, with the
   * turns between and each change of a status. Who drove where is seldom asked after a month.
   */
  TRACKS_FULL_RATE_DAYS: positive.default(30),
  /** What was not understood is kept up to this many messages; the oldest go first. */
  REJECTIONS_MAX: positive.default(100_000),
  /** Ahead of our clock by up to this is a flag; further ahead the reading counts from its receipt. */
  CLOCK_AHEAD_MAX_MS: positive.default(60_000),

  /** Where Grafana and engineers find a copy of history; off until set. People are answered without it. */
  INFLUX_URL: openUrl(': set INFLUX_TOKEN=user:password', 'http:', 'https:').optional(),
  /** Token of InfluxDB 2 and 3; `user:password` for 1.x with authentication. */
  INFLUX_TOKEN: z.string().optional(),
  /** The same from a file, which may come later and may change: it is read when Siaga connects, and after a refusal. */
  INFLUX_TOKEN_FILE: z.string().optional(),
  /** Organisation of InfluxDB 2: its name, or its id of 16 hexadecimal digits. */
  INFLUX_ORG: z.string().min(1).default('siaga'),
  /** Bucket, or the database of 1.x and 3. */
  INFLUX_BUCKET: z
    .string()
    .regex(
      /^[^_\s"'\\/,\p{C}][^"'\\/,\p{C}]*$/u,
      'must be a name without quotes, commas, slashes and backslashes that begins with neither _ nor a blank: InfluxDB or its queries refuse others',
    )
    .max(64)
    .default('siaga'),
  /** Retention of a bucket or database that Siaga creates. 0 keeps for ever. */
  INFLUX_RETENTION_DAYS: z.coerce.number().int().min(0).default(400),

  /**
   * State (registry, alerts, incidents, tokens): SQLite in the data folder, or PostgreSQL when set. A second server on
   * the same one stands by and takes over: docs/cluster.md.
   */
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  /**
   * A PostgreSQL that each commit of the journal goes to as well, before it is acknowledged: then a machine may die for
   * good. Usually the one of DATABASE_URL, which it needs. See docs/cluster.md.
   */
  JOURNAL_URL: url('postgres:', 'postgresql:').optional(),
  /** `two`: nothing is acknowledged that a synchronous standby of that PostgreSQL does not have too. */
  JOURNAL_SYNC: z.enum(['one', 'two']).default('one'),
  /** Days after which an entry leaves that PostgreSQL, where the journals of two servers have it. */
  JOURNAL_LOG_DAYS: positive.default(7),

  /**
   * The address of this machine on which the other nodes of a city on PostgreSQL reach this one. With it a standby
   * takes devices and people too, and carries them to the owner; without it a standby listens to nobody. See
   * docs/cluster.md, "Any node".
   */
  SIAGA_NODE_HOST: z.string().min(1).optional(),
  /** Its port; 0 lets the system choose, the others read it in the database. */
  SIAGA_NODE_PORT: port.default(7450),
  /**
   * The address or name that the other nodes are told, where it is another one: behind NAT, in a container, or where
   * SIAGA_NODE_HOST is 0.0.0.0. Without it they are told SIAGA_NODE_HOST.
   */
  SIAGA_NODE_ANNOUNCED_HOST: z.string().min(1).optional(),
  /**
   * The port that they are told, where it is another one, as with a published port. Without it, the one that is open.
   */
  SIAGA_NODE_ANNOUNCED_PORT: port.min(1).optional(),

  /** What leads to a caller (name, number, place, notes) is erased so long after the incident was closed. */
  CALLERS_RETENTION_DAYS: positive.default(365),
  /** Who read which incidents, callers and tracks is kept this long: longer than what was read. */
  READS_RETENTION_DAYS: positive.default(400),
  /** Alerts that ended, and what was told of them: five years of floods to learn from. */
  ALERTS_RETENTION_DAYS: positive.default(1_825),
  /**
   * Who did what in dispatch, who changed what of the city or of accounts; tokens, sessions, links and people that
   * ended.
   */
  AUDIT_RETENTION_DAYS: positive.default(1_825),

  /** Whether the API asks for a token or a session where one is needed. Off only on loopback. */
  API_AUTH: flag.default(true),
  /** Live streams at once; one more gets 503. A fifth of them is for staff only. */
  STREAM_MAX_CLIENTS: positive.default(500),
  /** Of them without a token or a session, from one address: many phones share one carrier's NAT. */
  STREAM_MAX_CLIENTS_PER_ADDRESS: positive.default(50),
  /** Events kept so that a stream can resume: some minutes of a busy city. */
  STREAM_KEPT_EVENTS: positive.default(10_000),

  /**
   * Called for each notice, besides MQTT and the CAP feed; off until set. A user and password in it go as HTTP
   * Basic.
   */
  WEBHOOK_URL: url('http:', 'https:').optional(),
  /** Key of the HMAC that signs each call. */
  WEBHOOK_SECRET: z.string().min(16, 'at least 16 characters').optional(),
  /** The same from a file. */
  WEBHOOK_SECRET_FILE: z.string().optional(),
  /** Mail server. */
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  /** Sender of mails. */
  MAIL_FROM: z.string().optional(),
  /** Who gets them, separated by commas. */
  MAIL_TO: z.string().optional(),
  /** Token of the bot. */
  TELEGRAM_TOKEN: z.string().optional(),
  /** The same from a file. */
  TELEGRAM_TOKEN_FILE: z.string().optional(),
  /** Chat or channel that it writes to. */
  TELEGRAM_CHAT_ID: z.string().optional(),
  /** Base of the bot API; a city may run its own. */
  TELEGRAM_API_URL: openUrl('', 'http:', 'https:').default('https://api.telegram.org'),
  /**
   * Hosts of push services besides those of Chrome, Firefox, Safari and Edge, separated by commas: a name, for it and
   * all below it, or `host:port`. Browsers name where messages are sent to; nothing else is called.
   */
  PUSH_HOSTS: hosts.optional(),
  /** Notices of one channel in a minute; the rest wait, the highest severity first. */
  NOTICES_PER_CHANNEL_PER_MIN: positive.default(20),
  /** The sender of CAP alerts: a name that the receivers know, without spaces, commas, < or &. */
  CAP_SENDER: z
    .string()
    .regex(/^[^\s,<&]+$/)
    .default('siaga.localhost'),

  /**
   * An outside routing engine; without it the city's own road network answers. User and password as in WEBHOOK_URL.
   */
  ROUTING_URL: url('http:', 'https:').optional(),
  /** What speaks at ROUTING_URL. */
  ROUTING_ENGINE: z.enum(['osrm', 'valhalla']).default('osrm'),
  /** Then the own network answers, and the answer says so. */
  ROUTING_TIMEOUT_MS: positive.default(800),
});

export type Environment = z.infer<typeof environmentSchema>;
