/** What a forecast says beside its words. */
import { expect, test } from 'vitest';
import { runBacktest } from '../../../backtest/backtest.ts';
import { parseGauge } from '../../../backtest/gauge.ts';

const START_MS = Date.UTC(2026, 0, 15);

test.each([
  ['minor=1.5,moderate=2,extreme=3', 'minor', 1.5],
  ['moderate=1.5,severe=2,extreme=3', 'moderate', 1.5],
  ['severe=1.5', 'severe', 1.5],
  ['extreme=1.5', 'extreme', 1.5],
])(
  'a forecast on the ladder %s says the severity of the threshold itself: %s',
  (thresholds, severity, targetM) => {
    const gauge = parseGauge({ id: 'river', thresholds, unit: 'm', hysteresisM: 0.1 });
    const points = Array.from({ length: 24 }, (_, index) => ({
      atMs: START_MS + index * 300_000,
      levelM: Number((1 + Math.max(0, index - 12) * 0.03).toFixed(2)),
    }));
    const forecasts = runBacktest({ gauge, points }).alerts.filter(
      ({ rule }) => rule === 'time-to-threshold',
    );
    expect(forecasts[0]?.detail).toMatchObject({ severity, targetM });
  },
);
