/**
 * The live feed: what happens now, numbered, for those who watch (the API's stream).
 *
 * Each stage after the PUBACK publishes here; the last `keptEvents` are kept so that a watcher that lost its
 * connection resumes after the number it saw. While there is nobody who could resume, nothing is kept: a
 * saturated ingest without watchers pays for numbers only. Invariant: numbers ascend by one without gaps within a run;
 * `epoch` tells runs apart, so that a number from before a restart is never taken for one of now.
 */
export type LiveEventType = 'reading' | 'presence' | 'alert' | 'fleet' | 'incident' | 'hospital' | 'city';

export interface LiveEvent {
  readonly number: number;
  readonly type: LiveEventType;
  readonly body: unknown;
  /** The body as JSON; encoded once for all watchers, and not at all when nobody watches. */
  readonly json: string;
}

export interface LiveFeed {
  readonly epoch: string;
  /** `body` may be a function that makes it, called where the event is kept. */
  publish(type: LiveEventType, body: unknown): void;
  /** The kept events after `number`, or undefined when some of them are gone already. */
  since(number: number): readonly LiveEvent[] | undefined;
  /** Calls `watcher` at each event from now on. Returns the way to stop. A watcher must not throw. */
  watch(watcher: () => void): () => void;
  /** Who asks is told a number from which he may resume. */
  readonly lastNumber: number;
}

export function createLiveFeed(keptEvents: number, epoch: string): LiveFeed {
  const kept: (LiveEvent | undefined)[] = new Array(keptEvents);
  const watchers = new Set<() => void>();
  let lastNumber = 0;
  /** The largest number that anybody knows: `keptEvents` later nobody is left who could resume. */
  let toldNumber = 0;
  /** The largest number of an event that was not kept. */
  let unkeptNumber = 0;
  return {
    epoch,
    get lastNumber() {
      toldNumber = lastNumber;
      return lastNumber;
    },
    publish(type, body) {
      const number = ++lastNumber;
      if (number - toldNumber > keptEvents) {
        unkeptNumber = number;
        kept[number % keptEvents] = undefined;
      } else {
        const made = typeof body === 'function' ? (body as () => unknown)() : body;
        kept[number % keptEvents] = new EncodedOnce(number, type, made);
      }
      for (const watcher of watchers) watcher();
    },
    since(number) {
      if (number > lastNumber || number < unkeptNumber || lastNumber - number > keptEvents) return undefined;
      toldNumber = lastNumber;
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
