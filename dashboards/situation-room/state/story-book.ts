/**
 * The last six hours as steps over time: what the API told of them, and what is heard since.
 *
 * Filled by `/v1/story` at first, at each new window and after each break; moved by what is live. Read by the strip.
 * Invariants: a window in which nothing was heard is undefined and never calm; of two that tell of one window the
 * worse counts; no more windows are kept than the strip shows.
 */
import type { Answer } from './api/answer-shapes.ts';

export type StoryJson = Answer<'Story'>;

/** 0 is below all steps, 1–4 are the severities; for uplinks and calls how many. Undefined is a hole. */
export type Cell = number | undefined;

/** What the strip is called by, beside the ids of gauges, which have no such letters. */
export const UPLINKS = '/uplinks';
export const CALLS = '/calls';

/** Equal cells that follow each other. */
export interface Run {
  readonly cell: Cell;
  readonly windows: number;
}

export class StoryBook {
  /** By gauge, and there by window: its start in windows since 1970. */
  readonly #rows = new Map<string, Map<number, number>>();
  #everyMs = 300_000;
  #windows = 72;
  isLoaded = false;
  hasCalls = false;
  gaugesLeftOut = 0;

  load({ from, everyS, gauges, gaugesLeftOut, uplinksDown, openCalls }: StoryJson): void {
    this.isLoaded = true;
    this.#everyMs = everyS * 1_000;
    this.#windows = uplinksDown.length;
    this.hasCalls = openCalls !== undefined;
    this.gaugesLeftOut = gaugesLeftOut;
    const first = this.windowOf(Date.parse(from));
    const rows: [string, readonly (number | null)[]][] = gauges.map(({ device, steps }) => [device, steps]);
    rows.push([UPLINKS, uplinksDown], [CALLS, openCalls ?? []]);
    for (const [name, cells] of rows) {
      const known = this.#rows.get(name);
      const row = new Map<number, number>();
      cells.forEach((cell, index) => {
        if (cell !== null) row.set(first + index, cell);
      });
      // The window that runs, and what is newer than an answer that others have had before.
      const running = first + cells.length - 1;
      for (const [window, cell] of known ?? [])
        if (window >= running) row.set(window, Math.max(cell, row.get(window) ?? 0));
      this.#rows.set(name, row);
    }
  }

  windowOf(atMs: number): number {
    return Math.floor(atMs / this.#everyMs);
  }

  /** When the strip begins, epoch ms. */
  fromMs(nowMs: number): number {
    return (this.windowOf(nowMs) - this.#windows + 1) * this.#everyMs;
  }

  get spanMs(): number {
    return this.#windows * this.#everyMs;
  }

  /** Heard now. */
  note(name: string, cell: number, nowMs: number): void {
    const row = this.#rows.get(name) ?? new Map<number, number>();
    this.#rows.set(name, row);
    const window = this.windowOf(nowMs);
    row.set(window, Math.max(cell, row.get(window) ?? 0));
    for (const old of row.keys()) if (old <= window - this.#windows) row.delete(old);
  }

  cells(name: string, nowMs: number): Cell[] {
    const row = this.#rows.get(name);
    const first = this.windowOf(nowMs) - this.#windows + 1;
    return Array.from({ length: this.#windows }, (_, index) => row?.get(first + index));
  }

  /**
   * The worst of several gauges. One that has said nothing in all the time is not asked for; where another was silent
   * and the rest calm, the river is not known to be calm.
   */
  worst(names: readonly string[], nowMs: number): Cell[] {
    const rows = names.map((name) => this.cells(name, nowMs)).filter((row) => row.some(isHeard));
    return Array.from({ length: this.#windows }, (_, index) => {
      const heard = rows.map((row) => row[index]);
      // The window that runs has not been heard whole: a gauge that reports every minute is late, and not silent.
      const isRunning = index === this.#windows - 1;
      const worst = heard.filter(isHeard).reduce<Cell>((a, b) => Math.max(a ?? 0, b), undefined);
      return worst === 0 && !isRunning && !heard.every(isHeard) ? undefined : worst;
    });
  }
}

function isHeard(cell: Cell): cell is number {
  return cell !== undefined;
}

export function runsOf(cells: readonly Cell[]): Run[] {
  const runs: { cell: Cell; windows: number }[] = [];
  for (const cell of cells) {
    const last = runs.at(-1);
    if (last && last.cell === cell) last.windows++;
    else runs.push({ cell, windows: 1 });
  }
  return runs;
}
