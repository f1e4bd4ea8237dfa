/**
 * H3 cells as a map draws them: counted by cell, few enough to be sent, each with its outline.
 *
 * Used by call-heat.ts and coverage-map.ts. Invariants: MAX_LAYER_CELLS at most, since larger cells are taken where
 * there are more; no turn of the event loop works on them for longer than TURN_MS.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cellToBoundary, cellToParent } from 'h3-js';
import type { Point } from '../roads/road-route.ts';

/** Some 0.7 km² a cell: a city of 400 km² has 550. */
export const FINEST_RESOLUTION = 8;
export const MAX_LAYER_CELLS = 1_000;
const TURN_MS = 4;

/** The resolution at which they are few enough; 0 has 122 cells, so that there is one. */
export function fitResolution(cells: Iterable<string>): number {
  let kept = new Set(cells);
  for (let resolution = FINEST_RESOLUTION; ; resolution--) {
    if (kept.size <= MAX_LAYER_CELLS) return resolution;
    kept = new Set([...kept].map((cell) => cellToParent(cell, resolution - 1)));
  }
}

export function atResolution(cell: string, resolution: number): string {
  return resolution === FINEST_RESOLUTION ? cell : cellToParent(cell, resolution);
}

/** Closed, to some metres. */
export function ringOf(cell: string): Point[] {
  const round = (degrees: number) => Math.round(degrees * 1e5) / 1e5;
  return cellToBoundary(cell, true).map(([lng, lat]) => [round(lng as number), round(lat as number)]);
}

/** Asked between parts of a long work: others have their turn when this one has lasted long enough. */
export function createTurns(now: () => number = () => performance.now()): () => Promise<void> | undefined {
  let beganMs = now();
  return () => {
    if (now() - beganMs < TURN_MS) return undefined;
    return nextTurn().then(() => {
      beganMs = now();
    });
  };
}
