/**
 * CommittedMessages: the last messages of an outside broker that are on disk here, to know each when it comes again.
 *
 * Asked by outside-broker.ts. When a link breaks, PUBACKs on their way are lost, and that broker sends again what we
 * have. It does so with the packet identifier of the first time and the flag DUP [MQTT-4.4.0-1], so that a plain
 * number without a time or a count is known as well. Invariants: a message without DUP is never a repeat; bounded by
 * what a broker has in flight, so that an identifier that is used anew meets no old message; a session that the broker
 * has lost takes what is remembered with it, since its identifiers begin anew.
 */
import { createHash } from 'node:crypto';
import type { IPublishPacket } from 'mqtt';

/** Mosquitto and EMQX have 20 and 32 unacknowledged by default, RabbitMQ 10. */
export const REMEMBERED_MESSAGES = 64;

export class CommittedMessages {
  /** Packet identifier → what the message was, the oldest first. */
  readonly #byId = new Map<number, string>();

  isKnown(packet: IPublishPacket): boolean {
    const { dup, messageId } = packet;
    return dup && messageId !== undefined && this.#byId.get(messageId) === digestOf(packet);
  }

  add(packet: IPublishPacket): void {
    const { messageId } = packet;
    // QoS 0 has no identifier, and is not sent again.
    if (messageId === undefined) return;
    this.#byId.delete(messageId);
    this.#byId.set(messageId, digestOf(packet));
    if (this.#byId.size > REMEMBERED_MESSAGES) this.#byId.delete(this.#byId.keys().next().value as number);
  }

  forget(): void {
    this.#byId.clear();
  }
}

function digestOf({ topic, payload }: IPublishPacket): string {
  return createHash('sha256').update(topic).update('\0').update(payload).digest('base64');
}
