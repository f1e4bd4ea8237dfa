/**
 * The past levels of a gauge for the public pages: five days by half hours, a year by days.
 *
 * Asks history, and keeps the answers for all readers: a river that everybody looks at is read once a minute, its year
 * once an hour. Invariants: bounded by gauges, the one read longest ago goes; what failed is asked again.
 */
import type { City } from '../cities/city.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import type { History } from '../history/history.ts';
import type { LevelPoint } from './level-trend.ts';

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
export const PLOT_SPAN_MS = 5 * DAY_MS;
export const PLOT_WINDOW_MS = 30 * MINUTE_MS;
/** Three windows without a reading are a gap. */
export const PLOT_GAP_MS = 3.5 * PLOT_WINDOW_MS;
const YEAR_SPAN_MS = 365 * DAY_MS;
const FEW_POINTS = 12;
export const DAYS_KEPT_MS = MINUTE_MS;
export const YEAR_KEPT_MS = 60 * MINUTE_MS;
/** Gauges whose levels are kept, some 10 KB each. */
export const MAX_KEPT_LEVELS = 200;

export interface LevelHistoryDependencies {
  readonly history: Pick<History, 'windows'>;
  readonly now: () => number;
  readonly city: () => City;
}

interface Kept {
  readonly atMs: number;
  /** Shorter once it is seen that there is nothing yet. */
  keptMs: number;
  readonly points: Promise<readonly LevelPoint[]>;
}

export class LevelHistory {
  readonly #dependencies: LevelHistoryDependencies;
  readonly #days = new Map<string, Kept>();
  readonly #years = new Map<string, Kept>();

  constructor(dependencies: LevelHistoryDependencies) {
    this.#dependencies = dependencies;
  }

  /** The highest level of each half hour of five days. Rejects where history does. */
  days(device: RegisteredDevice): Promise<readonly LevelPoint[]> {
    return this.#keep(this.#days, device, DAYS_KEPT_MS, () => this.#readDays(device));
  }

  /** The highest level of each day of the last year, by the city's days. Rejects where history does. */
  year(device: RegisteredDevice): Promise<readonly LevelPoint[]> {
    return this.#keep(this.#years, device, YEAR_KEPT_MS, () =>
      this.windows(device, { spanMs: YEAR_SPAN_MS, everyMs: DAY_MS, fn: 'max' }),
    );
  }

  async windows(
    { id, kind }: RegisteredDevice,
    { spanMs, everyMs, fn }: { spanMs: number; everyMs: number; fn: 'max' | 'mean' },
  ): Promise<LevelPoint[]> {
    const { history, city, now } = this.#dependencies;
    const toMs = now();
    const { points } = await history.windows({
      ...{ kind, device: id, fromMs: toMs - spanMs, toMs, limit: Math.ceil(spanMs / everyMs) + 2 },
      ...{ everyMs, fn, timeZone: city().timeZone, quantities: ['levelM'] },
    });
    return points.flatMap(({ atMs, values }) => {
      const levelM = values['levelM'];
      return typeof levelM === 'number' ? [{ atMs, levelM }] : [];
    });
  }

  /** A clock that was set back makes nothing young for ever. */
  #keep(
    kept: Map<string, Kept>,
    { id }: RegisteredDevice,
    keptMs: number,
    read: () => Promise<readonly LevelPoint[]>,
  ): Promise<readonly LevelPoint[]> {
    const atMs = this.#dependencies.now();
    const known = kept.get(id);
    if (known && Math.abs(atMs - known.atMs) < known.keptMs) return known.points;
    const points = read();
    const entry: Kept = { atMs, keptMs, points };
    // A gauge without a past will have one soon, and a year is kept for an hour.
    points.then(
      ({ length }) => {
        if (length === 0) entry.keptMs = DAYS_KEPT_MS;
      },
      () => kept.delete(id),
    );
    kept.delete(id);
    kept.set(id, entry);
    const oldest = kept.keys().next().value;
    if (kept.size > MAX_KEPT_LEVELS && oldest !== undefined) kept.delete(oldest);
    return points;
  }

  async #readDays(device: RegisteredDevice): Promise<readonly LevelPoint[]> {
    const days = await this.windows(device, { spanMs: PLOT_SPAN_MS, everyMs: PLOT_WINDOW_MS, fn: 'max' });
    if (days.length >= FEW_POINTS) return days;
    // A gauge of this morning: its hours, minute by minute, rather than a line of two points.
    return this.windows(device, { spanMs: FEW_POINTS * PLOT_WINDOW_MS, everyMs: MINUTE_MS, fn: 'max' });
  }
}
