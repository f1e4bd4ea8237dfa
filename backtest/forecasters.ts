/**
 * Forecasters that the rule of today is held against, and how their claims are made of what they say.
 *
 * Used by forecast-table.ts. A claim begins when a forecaster says so, stands for half an hour after it last did, and
 * ends when the threshold is reached. They are as they were: none knows of the gauge's hysteresis, and a level that
 * ripples about its threshold is foretold again. Invariant: what is said of a level rests on it and those before.
 */
import type { RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { LevelPoint } from '../tables/level-series.ts';

/** `yes`: it will get there; `still`: enough to go on saying so. */
export type Verdict = 'yes' | 'still' | 'no';

export interface Forecaster {
  readonly method: string;
  /** Takes the next level; what it returns says of a way up, m, whether the river will rise by it. */
  take(point: LevelPoint): (wayM: number) => Verdict;
}

/** What was said of a threshold, from its first word to its last. */
export interface ForecastClaim {
  readonly levelM: number;
  readonly since: number;
  readonly until: number;
}

const MIN_MS = 60_000;
const GIVE_UP_AFTER_MS = 30 * MIN_MS;
const RULER_BACK_MS = 30 * MIN_MS;
const RULER_AHEAD_MS = 60 * MIN_MS;

/** The rise of the last 30 min, or of the last report of a slower gauge, carried on for 60 min. */
export function createRuler(): Forecaster {
  const points: LevelPoint[] = [];
  return {
    method: 'ruler',
    take(point) {
      points.push(point);
      while (points.length > 2 && (points[1] as LevelPoint).atMs <= point.atMs - RULER_BACK_MS)
        points.shift();
      const from = points[0] as LevelPoint;
      const riseM = point.levelM - from.levelM;
      const reachM = riseM > 0 ? (riseM / (point.atMs - from.atMs)) * RULER_AHEAD_MS : 0;
      return (wayM) => (wayM <= reachM ? 'yes' : 'no');
    },
  };
}

export function collectForecasts(
  { thresholds }: RiverGauge,
  points: readonly LevelPoint[],
  forecaster: Forecaster,
): ForecastClaim[] {
  const claims: ForecastClaim[] = [];
  const states = thresholds.map(({ levelM }) => ({ levelM, since: 0, saidAt: 0 }));
  for (const point of points) {
    const verdictOf = forecaster.take(point);
    const { atMs } = point;
    for (const state of states) {
      const { levelM } = state;
      const end = () => {
        if (state.since > 0) claims.push({ levelM, since: state.since, until: atMs });
        state.since = 0;
      };
      if (point.levelM >= levelM) {
        end();
        continue;
      }
      const verdict = verdictOf(levelM - point.levelM);
      if (state.since > 0 && verdict !== 'no') state.saidAt = atMs;
      else if (state.since > 0 && atMs - state.saidAt >= GIVE_UP_AFTER_MS) end();
      else if (state.since === 0 && verdict === 'yes') {
        state.since = atMs;
        state.saidAt = atMs;
      }
    }
  }
  return claims;
}
