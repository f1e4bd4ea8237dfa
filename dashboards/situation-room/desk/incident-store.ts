/**
 * The open incidents in full, for the cards: who was sent, each step, what the crew said and has yet to be told.
 *
 *   the list (city feed) → what is new is read; the stream names one → it is read; the rest again with its age
 *
 * Invariants: at most three reads at a time; an incident that the list no longer holds is dropped; a read that
 * fails is tried again with the next round.
 */
import type { Incident } from '../state/api/api-shapes.ts';
import type { IncidentDetail } from '../state/api/dispatch-shapes.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';

const READS_AT_ONCE = 3;
/** A crew that is not told yet: its sentence holds an age. */
const UNTOLD_AGAIN_MS = 10_000;
const AGAIN_MS = 60_000;

interface Known {
  detail: IncidentDetail | undefined;
  readAtMs: number;
  isWanted: boolean;
}

export class IncidentStore {
  readonly #known = new Map<number, Known>();
  readonly #calls: Pick<DeskCalls, 'readIncident'>;
  readonly #onChange: () => void;
  readonly #now: () => number;
  #reading = 0;

  constructor(calls: Pick<DeskCalls, 'readIncident'>, onChange: () => void, now: () => number) {
    this.#calls = calls;
    this.#onChange = onChange;
    this.#now = now;
  }

  detailOf(id: number): IncidentDetail | undefined {
    return this.#known.get(id)?.detail;
  }

  /** At each drawing, with the list as it is. */
  sync(list: readonly Incident[]): void {
    const listed = new Set(list.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!listed.has(id)) this.#known.delete(id);
    for (const { id, units } of list) {
      const known = this.#known.get(id) ?? { detail: undefined, readAtMs: 0, isWanted: true };
      this.#known.set(id, known);
      const isUntold = known.detail?.assignments.some(({ words }) => words.some(isOpenWord));
      const isOld = this.#now() - known.readAtMs > (isUntold ? UNTOLD_AGAIN_MS : AGAIN_MS);
      // The list is read after each event of the stream, which may have come before this read.
      const hasMoved = known.detail !== undefined && describeUnits(known.detail) !== describeListed(units);
      if (isOld || hasMoved) known.isWanted = true;
    }
    this.#readNext();
  }

  /** The stream tells of it. */
  touch(id: number): void {
    const known = this.#known.get(id);
    if (known) known.isWanted = true;
    this.#readNext();
  }

  /** Read by somebody else. */
  take(detail: IncidentDetail): void {
    const known = this.#known.get(detail.id);
    if (known) Object.assign(known, { detail, readAtMs: this.#now() });
  }

  #readNext(): void {
    for (const [id, known] of this.#known) {
      if (this.#reading >= READS_AT_ONCE) return;
      if (known.isWanted) void this.#read(id, known);
    }
  }

  async #read(id: number, known: Known): Promise<void> {
    known.isWanted = false;
    // Tried again at the next round and not in a loop.
    known.readAtMs = this.#now();
    this.#reading++;
    try {
      known.detail = await this.#calls.readIncident(id);
      this.#onChange();
    } catch {
      known.readAtMs = known.detail ? this.#now() - AGAIN_MS / 2 : 0;
    } finally {
      this.#reading--;
    }
    this.#readNext();
  }
}

export function isOpenWord({ endedAt }: { readonly endedAt: string | null }): boolean {
  return endedAt === null;
}

function describeUnits({ assignments }: IncidentDetail): string {
  const open = assignments.filter(({ timeline }) => timeline.endedAt === null);
  return describeListed(open);
}

function describeListed(units: readonly { readonly unit: string; readonly step: string }[]): string {
  return units
    .map(({ unit, step }) => `${unit} ${step}`)
    .sort()
    .join();
}
