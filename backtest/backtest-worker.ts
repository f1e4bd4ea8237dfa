/**
 * The thread of one run over stored history: it is handed readings page by page, judges them, and answers at the end.
 *
 * Opened for each run by backtest-thread.ts and ended with it. Invariant: it opens no file and no socket.
 */
import { parentPort } from 'node:worker_threads';
import type { ParameterOverride } from '../alerts/judgement/parameters.ts';
import { createCallAnswerer } from '../database/worker-calls.ts';
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { LevelPoint } from '../tables/level-series.ts';
import { runBacktest } from './backtest.ts';
import { ChangeTrial, type TrialDevice, type TrialPair, type TrialPoint } from './change-trial.ts';
import { type BacktestReport, buildReport } from './report.ts';

// A type, since an interface has no index signature.
export type BacktestCalls = {
  /** Readings of the device that was begun, in order. */
  takeReadings(points: readonly TrialPoint[]): void;
  beginDevice(device: TrialDevice): void;
  finishTrial(): readonly TrialPair[];
  /** Levels of a gauge, in order; kept until `report`. */
  takeLevels(points: readonly LevelPoint[]): void;
  report(run: { gauge: RiverGauge; overrides: readonly ParameterOverride[] }): BacktestReport;
};

const trial = new ChangeTrial();
const levels: LevelPoint[] = [];

parentPort?.on(
  'message',
  createCallAnswerer<BacktestCalls>({
    beginDevice: (device) => trial.begin(device),
    takeReadings: (points) => trial.take(points),
    finishTrial: () => trial.finish(),
    takeLevels: (points) => void levels.push(...points),
    report({ gauge, overrides }) {
      const run = runBacktest({ gauge, points: levels, overrides });
      return buildReport(gauge, { points: levels, unreadable: 0, repeated: 0, notes: [] }, run);
    },
  }),
);
