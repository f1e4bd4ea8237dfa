/**
 * How many examples a property is tried with: a quarter of them in the quick run, all in the full one, which says so by
 * PROPERTY_RUNS (vitest.config.ts).
 */
const QUICK_SHARE = 0.25;

export function countRuns(all: number): number {
  return process.env['PROPERTY_RUNS'] === 'all' ? all : Math.ceil(all * QUICK_SHARE);
}
