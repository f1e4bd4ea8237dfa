/**
 * The live feed: what happens now, numbered, for those who watch (the API's stream).
 *
 * Each stage after the PUBACK publishes here; the last `keptEvents` are kept so that a watcher that lost its
 * connection resumes after the number it saw. Invariant: numbers ascend by one without gaps within a run;
 * `epoch` tells runs apart, so that a number from before a restart is never taken for one of now.
 */
export type LiveEventType = 'reading' | 'presence' | 'alert' | 'fleet' | 'incident' | 'hospital';

export interface LiveEvent {
  readonly number: number;
  readonly type: LiveEventType;
  readonly body: unknown;
  /** The body as JSON; encoded once for all watchers, and not at all when nobody watches. */
  readonly json: string;
}

export interface LiveFeed {
  readonly epoch: string;
  publish(type: LiveEventType, body: unknown): void;
  /** The kept events after `number`, or undefined when some of them are gone already. */
  since(number: number): readonly LiveEvent[] | undefined;
  /** Calls `watcher` with each event from now on. Returns the way to stop. A watcher must not throw. */
  watch(watcher: (event: LiveEvent) => void): () => void;
  readonly lastNumber: number;
}

export function createLiveFeed(keptEvents: number, epoch: string): LiveFeed {
  const kept: (LiveEvent | undefined)[] = new Array(keptEvents);
  const watchers = new Set<(event: LiveEvent) => void>();
  let lastNumber = 0;
  return {
    epoch,
    get lastNumber() {
      return lastNumber;
    },
    publish(type, body) {
      const event = new EncodedOnce(++lastNumber, type, body);
      kept[event.number % keptEvents] = event;
      for (const watcher of watchers) watcher(event);
    },
    since(number) {
      if (number > lastNumber || lastNumber - number > keptEvents) return undefined;
      const events: LiveEvent[] = [];
      for (let next = number + 1; next <= lastNumber; next++)
        events.push(kept[next % keptEvents] as LiveEvent);
      return events;
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

class EncodedOnce implements LiveEvent {
  readonly number: number;
  readonly type: LiveEventType;
  readonly body: unknown;
  #json: string | undefined;
  constructor(number: number, type: LiveEventType, body: unknown) {
    this.number = number;
    this.type = type;
    this.body = body;
  }
  get json(): string {
    this.#json ??= JSON.stringify(this.body);
    return this.#json;
  }
}
