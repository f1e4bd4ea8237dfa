/**
 * Property: whatever a gauge and its link do (order, repetition, drop-outs to any value, a wrong clock, restarts of ours),
 * no alert ends whose river is still high, and none stands whose river never was.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Alert } from '../../alerts/alert.ts';
import { AlertEngine } from '../../alerts/judgement/engine.ts';
import { Lifecycle } from '../../alerts/lifecycle/lifecycle.ts';
import { trackRules } from '../../alerts/rules/index.ts';
import type { Reading } from '../../devices/reading.ts';
import type { Registry } from '../../fleet/registry.ts';
import { readingOf, START_MS } from '../support/alert-house.ts';
import { smallCity } from '../support/small-city.ts';

const GAUGE = 'bendung';
const EVERY_MS = 60_000;
const HOUR = 3_600_000;
/** Readings may overtake each other by this: less than the watermark of 120 s. */
const SHUFFLE_MS = 100_000;
const CALM_ROWS = 110;
const RISE_ROWS = 30;
const FAULTY_ROWS = 120;

const registry: Registry = {
  city: 'semarang',
  find: (id) => {
    const site = smallCity.devices.find((each) => each.id === id);
    return site && { id, kind: site.kind, name: site.name, lat: site.lat, lng: site.lng, site };
  },
  all: () => [],
  gateways: () => [],
  reload: async () => undefined,
};

function openEngine() {
  const city = { id: 'semarang', timeZone: 'Asia/Jakarta', uplinks: [] };
  return new AlertEngine({ city, registry, rules: trackRules, overrides: [] });
}

/** Alerts about the level after all arrivals; after each crash engine and lifecycle are restored from JSON. */
function judge(arrivals: readonly Reading[], crashes: ReadonlySet<number>): Alert[] {
  let engine = openEngine();
  let lifecycle = new Lifecycle({ city: 'semarang' });
  const alerts = new Map<string, Alert>();
  engine.listen(START_MS);
  for (const [index, reading] of arrivals.entries()) {
    for (const change of engine.takeReading(reading)) lifecycle.apply(change);
    for (const alert of lifecycle.touched.values()) alerts.set(alert.id, alert);
    if (!crashes.has(index)) continue;
    const saved = JSON.parse(
      JSON.stringify({ device: engine.saveDevice(GAUGE), alerts: [...alerts.values()] }),
    );
    engine = openEngine();
    engine.restore([[GAUGE, saved.device]], []);
    engine.listen(reading.receivedAt);
    lifecycle = new Lifecycle({ city: 'semarang' });
    const restored = saved.alerts as Alert[];
    lifecycle.restore(
      restored.filter((alert) => alert.closedAt === undefined),
      restored.filter((alert) => alert.closedAt !== undefined),
    );
  }
  return [...alerts.values()].filter(({ rule }) => rule === 'river-level');
}

/** What goes wrong from a row on. */
interface Fault {
  readonly row: number;
  readonly rows: number;
  /** What the sensor says; undefined where it is right. */
  readonly levelM: number | undefined;
  /** What it says in every other row. */
  readonly otherM: number | undefined;
  readonly clockMs: number;
}

const cm = (min: number, max: number) => fc.integer({ min, max }).map((each) => each / 100);
const clockMs = fc.constantFrom(0, 0, 0, 7 * HOUR, -7 * HOUR, 3 * EVERY_MS, -40 * EVERY_MS);

/** `highestM`: what a failing sensor says at most. */
function mishaps(highestM: number) {
  const levelM = cm(-200, highestM * 100);
  const fault: fc.Arbitrary<Fault> = fc.record({
    row: fc.integer({ min: 0, max: FAULTY_ROWS - 1 }),
    rows: fc.integer({ min: 1, max: 20 }),
    levelM: fc.option(levelM, { nil: undefined }),
    otherM: fc.option(levelM, { nil: undefined }),
    clockMs,
  });
  return fc.record({
    faults: fc.array(fault, { maxLength: 6 }),
    delays: fc.array(fc.integer({ min: 0, max: SHUFFLE_MS }), { minLength: 40, maxLength: 40 }),
    repeats: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 40, maxLength: 40 }),
    crashes: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 4 }),
  });
}

interface Mishaps {
  readonly faults: readonly Fault[];
  readonly delays: readonly number[];
  readonly repeats: readonly number[];
}

/** The levels of a river as they arrive; what goes wrong begins at the row `from`. */
function arrive(levels: readonly number[], from: number, { faults, delays, repeats }: Mishaps): Reading[] {
  return levels
    .flatMap((riverM, row) => {
      const atMs = START_MS + row * EVERY_MS;
      if (row < from) return [readingOf(GAUGE, atMs, { levelM: riverM })];
      const fault = faults.find((each) => row - from >= each.row && row - from < each.row + each.rows);
      const isOther = fault !== undefined && (row - from - fault.row) % 2 === 1;
      const levelM = (isOther ? (fault.otherM ?? fault.levelM) : fault?.levelM) ?? riverM;
      return Array.from({ length: 1 + (repeats[row % 40] ?? 0) }, (_, again) => {
        const receivedAt = atMs + (delays[(row + 7 * again) % 40] ?? 0);
        return readingOf(GAUGE, atMs + (fault?.clockMs ?? 0), { levelM }, { receivedAt });
      });
    })
    .sort((a, b) => a.receivedAt - b.receivedAt);
}

const calm = (rows: number) => Array.from({ length: rows }, (_, row) => 1 + (row % 7) / 100);

test('no alert ends whose river is still high', () => {
  const rise = Array.from({ length: RISE_ROWS }, (_, row) => 1 + (2.4 * (row + 1)) / RISE_ROWS);
  const high = Array.from({ length: FAULTY_ROWS + 20 }, (_, row) => 3.4 - (row % 5) / 100);
  const river = [...calm(CALM_ROWS), ...rise, ...high];
  fc.assert(
    fc.property(mishaps(1.39), (all) => {
      const arrivals = arrive(river, CALM_ROWS + RISE_ROWS + 5, all);
      const found = judge(arrivals, new Set(all.crashes));
      expect(found.map(({ state, severity }) => ({ state, severity }))).toEqual([
        { state: 'open', severity: 'extreme' },
      ]);
    }),
    { numRuns: 150 },
  );
});

const none = (count: number) => Array.from({ length: count }, () => 0);
const DROP_OUTS_AND_A_SPIKE = {
  faults: [
    { row: 0, rows: 16, levelM: -0.89, otherM: -1.46, clockMs: 0 },
    { row: 80, rows: 20, levelM: 0, otherM: -0.36, clockMs: 0 },
  ],
  ...{ delays: none(40), repeats: none(40), crashes: [] },
};

test('no alert stands whose river never was high, be its gauge wrong downwards or for one reading upwards', () => {
  const river = calm(CALM_ROWS + FAULTY_ROWS);
  fc.assert(
    fc.property(mishaps(0.99), cm(150, 600), (all, spikeM) => {
      const levels = river.map((levelM, row) => (row % 60 === 30 ? spikeM : levelM));
      // A spike that is repeated under a wrong clock has two times of receipt, and is two readings: clocks are right here.
      const faults = all.faults.map((fault) => ({ ...fault, clockMs: 0 }));
      const arrivals = arrive(levels, CALM_ROWS, { ...all, faults });
      const found = judge(arrivals, new Set(all.crashes));
      for (const { state } of found) expect(state).toBe('withdrawn');
    }),
    // Dozens of drop-outs moved the ordinary level, from which the fall back of a spike is measured.
    { numRuns: 150, examples: [[DROP_OUTS_AND_A_SPIKE, 1.5]] },
  );
});
