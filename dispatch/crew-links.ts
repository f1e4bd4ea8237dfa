/**
 * Crew links: which units are connected, and whether what they are told reaches them.
 *
 * Told by the broker (broker/device-links.ts has the same calls), asked by word-delivery.ts and by whoever
 * recommends units. In memory: after a restart nobody is connected until it says so. Invariant: connected is
 * apart from heard; a unit that is connected and has not subscribed is told nothing.
 */

/** One unit's connection. Times are epoch ms. */
export interface CrewLink {
  /** What is sent now reaches its connection. */
  readonly isListening: boolean;
  /** Undefined while it is not connected. */
  readonly connectedSinceMs: number | undefined;
  /** The end of its last connection; undefined while there is one, and where there was none since our start. */
  readonly lastConnectedMs: number | undefined;
}

export interface CrewLinkWatcher {
  listening(unit: string): void;
  /** The unit's client has acknowledged this command. */
  reached(unit: string, payload: Buffer, atMs: number): void;
}

const NEVER_CONNECTED: CrewLink = {
  isListening: false,
  connectedSinceMs: undefined,
  lastConnectedMs: undefined,
};

export class CrewLinks {
  readonly #links = new Map<string, CrewLink>();
  readonly #isUnit: (device: string) => boolean;
  #watcher: CrewLinkWatcher | undefined;

  /** What is no unit is not remembered: others are connected, too. */
  constructor(isUnit: (device: string) => boolean) {
    this.#isUnit = isUnit;
  }

  watch(watcher: CrewLinkWatcher): void {
    this.#watcher = watcher;
  }

  of(unit: string): CrewLink {
    return this.#links.get(unit) ?? NEVER_CONNECTED;
  }

  opened(device: string, atMs: number): void {
    if (!this.#isUnit(device)) return;
    this.#links.set(device, { isListening: false, connectedSinceMs: atMs, lastConnectedMs: undefined });
  }

  closed(device: string, atMs: number): void {
    if (!this.#isUnit(device)) return;
    this.#links.set(device, { isListening: false, connectedSinceMs: undefined, lastConnectedMs: atMs });
  }

  listens(device: string, isListening: boolean): void {
    if (!this.#isUnit(device)) return;
    this.#links.set(device, { ...this.of(device), isListening });
    if (isListening) this.#watcher?.listening(device);
  }

  acknowledged(device: string, payload: Buffer, atMs: number): void {
    if (this.#isUnit(device)) this.#watcher?.reached(device, payload, atMs);
  }
}
