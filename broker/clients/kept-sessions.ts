/**
 * The sessions that outlive their connections: those of devices that asked for it.
 *
 * What Aedes' persistence does not know of them: that there is one although it has no subscription
 * [MQTT-3.2.2-2], and which packet identifiers its unacknowledged messages have. In memory, like the queues.
 * A device may connect under any client id, and some firmware makes one up for each connect. Invariant: of one device
 * at most MAX_OF_A_DEVICE are kept besides those that are connected; the one that connected longest ago goes.
 */
import { OutgoingWindow } from '../connection/outgoing-window.ts';

/** The boxes of one device, a spare and a workbench among them. */
export const MAX_OF_A_DEVICE = 8;

interface KeptSession {
  readonly outgoing: OutgoingWindow;
  /** The connection that is open now, or opened last, found it kept. */
  isResumed: boolean;
}

export class KeptSessions {
  readonly #sessions = new Map<string, KeptSession>();
  /** Client ids by device, the one that connected last at the end. */
  readonly #ofDevices = new Map<string, Set<string>>();
  readonly #isConnected: (clientId: string) => boolean;
  /** Told of a session that is kept no more: what waits for it is to be forgotten. */
  onDropped: (clientId: string) => void = () => undefined;

  constructor(isConnected: (clientId: string) => boolean) {
    this.#isConnected = isConnected;
  }

  /** A client has connected that keeps its session: the one that it left, or a new one. */
  resume(clientId: string): OutgoingWindow {
    const kept = this.#sessions.get(clientId);
    const session = { outgoing: kept?.outgoing ?? new OutgoingWindow(), isResumed: kept !== undefined };
    this.#sessions.set(clientId, session);
    this.#makeRoom(clientId);
    return session.outgoing;
  }

  /** [MQTT-3.1.2-6] a client has connected with a clean session: what it left is forgotten. */
  forget(clientId: string): void {
    this.#sessions.delete(clientId);
    const device = deviceOf(clientId);
    const own = this.#ofDevices.get(device);
    own?.delete(clientId);
    if (own?.size === 0) this.#ofDevices.delete(device);
  }

  isResumed(clientId: string): boolean {
    return this.#sessions.get(clientId)?.isResumed ?? false;
  }

  outgoing(clientId: string): OutgoingWindow | undefined {
    return this.#sessions.get(clientId)?.outgoing;
  }

  /** `newest` is in; others of its device go where they are too many. */
  #makeRoom(newest: string): void {
    const device = deviceOf(newest);
    const own = this.#ofDevices.get(device) ?? new Set<string>();
    this.#ofDevices.set(device, own);
    own.delete(newest);
    own.add(newest);
    for (const clientId of own) {
      if (own.size <= MAX_OF_A_DEVICE) return;
      if (clientId === newest || this.#isConnected(clientId)) continue;
      this.forget(clientId);
      this.onDropped(clientId);
    }
  }
}

/** Only a device's session is kept, and connect-rules.ts has put its id first. */
function deviceOf(clientId: string): string {
  return clientId.split('/', 1)[0] as string;
}
