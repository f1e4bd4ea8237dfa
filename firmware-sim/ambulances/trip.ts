/**
 * A drive along a way, in time: where the unit is after so many seconds, how fast, and in which direction.
 *
 * Traffic is chance: each stretch is driven at a share of its speed, and at some of its junctions the unit
 * stops. Invariant: the position is always on the way, and a finished trip stands exactly at its end.
 */

import { distanceM, type Position } from '../../cities/great-circle.ts';
import { between, type Random } from '../random.ts';
import { bearingDeg, pointBetween } from './position.ts';
import type { Stretch } from './road-map.ts';

/** Chance to stop at the end of a stretch, and for how long. */
const STOP_CHANCE = 0.25;
const STOP_S = [3, 25] as const;
const TRAFFIC = [0.75, 1.05] as const;

export interface Motion {
  readonly position: Position;
  readonly speedMps: number;
  readonly headingDeg: number;
}

interface Leg {
  readonly from: Position;
  readonly to: Position;
  readonly speedMps: number;
  /** Seconds from the start of the trip. */
  readonly departsS: number;
  readonly arrivesS: number;
}

export interface Trip {
  readonly lengthM: number;
  readonly durationS: number;
  at(elapsedS: number): Motion;
}

export function createTrip(from: Position, way: readonly Stretch[], random: Random): Trip {
  const legs: Leg[] = [];
  let position = from;
  let atS = 0;
  let lengthM = 0;
  for (const stretch of way) {
    const legM = distanceM(position, stretch.to);
    if (legM === 0) continue;
    const speedMps = stretch.speedMps * between(random, ...TRAFFIC);
    const arrivesS = atS + legM / speedMps;
    legs.push({ from: position, to: stretch.to, speedMps, departsS: atS, arrivesS });
    lengthM += legM;
    position = stretch.to;
    atS = arrivesS + (random() < STOP_CHANCE ? between(random, ...STOP_S) : 0);
  }
  const durationS = legs.at(-1)?.arrivesS ?? 0;
  return {
    lengthM,
    durationS,
    at(elapsedS) {
      const leg = legs.findLast((each) => each.departsS <= elapsedS);
      if (!leg) return { position: from, speedMps: 0, headingDeg: 0 };
      const headingDeg = bearingDeg(leg.from, leg.to);
      if (elapsedS >= leg.arrivesS) return { position: leg.to, speedMps: 0, headingDeg };
      const share = (elapsedS - leg.departsS) / (leg.arrivesS - leg.departsS);
      return { position: pointBetween(leg.from, leg.to, share), speedMps: leg.speedMps, headingDeg };
    },
  };
}
