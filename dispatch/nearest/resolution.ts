/**
 * Which H3 resolution a fleet of some size and spread is searched fastest at.
 *
 * Asked by unit-index.ts when it builds its grid. Invariant: every answer lies between COARSEST and FINEST.
 */

/** Units in an occupied cell, at which a query is fastest, and the bounds that make a rebuild pay. */
const AIM_PER_CELL = 10;
export const MIN_PER_CELL = 2;
export const MAX_PER_CELL = 30;
/** Finer than r11 (25 m) tells nothing of a vehicle; coarser than r1 does not occur above 300 units. */
export const FINEST = 11;
export const COARSEST = 1;

/** Where the search for a resolution starts: r7 at 1,000 units of one city, r10 at 1,000,000. */
export function firstResolution(size: number): number {
  return Math.min(FINEST, Math.max(COARSEST, Math.round(4 + Math.log10(size))));
}

/** A resolution up or down changes the units in a cell by 7. */
export function nextResolution(resolution: number, perCell: number): number {
  const step =
    Math.round(Math.log(perCell / AIM_PER_CELL) / Math.log(7)) || Math.sign(perCell - AIM_PER_CELL);
  return Math.min(FINEST, Math.max(COARSEST, resolution + step));
}
