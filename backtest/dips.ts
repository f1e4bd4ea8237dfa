/**
 * Dips: whether a gauge that fails in a flood gives a false all-clear, and how late a true one is.
 *
 * Behind `npm run backtest -- --dips`. Levels that are too low are put into every flood of a measured series, of each
 * kind and for 1 to 20 rows, at a moment when the alert stands and the river is above it; the river itself is known,
 * so that an alert that ends while it is high is seen. Invariant: places and levels follow from the series alone, so
 * that two versions are asked the same.
 */

import { riverLevel } from '../alerts/rules/river-level.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { LevelPoint } from '../tables/level-series.ts';
import { runBacktest } from './backtest.ts';

/** What a failing gauge says in place of a level. */
interface Fault {
  /** The true level of this row and of the one before the dip. */
  readonly levelM: number;
  readonly beforeM: number;
  readonly ordinaryM: number;
  /** At or below this the alert would end. */
  readonly clearM: number;
  readonly row: number;
  /** From 0 to 1: of the dip, and of the row. */
  readonly chance: number;
  readonly rowChance: number;
}

const between = (low: number, high: number, share: number) => low + (high - low) * share;
const frozenM = ({ ordinaryM, clearM, chance }: Fault) => between(ordinaryM, clearM, chance);

export const DIP_KINDS: Readonly<Record<string, (fault: Fault) => number>> = {
  'to zero': () => 0,
  negative: ({ chance }) => -0.1 - chance,
  'to the ordinary level': ({ ordinaryM }) => ordinaryM,
  /** A fifth of the way from where the alert would end to an ordinary day. */
  shallow: ({ ordinaryM, clearM, levelM, beforeM }) =>
    between(clearM, ordinaryM, 0.2) + 0.2 * (levelM - beforeM),
  'frozen at any level': frozenM,
  'random levels': ({ ordinaryM, clearM, rowChance }) => between(Math.min(0, ordinaryM), clearM, rowChance),
  alternating: (fault) => (fault.row % 2 === 0 ? frozenM(fault) : fault.levelM),
  'in two steps': ({ row, levelM, ordinaryM, clearM }) =>
    row === 0 ? between(levelM, clearM, 0.5) : between(clearM, ordinaryM, 0.5),
};

export const DIP_ROWS = [1, 2, 3, 5, 10, 20] as const;

export interface DipResult {
  readonly kind: string;
  readonly rows: number;
  readonly dips: number;
  readonly falseClears: readonly FalseClear[];
}

export interface FalseClear {
  readonly dipAtMs: number;
  readonly clearedAtMs: number;
  /** The river at that time, m. */
  readonly riverM: number;
  /** What the gauge said in its stead, m. */
  readonly saidM: readonly number[];
}

export interface DipReport {
  readonly floods: number;
  /** Of the series as it is: minutes from the last level above the end to the end, ascending. */
  readonly clearDelaysMin: readonly number[];
  readonly results: readonly DipResult[];
}

interface Flood {
  readonly from: number;
  /** The index after the last level that is high. */
  readonly to: number;
}

/** Successive multiples of the golden section fall evenly between 0 and 1, in no order. */
const GOLDEN_SECTION = (Math.sqrt(5) - 1) / 2;
const chanceOf = (number: number) => (number * GOLDEN_SECTION) % 1;

export function measureDips(gauge: RiverGauge, points: readonly LevelPoint[], every = 1): DipReport {
  const floodM = gauge.thresholds[0]?.levelM ?? 0;
  const clearM = floodM - gauge.hysteresisM;
  const ordinaryM = medianOf(points.map(({ levelM }) => levelM));
  const ends = endsOf(gauge, points);
  const floods = ends.flatMap(({ openedAt }): Flood[] => {
    const from = points.findIndex(({ atMs }) => atMs >= openedAt);
    if (from < 0) return [];
    const end = points.findIndex(({ levelM }, index) => index > from && levelM <= clearM);
    const last = points.findLastIndex(({ levelM }, index) => index < end && levelM >= floodM);
    return last > from ? [{ from, to: last + 1 }] : [];
  });
  const clearDelaysMin = ends
    .flatMap(({ endedAt }) => {
      const last = points.findLastIndex(({ atMs, levelM }) => atMs < endedAt && levelM > clearM);
      return last >= 0 ? [(endedAt - (points[last] as LevelPoint).atMs) / 60_000] : [];
    })
    .sort((a, b) => a - b);
  const results = Object.keys(DIP_KINDS).flatMap((kind, kindIndex) =>
    DIP_ROWS.map((rows) =>
      measureOne(gauge, points, floods, {
        kind,
        rows,
        clearM,
        ordinaryM,
        every,
        seed: 100 * kindIndex + rows,
      }),
    ),
  );
  return { floods: floods.length, clearDelaysMin, results };
}

interface Put {
  readonly kind: string;
  readonly rows: number;
  readonly clearM: number;
  readonly ordinaryM: number;
  /** One flood in so many has a dip. */
  readonly every: number;
  readonly seed: number;
}

function measureOne(
  gauge: RiverGauge,
  points: readonly LevelPoint[],
  floods: readonly Flood[],
  { kind, rows, clearM, ordinaryM, every, seed }: Put,
): DipResult {
  const dipped = points.slice();
  const levelOf = DIP_KINDS[kind] as (fault: Fault) => number;
  const dips: { readonly flood: Flood; readonly at: number }[] = [];
  for (const [number, flood] of floods.entries()) {
    if ((number + seed) % every !== 0) continue;
    const chance = chanceOf(seed + number);
    // At least one row of the flood is seen, and one is high after the dip: the river has not ended within it.
    const first = flood.from + 1;
    const room = flood.to - rows - first;
    if (room < 0) continue;
    const at = first + Math.floor(chance * (room + 1));
    const beforeM = (points[at - 1] as LevelPoint).levelM;
    for (let row = 0; row < rows; row++) {
      const { atMs, levelM } = points[at + row] as LevelPoint;
      const rowChance = chanceOf(seed + 31 * number + row);
      const wrongM = levelOf({ levelM, beforeM, ordinaryM, clearM, row, chance, rowChance });
      dipped[at + row] = { atMs, levelM: Math.min(levelM, Number(wrongM.toFixed(3))) };
    }
    dips.push({ flood, at });
  }
  const ends = endsOf(gauge, dipped);
  const falseClears = dips.flatMap(({ flood, at }): FalseClear[] => {
    const [fromMs, toMs] = [(points[at] as LevelPoint).atMs, (points[flood.to - 1] as LevelPoint).atMs];
    const early = ends.find(({ endedAt }) => endedAt >= fromMs && endedAt <= toMs);
    if (!early) return [];
    const riverM = points.findLast(({ atMs }) => atMs <= early.endedAt)?.levelM ?? Number.NaN;
    const saidM = dipped.slice(at, at + rows).map(({ levelM }) => levelM);
    return [{ dipAtMs: fromMs, clearedAtMs: early.endedAt, riverM, saidM }];
  });
  return { kind, rows, dips: dips.length, falseClears };
}

/** Alerts of the level that stood, by when they were confirmed and when they ended. */
function endsOf(
  gauge: RiverGauge,
  points: readonly LevelPoint[],
): { readonly openedAt: number; readonly endedAt: number }[] {
  const { changes } = runBacktest({ gauge, points, rules: [riverLevel] });
  const openedAt = new Map<string, number>();
  const ends: { openedAt: number; endedAt: number }[] = [];
  for (const { alert, rule, change, atMs } of changes) {
    if (rule !== riverLevel.name) continue;
    const since = openedAt.get(alert);
    if (since === undefined && (change === 'opened' || change === 'confirmed')) openedAt.set(alert, atMs);
    if (since !== undefined && change === 'resolved') {
      ends.push({ openedAt: since, endedAt: atMs });
      openedAt.delete(alert);
    }
  }
  return ends;
}

function medianOf(levels: number[]): number {
  return levels.sort((a, b) => a - b)[Math.floor(levels.length / 2)] ?? 0;
}
