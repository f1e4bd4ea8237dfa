/**
 * A device of any kind, by what the kind says of its quantities: numbers that wander, counters that grow, words
 * that change, and a position near its site.
 *
 * For kinds without a behaviour of their own (city-run.ts chooses). Invariant: what it sends is what its kind's
 * `simulated` names, within the ranges given there.
 */
import { deviceKinds } from '../devices/kinds/index.ts';
import type { DeviceSite } from '../devices/site.ts';
import type { Behaviour } from './device/device.ts';
import { between, pick, type Random } from './random.ts';

/** Share of its range by which a number moves from one report to the next. */
const STEP = 0.08;
/** Chance that a word changes with a report. */
const CHANGE_CHANCE = 0.05;

export function createAnyDevice(site: DeviceSite, clock: { now(): number }, random: Random): Behaviour {
  const kind = deviceKinds.get(site.kind);
  if (!kind) throw new Error(`no kind ${site.kind}`);
  const quantities = Object.entries(kind.simulated ?? {});
  const state = new Map<string, number | string>();
  let measuredAt = clock.now();
  return {
    intervalMs: () => kind.reportIntervalS * 1000,
    measure(nowMs) {
      const minutes = (nowMs - measuredAt) / 60_000;
      const earlier = new Map(state);
      measuredAt = nowMs;
      for (const [name, how] of quantities) {
        const before = state.get(name);
        if ('words' in how) {
          if (before === undefined || random() < CHANGE_CHANCE) state.set(name, pick(random, how.words));
        } else if ('perMinute' in how) {
          const grown = Math.round(how.perMinute * minutes * between(random, 0.5, 1.5));
          state.set(name, numberIn(state, name) + grown);
        } else if ('each' in how) {
          const steps = numberIn(state, how.each) - numberIn(earlier, how.each);
          const grown = Array.from({ length: steps }, () => Math.round(between(random, how.from, how.to)));
          state.set(
            name,
            grown.reduce((sum, each) => sum + each, numberIn(state, name)),
          );
        } else {
          const span = how.to - how.from;
          const at = (before as number | undefined) ?? between(random, how.from, how.to);
          const next = Math.min(how.to, Math.max(how.from, at + between(random, -STEP, STEP) * span));
          state.set(name, next);
        }
      }
      return Object.fromEntries([...state].map(([name, value]) => [name, formatValue(name, value, site)]));
    },
  };

  /** Whole where the kind counts; a position is an offset from the site. */
  function formatValue(name: string, value: number | string, { lat, lng }: DeviceSite): number | string {
    if (typeof value === 'string') return value;
    if (name === 'lat') return Number((lat + value).toFixed(6));
    if (name === 'lng') return Number((lng + value).toFixed(6));
    const quantity = kind?.quantities[name];
    const isWhole = quantity?.type === 'counter' || (quantity?.type === 'gauge' && quantity.whole);
    return isWhole ? Math.round(value) : Number(value.toFixed(3));
  }
}

/** 0 before the first. */
function numberIn(state: ReadonlyMap<string, number | string>, name: string): number {
  return (state.get(name) as number | undefined) ?? 0;
}
