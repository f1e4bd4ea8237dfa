/**
 * Back-test: the same engine and lifecycle over a series of the past, in event time.
 *
 * Behind `npm run backtest` and `POST /v1/backtests`. Every reading is taken as received when it was measured;
 * our clock ticks just before each reading, so that a gap is a silence. Invariant: no judgement of its own:
 * what it reports is what the alarms would have done.
 */
import { setImmediate } from 'node:timers/promises';
import type { Alert, Change, Rank } from '../alerts/alert.ts';
import { AlertEngine } from '../alerts/judgement/engine.ts';
import type { EngineChange } from '../alerts/judgement/engine-change.ts';
import type { ParameterOverride } from '../alerts/judgement/parameters.ts';
import type { TrackRule } from '../alerts/judgement/rule.ts';
import { shownRank } from '../alerts/judgement/track.ts';
import { Lifecycle } from '../alerts/lifecycle/lifecycle.ts';
import { trackRules } from '../alerts/rules/index.ts';
import type { Prediction } from '../alerts/rules/time-to-threshold.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import { QualityFlag, type Reading } from '../devices/reading.ts';
import type { RegisteredDevice, Registry } from '../fleet/registry.ts';
import type { LevelPoint } from '../tables/level-series.ts';

export interface BacktestOptions {
  readonly gauge: RiverGauge;
  readonly points: readonly LevelPoint[];
  readonly overrides?: readonly ParameterOverride[];
  /** All of them where it is not said. */
  readonly rules?: readonly TrackRule[];
}

const READINGS_TO_KNOW_RHYTHM = 3;

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
export interface Backtest {
  take(point: LevelPoint): void;
  finish(): BacktestRun;
}

function createBacktest({
  gauge,
  overrides = [],
  rules = trackRules,
}: Omit<BacktestOptions, 'points'>): Backtest {
  const startedAt = performance.now();
  const engine = new AlertEngine({
    city: { id: 'backtest', timeZone: 'UTC', uplinks: [] },
    registry: registryOf(gauge),
    rules,
    overrides,
  });
  const lifecycle = new Lifecycle({ city: 'backtest' });
  const alerts = new Map<string, Alert>();
  const changes: BacktestChange[] = [];
  const outsideRange: LevelPoint[] = [];
  let taken = 0;
  const apply = (happened: readonly EngineChange[]) => {
    for (const change of happened) {
      lifecycle.apply(change);
      changes.push(toBacktestChange(change));
    }
    for (const alert of lifecycle.touched.values()) alerts.set(alert.id, alert);
    lifecycle.takeOccasions();
    lifecycle.settled();
  };
  return {
    take(point) {
      const reading = readingOf(gauge, point);
      if (reading.quality & QualityFlag.outsideSensorRange) outsideRange.push(point);
      if (taken === 0) engine.listen(point.atMs);
      // The rhythm of the series is known after a few readings; before, every pause would be a silence.
      if (taken >= READINGS_TO_KNOW_RHYTHM) apply(engine.takeTick(point.atMs - 1));
      apply(engine.takeReading(reading));
      taken++;
    },
    finish: () => ({
      alerts: [...alerts.values()],
      changes,
      outsideRange,
      outcomes: engine.outcomes,
      elapsedMs: performance.now() - startedAt,
    }),
  };
}

/** All at once, for the command line. */
export function runBacktest({ points, ...options }: BacktestOptions): BacktestRun {
  const backtest = createBacktest(options);
  for (const point of points) backtest.take(point);
  return backtest.finish();
}

/** Points between two turns of the event loop: some 10 ms. */
const POINTS_A_TURN = 2_000;

/** The same in turns, for a process that has other work. */
export async function runBacktestInTurns({ points, ...options }: BacktestOptions): Promise<BacktestRun> {
  const backtest = createBacktest(options);
  for (const [index, point] of points.entries()) {
    if (index % POINTS_A_TURN === POINTS_A_TURN - 1) await setImmediate();
    backtest.take(point);
  }
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
    city: 'backtest',
    kind: 'river-gauge',
    device: id,
    measuredAt: atMs,
    receivedAt: atMs,
    simulated: false,
    quality: levelM < lowest || levelM > highest ? QualityFlag.outsideSensorRange : 0,
    values: { levelM },
  };
}

function registryOf(site: RiverGauge): Registry {
  const { id, kind, name, lat, lng } = site;
  const device: RegisteredDevice = { id, kind, name, lat, lng, site };
  return {
    city: 'backtest',
    find: (asked) => (asked === id ? device : undefined),
    all: () => [device],
    gateways: () => [],
    reload: async () => undefined,
  };
}
