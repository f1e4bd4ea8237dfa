/**
 * The sessions that outlive their connections: those of devices that asked for it.
 *
 * What Aedes' persistence does not know of them: that there is one although it has no subscription
 * [MQTT-3.2.2-2], and which packet identifiers its unacknowledged messages have. In memory, like the queues.
 * Invariant: at most one for each registered device, since a device's client id is its own id.
 */
import { OutgoingWindow } from './connection/outgoing-window.ts';

interface KeptSession {
  readonly outgoing: OutgoingWindow;
  /** The connection that is open now, or opened last, found it kept. */
  isResumed: boolean;
}

export class KeptSessions {
  readonly #sessions = new Map<string, KeptSession>();

  /** A client has connected that keeps its session: the one that it left, or a new one. */
  resume(clientId: string): OutgoingWindow {
    const kept = this.#sessions.get(clientId);
    const session = { outgoing: kept?.outgoing ?? new OutgoingWindow(), isResumed: kept !== undefined };
    this.#sessions.set(clientId, session);
    return session.outgoing;
  }

  /** [MQTT-3.1.2-6] a client has connected with a clean session: what it left is forgotten. */
  forget(clientId: string): void {
    this.#sessions.delete(clientId);
  }

  isResumed(clientId: string): boolean {
    return this.#sessions.get(clientId)?.isResumed ?? false;
  }

  outgoing(clientId: string): OutgoingWindow | undefined {
    return this.#sessions.get(clientId)?.outgoing;
  }
}
