/**
 * The way of one publish: from Aedes' `authorizePublish`, the only place before the PUBACK, or straight from
 * the connection, through the pipeline to the answer.
 *
 * Invariants: the answer comes when the message is on disk, in order, or never (then the connection ends and
 * the device sends again); what the pipeline refused is answered like the rest and goes to nobody; a device
 * retains nothing but its status.
 */
import type { PublishPacket } from 'aedes';
import type { AcceptOutcome, IncomingMessage, Pipeline } from '../ingest/pipeline.ts';
import { hasForbiddenCharacters } from './access.ts';
import { digestPayload, type Persistence } from './bounded-persistence.ts';
import type { BrokerMetrics } from './broker-metrics.ts';
import type { OpenPublish } from './connection/answer-queue.ts';
import type { Connection } from './connection/connection.ts';
import type { JournalPressure } from './journal-pressure.ts';
import { stopForwarding } from './siaga-aedes.ts';

const ALREADY_TAKEN: AcceptOutcome = { stored: 0, repeated: 1, rejected: 0 };

export interface PublishRulesOptions {
  readonly pipeline: Pipeline;
  readonly pressure: JournalPressure;
  readonly metrics: BrokerMetrics;
  readonly persistence: () => Persistence;
  /** Whether some subscriber may want what devices send up. */
  readonly isObserved: () => boolean;
  readonly onNotStored: (connection: Connection, error: Error) => void;
  readonly now: () => number;
}

type Answer = (error?: Error | null) => void;

export interface PublishRules {
  /** A publish that came through Aedes. */
  take(connection: Connection, packet: PublishPacket, answer: Answer): void;
  /** Whether telemetry may come without Aedes. */
  readonly isTelemetryDirect: () => boolean;
  /** A PUBLISH of QoS 1 on a sound telemetry topic, for which nobody waits but the pipeline. */
  takeTelemetry(connection: Connection, topic: string, payload: Buffer, messageId: number): void;
}

export type TakePublish = PublishRules['take'];

export function createPublishRules(options: PublishRulesOptions): PublishRules {
  const { pipeline, pressure, metrics } = options;
  const look = () => pressure.look();

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

  function countOutcome(outcome: AcceptOutcome, startedAt: number): void {
    metrics.pubackTimes.observe((performance.now() - startedAt) / 1000);
    metrics.publishes[outcomeOf(outcome)]++;
  }

  function countNotStored(connection: Connection, error: Error): void {
    metrics.publishes['not-stored']++;
    options.onNotStored(connection, error);
  }

  /**
   * [MQTT-4.3.3-2] a QoS 2 message whose PUBREC got lost has been taken already: it is marked as sent again
   * [MQTT-3.3.1-1] and is the same. Another under its identifier comes from a device that lost its session.
   */
  async function acceptOnce(
    clientId: string,
    packet: PublishPacket,
    message: IncomingMessage,
  ): Promise<AcceptOutcome> {
    const isKnown = await options
      .persistence()
      .incomingGetPacket({ id: clientId }, packet as { messageId?: number })
      .then(
        ({ topic, payload }) =>
          packet.dup === true &&
          topic === packet.topic &&
          digestPayload(packet.payload as Buffer).equals(payload),
        () => false,
      );
    return isKnown ? ALREADY_TAKEN : pipeline.accept(message);
  }

  function take(connection: Connection, packet: PublishPacket, answer: Answer): void {
    const { topic } = packet;
    // [MQTT-2.3.1-1] and [MQTT-1.5.3-2]: the connection ends, nothing is answered.
    if (packet.messageId === 0 || hasForbiddenCharacters(topic)) {
      connection.end('malformed');
      answer(new Error('malformed publish'));
      return;
    }
    const isStatus = topic.endsWith('/status');
    if (packet.retain && !isStatus) {
      packet.retain = false;
      metrics.countBound('retain-not-allowed');
    }
    const message = messageOf(connection, topic, packet.payload as Buffer);
    const startedAt = performance.now();
    const { clientId = '' } = connection;
    const stored = packet.qos === 2 ? acceptOnce(clientId, packet, message) : pipeline.accept(message);
    pressure.look();
    const publish: OpenPublish = {
      judge(outcome) {
        countOutcome(outcome, startedAt);
        const isRefused = outcome.rejected > 0 && outcome.stored + outcome.repeated === 0;
        if (!isRefused && (packet.retain || options.isObserved())) return undefined;
        stopForwarding(packet);
        if (packet.qos !== 1) return undefined;
        // Nothing is left for Aedes but the PUBACK, and the connection writes all of a commit at once.
        packet.qos = 0;
        return packet.messageId;
      },
      answer(error) {
        if (error) countNotStored(connection, error);
        answer(error);
      },
    };
    connection.answerInOrder(stored, publish, look);
  }

  return {
    take,
    isTelemetryDirect: () => !options.isObserved(),
    takeTelemetry(connection, topic, payload, messageId) {
      const startedAt = performance.now();
      const stored = pipeline.accept(messageOf(connection, topic, payload));
      pressure.look();
      const publish: OpenPublish = {
        judge(outcome) {
          countOutcome(outcome, startedAt);
          return messageId;
        },
        answer(error) {
          if (!error) return;
          countNotStored(connection, error);
          connection.end('not-stored');
        },
      };
      connection.answerInOrder(stored, publish, look);
    },
  };
}

function outcomeOf({
  stored,
  repeated,
  rejected,
}: AcceptOutcome): 'accepted' | 'partly-rejected' | 'rejected' {
  if (rejected === 0) return 'accepted';
  return stored + repeated > 0 ? 'partly-rejected' : 'rejected';
}
