/**
 * siaga_grain: what tells Grafana from which range on it reads the hourly measurements.
 *
 * A hidden variable of each dashboard asks for the last `grain` whose `minRangeMs` the range has, and puts it into FROM
 * /^river_gauge(_1h){$grain}$/: 0 times is the readings, 1 time the hours. It is a digit, since Grafana escapes
 * anything else within a regular expression, in some versions and not in others. Invariant: the second point comes only
 * once the hours of what was there before are written; until then long ranges read the readings. 3 Core makes a file of
 * each time that it is said, and a question may touch 432: there once a day.
 */
import { formatLine } from '../../history/line-protocol.ts';
import { DAY_MS } from '../copy/compare-copy.ts';
import type { Generation } from '../server/prepare-server.ts';
import { HOUR_MS } from './hourly-form.ts';

const GRAIN_MEASUREMENT = 'siaga_grain';
/** Two days are 48 points; below, a graph of hours says too little. */
const HOURLY_FROM_MS = 48 * HOUR_MS;

export interface GrainLines {
  /** What is to be written at `atMs`, said again every quarter of an hour, for a server that was wiped. */
  linesAt(atMs: number, areHoursComplete: boolean, generation: Generation | undefined): string[];
}

export function createGrainLines(city: string): GrainLines {
  let said = '';
  return {
    linesAt(atMs, areHoursComplete, generation) {
      const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
      const everyMs = generation === 3 ? DAY_MS : HOUR_MS / 4;
      const news = `${Math.floor(atMs / everyMs)} ${areHoursComplete}`;
      if (news === said) return [];
      said = news;
      const fine = formatLine(GRAIN_MEASUREMENT, { city }, { grain: '0', minRangeMs: 0 }, hourMs);
      const coarse = formatLine(
        GRAIN_MEASUREMENT,
        { city },
        { grain: '1', minRangeMs: HOURLY_FROM_MS },
        hourMs + 1,
      );
      return [fine, areHoursComplete ? coarse : undefined].filter((line) => line !== undefined);
    },
  };
}
