/**
 * Back-test: the same engine and lifecycle over a series of the past, in event time.
 *
 * Behind `npm run backtest` and, in a thread (backtest-worker.ts), `POST /v1/backtests`; replay.ts says how the past is
 * gone through. Invariant: no judgement of its own: what it reports is what the alarms would have done.
 */
import type { Alert, Change, Rank } from '../alerts/alert.ts';
import type { EngineChange } from '../alerts/judgement/engine-change.ts';
import type { ParameterOverride } from '../alerts/judgement/parameters.ts';
import type { TrackRule } from '../alerts/judgement/rule.ts';
import { shownRank } from '../alerts/judgement/track.ts';
import type { Prediction } from '../alerts/rules/time-to-threshold.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import { QualityFlag, type Reading } from '../devices/reading.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';
import type { LevelPoint } from '../tables/level-series.ts';
import { createReplay, REPLAYED_CITY } from './replay.ts';

export interface BacktestOptions {
  readonly gauge: RiverGauge;
  readonly points: readonly LevelPoint[];
  readonly overrides?: readonly ParameterOverride[];
  /** All of them where it is not said. */
  readonly rules?: readonly TrackRule[];
}

/** What happened to one alert, in event time. */
export interface BacktestChange {
  readonly atMs: number;
  readonly change: Change;
  readonly rule: string;
  readonly alert: string;
  readonly rank: Rank;
  readonly levelM: number;
  readonly prediction?: Prediction;
}

export interface BacktestRun {
  readonly alerts: readonly Alert[];
  readonly changes: readonly BacktestChange[];
  /** Readings outside the sensor's range: suppressed, with their times. */
  readonly outsideRange: readonly LevelPoint[];
  /** How the engine placed the readings in time. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
}

/** A run under way: give it points in order, then finish it. */
interface Backtest {
  take(point: LevelPoint): void;
  finish(): BacktestRun;
}

function createBacktest({ gauge, overrides = [], rules }: Omit<BacktestOptions, 'points'>): Backtest {
  const startedAt = performance.now();
  const { id, kind, name, lat, lng } = gauge;
  const device: RegisteredDevice = { id, kind, name, lat, lng, site: gauge };
  const replay = createReplay({ device, overrides, ...(rules ? { rules } : {}) });
  const changes: BacktestChange[] = [];
  const outsideRange: LevelPoint[] = [];
  return {
    take(point) {
      const reading = readingOf(gauge, point);
      if (reading.quality & QualityFlag.outsideSensorRange) outsideRange.push(point);
      changes.push(...replay.take(reading).map(toBacktestChange));
    },
    finish: () => ({
      alerts: [...replay.alerts.values()],
      changes,
      outsideRange,
      outcomes: replay.outcomes,
      elapsedMs: performance.now() - startedAt,
    }),
  };
}

/** All at once: for the command line, and in a thread of its own for the API. */
export function runBacktest({ points, ...options }: BacktestOptions): BacktestRun {
  const backtest = createBacktest(options);
  for (const point of points) backtest.take(point);
  return backtest.finish();
}

function toBacktestChange(change: EngineChange): BacktestChange {
  const { episode } = change;
  return {
    atMs: change.atMs,
    change: change.change,
    rule: change.rule,
    alert: change.alert,
    rank: shownRank(episode),
    levelM: episode.value,
    ...(change.rule === 'time-to-threshold' ? { prediction: episode.detail as Prediction } : {}),
  };
}

/** A reading as ingest would have stored it: outside the sensor's range it is flagged, not dropped. */
function readingOf(
  { id, sensorRangeM: [lowest, highest] }: RiverGauge,
  { atMs, levelM }: LevelPoint,
): Reading {
  return {
    city: REPLAYED_CITY,
    kind: 'river-gauge',
    device: id,
    measuredAt: atMs,
    receivedAt: atMs,
    simulated: false,
    quality: levelM < lowest || levelM > highest ? QualityFlag.outsideSensorRange : 0,
    values: { levelM },
  };
}
