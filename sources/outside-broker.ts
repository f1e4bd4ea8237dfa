/**
 * OutsideBroker: one connection to a broker of somebody else, whose messages go through our pipeline.
 *
 * Invariants: a message is acknowledged to that broker after our own commit, only then, and only on the connection
 * that brought it (a broker that counts packets anew for each connection would take it for another message); one that
 * could not be committed is tried again and holds those behind it, so that order and nothing is lost; its session
 * lasts, so that what comes while we are away waits there. What it has retained is old: of that only what carries its
 * own time is taken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import type { IncomingMessage, Pipeline } from '../ingest/pipeline.ts';
import { CommittedMessages } from './committed-messages.ts';
import type { Source } from './source-list.ts';

/** First wait before a message is tried again, and the longest one. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;
const RECONNECT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_S = 60;
/** An outage of this length is a problem of readiness. */
const PROBLEM_AFTER_MS = 60_000;

export interface OutsideBrokerOptions {
  readonly source: Source;
  readonly city: string;
  /** Of those that share the topics, from 0. */
  readonly index: number;
  readonly pipeline: Pick<Pipeline, 'accept'>;
  readonly log: Logger;
  readonly now: () => number;
  readonly onOutcome: (outcome: 'stored' | 'rejected' | 'repeated' | 'retried', waitedMs: number) => void;
}

export interface OutsideBroker extends AsyncDisposable {
  /** Resolves when that broker has it; rejects when it does not say so in time. */
  publish(topic: string, payload: string): Promise<void>;
  readonly isConnected: boolean;
  /** How long the message in hand has waited for its commit, ms. */
  readonly waitingMs: number;
  /** A sentence when it has been away for long. */
  readonly problem: string | undefined;
}

export function openOutsideBroker(options: OutsideBrokerOptions): OutsideBroker {
  const { source, log, now } = options;
  let awaySince: number | undefined = now();
  let lastError = 'no answer yet';
  let takenAt: number | undefined;
  let isClosing = false;
  /** How many have ended: tells the one that brought a message from those after it. */
  let connections = 0;
  let inHand = Promise.resolve();
  const committed = new CommittedMessages();
  const client = mqtt.connect(source.url, clientOptions(options));

  const take = async (packet: IPublishPacket, isCurrent: () => boolean): Promise<void> => {
    if (committed.isKnown(packet)) {
      options.onOutcome('repeated', 0);
      return;
    }
    takenAt = now();
    await commit(options, packet, () => !isClosing && isCurrent());
    committed.add(packet);
  };

  client.handleMessage = (packet, done) => {
    const broughtBy = connections;
    const isCurrent = () => connections === broughtBy;
    // What a broken connection has left in hand comes to its end first: the broker sends the same again.
    inHand = inHand
      .then(() => take(packet, isCurrent))
      .then(
        () => {
          if (!isCurrent()) return;
          takenAt = undefined;
          done();
        },
        // No acknowledgement: that broker keeps it.
        () => undefined,
      );
  };
  client.on('connect', ({ sessionPresent }) => {
    awaySince = undefined;
    if (!sessionPresent) committed.forget();
    log.info({ source: source.name, sessionPresent }, 'connected to an outside broker');
    subscribe(client, source, log);
  });
  client.on('close', () => {
    connections++;
    awaySince ??= now();
    takenAt = undefined;
  });
  client.on('error', (error) => {
    lastError = error.message;
    log.warn({ err: error, source: source.name }, 'an outside broker');
  });

  return {
    async publish(topic, payload) {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    get isConnected() {
      return awaySince === undefined;
    },
    get waitingMs() {
      return takenAt === undefined ? 0 : now() - takenAt;
    },
    get problem() {
      if (awaySince === undefined || now() - awaySince < PROBLEM_AFTER_MS) return undefined;
      return `source ${source.name}: not connected since ${new Date(awaySince).toISOString()}: ${lastError}`;
    },
    async [Symbol.asyncDispose]() {
      isClosing = true;
      await client.endAsync(true);
    },
  };
}

/** Resolves when it is on disk; rejects where it stays with that broker. */
async function commit(
  { source, pipeline, log, now, onOutcome }: OutsideBrokerOptions,
  packet: IPublishPacket,
  isCurrent: () => boolean,
): Promise<void> {
  const startedAt = now();
  const message = messageOf(packet, source, startedAt);
  for (let waitMs = RETRY_MS; isCurrent(); waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
    try {
      const { rejected } = await pipeline.accept(message);
      onOutcome(rejected > 0 ? 'rejected' : 'stored', now() - startedAt);
      return;
    } catch (error) {
      onOutcome('retried', now() - startedAt);
      log.warn(
        { err: error, source: source.name },
        'a message of an outside broker is not on disk; trying again',
      );
      await delay(waitMs, undefined, { ref: false });
    }
  }
  throw new Error('the connection that brought it is over');
}

function messageOf(packet: IPublishPacket, { name, gateway }: Source, receivedAt: number): IncomingMessage {
  return {
    topic: packet.topic,
    payload: Buffer.from(packet.payload),
    receivedAt,
    clientId: `source ${name}`,
    identity: gateway,
    ...(packet.retain ? { isRetained: true } : {}),
    ...(packet.dup ? { isRepeat: true } : {}),
  };
}

function clientOptions({ source, city, index }: OutsideBrokerOptions): IClientOptions {
  const { username, password, ca, cert, key, protocolVersion } = source;
  return {
    clientId: `siaga-${city}-${source.name}-${index}`,
    // The session outlives us: what comes meanwhile waits there.
    clean: false,
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: 20 } }
      : {}),
    protocolVersion,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: RECONNECT_MS,
    // Subscribed at each connection by ourselves, so that a broker that lost the session is told again.
    resubscribe: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

function subscribe(client: MqttClient, { name, topics, connections }: Source, log: Logger): void {
  const filters = connections > 1 ? topics.map((topic) => `$share/siaga/${topic}`) : topics;
  client.subscribe([...filters], { qos: 1 }, (error, granted) => {
    const refused = granted?.filter(({ qos }) => Number(qos) >= 0x80).map(({ topic }) => topic) ?? [];
    if (error || refused.length > 0)
      log.error({ err: error, source: name, refused }, 'an outside broker refused topics');
  });
}
