/**
 * The back-test's report: per threshold what the river did, what the alarms said, and how early.
 *
 * Invariant: episodes are counted from the series alone (runs at or above the threshold, hysteresis applied
 * as the gauge has it), alerts from the engine alone, so that the two can be held against each other.
 */
import { type Alert, rankOf } from '../alerts/alert.ts';
import type { RiverGauge, Threshold } from '../devices/kinds/river-gauge.ts';

import type { LevelPoint, LevelSeries } from '../tables/level-series.ts';
import type { BacktestRun } from './backtest.ts';

/** A claim that a threshold will be reached, and what became of it. */
export interface Claim {
  readonly levelM: number;
  readonly since: number;
  readonly until: number;
  readonly reached: boolean;
}

export interface ThresholdReport {
  readonly levelM: number;
  readonly severity: Threshold['severity'];
  readonly label: string;
  /** Runs of readings at or above it, and the same with hysteresis. */
  readonly crossings: number;
  readonly episodes: number;
  /** Of at least two readings. */
  readonly lastingEpisodes: number;
  /** Alerts whose confirmed level got there. */
  readonly alerts: number;
  /** Crossings that the alarms did not repeat to anybody. */
  readonly flapsDamped: number;
  readonly claims: { readonly reached: number; readonly missed: number; readonly unannounced: number };
  /** Lead of the claims that came true, min, ascending. */
  readonly leadMin: readonly number[];
}

export interface Fault {
  readonly what: 'outside-range' | 'withdrawn' | 'gap' | 'repeated' | 'late';
  readonly count: number;
  /** The first few, epoch ms. */
  readonly examples: readonly number[];
}

export interface BacktestReport {
  readonly gauge: string;
  readonly readings: number;
  readonly unreadable: number;
  /** How the file was read, as phrases. */
  readonly notes: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMin: number;
  readonly highestM: number;
  readonly thresholds: readonly ThresholdReport[];
  readonly alerts: readonly Alert[];
  readonly claims: readonly Claim[];
  readonly faults: readonly Fault[];
  readonly elapsedMs: number;
}

/** A series as it comes out of a file, or out of the history, where nothing had to be read. */
export type JudgedSeries = Pick<LevelSeries, 'points' | 'unreadable' | 'repeated' | 'notes'>;

const MAX_EXAMPLES = 5;
/** A pause counts as a gap from this many report intervals on. */
const GAP_INTERVALS = 2.5;

export function buildReport(gauge: RiverGauge, series: JudgedSeries, run: BacktestRun): BacktestReport {
  const { points } = series;
  const intervalMs = medianInterval(points);
  const claims = collectClaims(gauge, run);
  const usable = points.filter(
    ({ levelM }) => levelM >= gauge.sensorRangeM[0] && levelM <= gauge.sensorRangeM[1],
  );
  return {
    gauge: gauge.id,
    readings: points.length,
    unreadable: series.unreadable,
    notes: series.notes,
    fromMs: points[0]?.atMs ?? 0,
    toMs: points.at(-1)?.atMs ?? 0,
    intervalMin: toTenths(intervalMs / 60_000),
    highestM: usable.reduce((highest, { levelM }) => Math.max(highest, levelM), Number.NEGATIVE_INFINITY),
    thresholds: gauge.thresholds.map((threshold) => judgeThreshold(threshold, gauge, usable, run, claims)),
    alerts: run.alerts,
    claims,
    faults: collectFaults(series, run, intervalMs),
    elapsedMs: run.elapsedMs,
  };
}

function judgeThreshold(
  threshold: Threshold,
  { hysteresisM }: RiverGauge,
  points: readonly LevelPoint[],
  run: BacktestRun,
  claims: readonly Claim[],
): ThresholdReport {
  const { levelM, severity, label, comparator } = threshold;
  const isAbove = (value: number) => (comparator === '>' ? value > levelM : value >= levelM);
  const crossings = countRuns(points, isAbove, isAbove);
  const starts = countRuns(points, isAbove, (value) => value > levelM - hysteresisM);
  const alerts = run.alerts.filter(
    (alert) =>
      alert.rule === 'river-level' &&
      alert.state !== 'withdrawn' &&
      rankOf(alert.highestSeverity) >= rankOf(severity),
  );
  const own = claims.filter((claim) => claim.levelM === levelM);
  const reached = own.filter((claim) => claim.reached);
  return {
    levelM,
    severity,
    label: label.id,
    crossings: crossings.length,
    episodes: starts.length,
    lastingEpisodes: crossings.filter((each) => each.readings >= 2).length,
    alerts: alerts.length,
    flapsDamped: crossings.length - alerts.length,
    claims: {
      reached: reached.length,
      missed: own.length - reached.length,
      unannounced: Math.max(0, starts.length - reached.length),
    },
    leadMin: reached.map((claim) => toTenths((claim.until - claim.since) / 60_000)).sort((a, b) => a - b),
  };
}

interface Run {
  readonly start: number;
  readings: number;
}

/** Runs that begin when `begins` holds and last while `lasts` does. */
function countRuns(
  points: readonly LevelPoint[],
  begins: (levelM: number) => boolean,
  lasts: (levelM: number) => boolean,
): Run[] {
  const runs: Run[] = [];
  let current: Run | undefined;
  for (const { atMs, levelM } of points) {
    if (current && lasts(levelM)) current.readings++;
    else if (begins(levelM)) {
      current = { start: atMs, readings: 1 };
      runs.push(current);
    } else current = undefined;
  }
  return runs;
}

/** The claims of the time-to-threshold alerts, each from its first word to its last. */
function collectClaims({ thresholds }: RiverGauge, run: BacktestRun): Claim[] {
  const claims: Claim[] = [];
  const open = new Map<number, number>();
  for (const { rule, change, prediction, atMs, levelM } of run.changes) {
    if (rule !== 'time-to-threshold') continue;
    const over = change === 'resolved' || change === 'withdrawn';
    const claimed = new Map(over ? [] : prediction?.claims?.map((each) => [each.levelM, each.since]));
    for (const threshold of thresholds) {
      const since = open.get(threshold.levelM);
      const now = claimed.get(threshold.levelM);
      if (since === undefined && now !== undefined) open.set(threshold.levelM, now);
      if (since === undefined || now !== undefined) continue;
      open.delete(threshold.levelM);
      const reached = levelM >= threshold.levelM;
      claims.push({ levelM: threshold.levelM, since, until: atMs, reached });
    }
  }
  return claims;
}

function collectFaults({ points, repeated }: JudgedSeries, run: BacktestRun, intervalMs: number): Fault[] {
  const gaps = points.filter((point, index) => {
    const before = points[index - 1];
    return before !== undefined && point.atMs - before.atMs > GAP_INTERVALS * intervalMs;
  });
  const withdrawn = run.alerts.filter((alert) => alert.rule === 'river-level' && alert.state === 'withdrawn');
  const faults: Fault[] = [
    fault(
      'outside-range',
      run.outsideRange.map((point) => point.atMs),
    ),
    fault(
      'withdrawn',
      withdrawn.map((alert) => alert.startedAt),
    ),
    fault(
      'gap',
      gaps.map((point) => point.atMs),
    ),
    { what: 'repeated', count: repeated + (run.outcomes['repeated'] ?? 0), examples: [] },
    { what: 'late', count: (run.outcomes['late'] ?? 0) + (run.outcomes['reordered'] ?? 0), examples: [] },
  ];
  return faults.filter((each) => each.count > 0);
}

function fault(what: Fault['what'], times: readonly number[]): Fault {
  return { what, count: times.length, examples: times.slice(0, MAX_EXAMPLES) };
}

function medianInterval(points: readonly LevelPoint[]): number {
  const gaps = points
    .slice(1)
    .map((point, index) => point.atMs - (points[index] as LevelPoint).atMs)
    .filter((gap) => gap > 0)
    .sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] ?? 0;
}

/** Six seconds are as near as a report can be timed. */
function toTenths(minutes: number): number {
  return Math.round(minutes * 10) / 10;
}
