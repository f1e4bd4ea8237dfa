/**
 * The way of one publish: from Aedes' `authorizePublish`, the only place before the PUBACK, or straight from
 * the connection, through the pipeline to the answer.
 *
 * Invariants: the answer comes when the message is on disk, in order, or never (then the connection ends and
 * the device sends again); what the pipeline refused is answered like the rest and goes to nobody; a device
 * retains nothing but its status.
 */
import type { PublishPacket } from 'aedes';
import type { IncomingMessage, Pipeline } from '../../ingest/pipeline.ts';
import type { Waiter } from '../../journal/waiter.ts';
import { isTakenAlready } from '../aedes/bounded-incoming.ts';
import { takeRetainAway } from '../aedes/hooked-packets.ts';
import type { Persistence } from '../aedes/persistence.ts';
import type { BrokerMetrics } from '../broker-metrics.ts';
import type { Connection } from '../connection/connection.ts';
import { findTextFault, hasWildcard } from '../connection/packet-fields.ts';
import type { TooLargePublish } from '../connection/skipped-packet.ts';
import type { JournalPressure } from './journal-pressure.ts';
import { DirectPublish, ForwardedPublish, type WaitingPublishOptions } from './waiting-publish.ts';

export interface PublishRulesOptions extends WaitingPublishOptions {
  readonly pipeline: Pipeline;
  readonly pressure: JournalPressure;
  readonly metrics: BrokerMetrics;
  readonly persistence: () => Persistence;
  readonly now: () => number;
  /** ms, never set. */
  readonly monotonicNow: () => number;
}

/** Of a message up to this size its reading takes well below a millisecond. */
const PRICED_BYTES = 4_096;
/** So many publishes are one millisecond of the event loop: at 5,000 a second a tenth of it. */
export const PUBLISHES_PER_MS = 50;

type Answer = (error?: Error | null) => void;

export interface PublishRules {
  /** A publish that came through Aedes. */
  take(connection: Connection, packet: PublishPacket, answer: Answer): void;
  /** A PUBLISH of QoS 1 on a sound telemetry topic, past Aedes. */
  takeTelemetry(connection: Connection, topic: string, payload: Buffer, messageId: number): void;
  /** A PUBLISH over the packet bound, of which only the begin is here: acknowledged and recorded. */
  takeTooLarge(connection: Connection, publish: TooLargePublish): void;
}

export type TakePublish = PublishRules['take'];

export function createPublishRules(options: PublishRulesOptions): PublishRules {
  const { pipeline, pressure, metrics } = options;

  function messageOf(
    { identity, clientId = '' }: Connection,
    topic: string,
    payload: Buffer,
  ): IncomingMessage {
    const receivedAt = options.now();
    return identity === undefined || identity.role === 'anyone'
      ? { topic, payload, receivedAt, clientId }
      : { topic, payload, receivedAt, clientId, identity: identity.id };
  }

  /** A large message may take a hundred times as long as a sound one of its size: its sender pays for that too. */
  function accept({ pace }: Connection, publish: Waiter, message: IncomingMessage): void {
    if (message.payload.length <= PRICED_BYTES) {
      pipeline.acceptFor(publish, message);
      return;
    }
    const beganMs = options.monotonicNow();
    pipeline.acceptFor(publish, message);
    pace.chargePublishes(Math.round((options.monotonicNow() - beganMs) * PUBLISHES_PER_MS));
  }

  function take(connection: Connection, packet: PublishPacket, answer: Answer): void {
    const { topic } = packet;
    const isStatus = topic.endsWith('/status');
    if (packet.retain && !isStatus) {
      takeRetainAway(packet);
      metrics.countBound('retain-not-allowed');
    }
    const message = messageOf(connection, topic, packet.payload as Buffer);
    const publish = new ForwardedPublish(connection, options, packet, answer);
    connection.answerInOrder(publish);
    if (packet.qos !== 2) accept(connection, publish, message);
    else {
      void isTakenAlready(options.persistence(), connection.clientId ?? '', packet).then((isTaken) =>
        connection.guard(() => {
          if (isTaken) publish.stored(0, 1, 0);
          else accept(connection, publish, message);
          pressure.look();
        }),
      );
    }
    pressure.look();
  }

  return {
    take,
    takeTelemetry(connection, topic, payload, messageId) {
      const observed = options.observers.isObserved(topic) ? { topic, payload } : undefined;
      const publish = new DirectPublish(connection, options, messageId, observed);
      connection.answerInOrder(publish);
      accept(connection, publish, messageOf(connection, topic, payload));
      pressure.look();
    },
    takeTooLarge(connection, { topic, head, messageId, bytes }) {
      // [MQTT-2.3.1-1], and a topic that no device of ours has.
      const text = Buffer.from(topic);
      if (messageId === 0 || hasWildcard(text) || findTextFault(text) !== undefined) {
        connection.end('malformed');
        return;
      }
      metrics.countBound('packet-skipped');
      const publish = new DirectPublish(connection, options, messageId);
      connection.answerInOrder(publish);
      pipeline.acceptFor(publish, { ...messageOf(connection, topic, head), wholeBytes: bytes });
      pressure.look();
    },
  };
}
