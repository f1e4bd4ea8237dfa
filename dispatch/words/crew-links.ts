/**
 * Crew links: which units are connected, and whether what they are told reaches them.
 *
 * Told by the broker (broker/clients/device-links.ts has the same calls), asked by word-delivery.ts and by whoever
 * recommends units. In memory: after a restart nobody is connected until it says so. Invariant: connected is
 * apart from heard; a unit that is connected and has not subscribed is told nothing.
 */
import { type ClockStep, shiftTime } from '../clock-steps.ts';

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
  readonly #onChange: (unit: string, link: CrewLink, atMs: number) => void;
  #watcher: CrewLinkWatcher | undefined;

  /**
   * What is no unit is not remembered: others are connected, too. One that becomes a unit later is one already.
   * `onChange` is told of each connection that opens or ends.
   */
  constructor(
    isUnit: (device: string) => boolean,
    onChange: (unit: string, link: CrewLink, atMs: number) => void,
  ) {
    this.#isUnit = isUnit;
    this.#onChange = onChange;
  }

  watch(watcher: CrewLinkWatcher): void {
    this.#watcher = watcher;
  }

  of(unit: string): CrewLink {
    return this.#links.get(unit) ?? NEVER_CONNECTED;
  }

  /** Our own clock was set. */
  clockSet(step: ClockStep): void {
    const shifted = (atMs: number | undefined) => (atMs === undefined ? undefined : shiftTime(atMs, step));
    for (const [unit, { isListening, connectedSinceMs, lastConnectedMs }] of this.#links) {
      const times = {
        connectedSinceMs: shifted(connectedSinceMs),
        lastConnectedMs: shifted(lastConnectedMs),
      };
      this.#links.set(unit, { isListening, ...times });
    }
  }

  opened(device: string, atMs: number): void {
    if (!this.#isUnit(device)) return;
    const link = { isListening: false, connectedSinceMs: atMs, lastConnectedMs: undefined };
    this.#links.set(device, link);
    this.#onChange(device, link, atMs);
  }

  closed(device: string, atMs: number): void {
    // Of a unit that was taken out of the city nothing stays: it may come back, and is not connected then.
    if (!this.#isUnit(device)) this.#links.delete(device);
    else {
      const link = { isListening: false, connectedSinceMs: undefined, lastConnectedMs: atMs };
      this.#links.set(device, link);
      this.#onChange(device, link, atMs);
    }
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
