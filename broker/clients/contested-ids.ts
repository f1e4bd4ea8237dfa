/**
 * ContestedIds: client ids that two boxes claim, each of which pushes the other off the line [MQTT-3.1.4-2].
 *
 * Told of every takeover, and asked before the next one. A single box on a bad link takes over from itself now and
 * then; five times in five minutes is somebody's mistake: a copied secret, a spare that was switched on. Invariants:
 * a contested id changes hands once in five seconds at most, whatever the boxes do; at most 1,000 ids are
 * remembered, the ones that changed hands last.
 */
import type { Origin } from '../connection/connection-options.ts';

/** So many takeovers in SPAN_MS are a contest. */
const TAKEOVERS = 5;
const SPAN_MS = 5 * 60_000;
/** Without a takeover for so long it is over. */
const OVER_MS = 10 * 60_000;
/** A takeover costs some 2 ms: one in 5 s is 0.04 % of a core. Each box has the line for as long at least. */
export const TURN_MS = 5_000;
export const MAX_IDS = 1_000;

export interface ContestedId {
  readonly clientId: string;
  /** Epoch ms. */
  readonly since: number;
  /** Epoch ms. */
  readonly lastTakeoverAt: number;
  readonly takeovers: number;
  /** Who lost the line last, and who has it. */
  readonly origins: readonly [Origin, Origin];
}

interface Takeovers {
  /** Epoch ms, the newest last, at most TAKEOVERS of them. */
  times: number[];
  count: number;
  origins: readonly [Origin, Origin];
  /** Epoch ms; undefined while it is not contested. */
  since: number | undefined;
}

export interface ContestedIdsOptions {
  readonly now: () => number;
  /** An id is contested from now on. */
  readonly onContested: (contested: ContestedId) => void;
}

export class ContestedIds {
  readonly #options: ContestedIdsOptions;
  readonly #ids = new Map<string, Takeovers>();

  constructor(options: ContestedIdsOptions) {
    this.#options = options;
  }

  /** Those that are contested now. */
  list(): readonly ContestedId[] {
    const contested: ContestedId[] = [];
    for (const clientId of [...this.#ids.keys()]) {
      const entry = this.#find(clientId);
      if (entry?.since !== undefined) contested.push(describe(clientId, entry, entry.since));
    }
    return contested;
  }

  takenOver(clientId: string, from: Origin, by: Origin): void {
    const now = this.#options.now();
    const entry = this.#find(clientId) ?? { times: [], count: 0, origins: [from, by], since: undefined };
    entry.origins = [from, by];
    entry.count++;
    entry.times = [...entry.times, now].slice(-TAKEOVERS);
    // To the end of the map: the one at its beginning is forgotten first.
    this.#ids.delete(clientId);
    if (this.#ids.size >= MAX_IDS) {
      const [oldest] = this.#ids.keys();
      this.#ids.delete(oldest as string);
    }
    this.#ids.set(clientId, entry);
    const isMany = entry.times.length === TAKEOVERS && now - (entry.times[0] as number) <= SPAN_MS;
    if (!isMany || entry.since !== undefined) return;
    entry.since = now;
    this.#options.onContested(describe(clientId, entry, now));
  }

  /** How long who wants to take over a contested id has to wait, ms. */
  waitMs(clientId: string): number {
    const entry = this.#find(clientId);
    if (entry?.since === undefined) return 0;
    const waitMs = (entry.times.at(-1) as number) + TURN_MS - this.#options.now();
    // Longer than a turn: the clock was set back.
    return waitMs > TURN_MS ? 0 : Math.max(0, waitMs);
  }

  #find(clientId: string): Takeovers | undefined {
    const entry = this.#ids.get(clientId);
    if (!entry || this.#options.now() - (entry.times.at(-1) as number) < OVER_MS) return entry;
    this.#ids.delete(clientId);
    return undefined;
  }
}

function describe(clientId: string, { times, count, origins }: Takeovers, since: number): ContestedId {
  return { clientId, since, lastTakeoverAt: times.at(-1) as number, takeovers: count, origins };
}
