/**
 * Property: for any order of arrival within the watermark, any repetition and any crash points, the final
 * alerts equal those of the ordered run.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Alert } from '../../alerts/alert.ts';
import { AlertEngine } from '../../alerts/judgement/engine.ts';
import { Lifecycle } from '../../alerts/lifecycle/lifecycle.ts';
import { adoptRecords, type RebuildOptions, recallReadings } from '../../alerts/record/rebuild.ts';
import { trackRules } from '../../alerts/rules/index.ts';
import type { Reading } from '../../devices/reading.ts';
import type { Registry } from '../../fleet/registry.ts';
import { readingOf, START_MS } from '../support/alert-house.ts';
import { countRuns } from '../support/property-runs.ts';
import { smallCity } from '../support/small-city.ts';

const EVERY_MS = 10_000;
/** Readings may overtake each other by this: less than the watermark of 120 s. */
const SHUFFLE_MS = 100_000;

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
  return new AlertEngine({
    city: { id: 'semarang', timeZone: 'Asia/Jakarta', uplinks: [] },
    registry,
    rules: trackRules,
    overrides: [],
  });
}

interface Outcome {
  readonly rule: string;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly state: string;
  readonly highestSeverity: string;
}

/** Runs arrivals through engine and lifecycle; at each crash both are saved as JSON and restored. */
function run(arrivals: readonly Reading[], crashes: ReadonlySet<number>): Outcome[] {
  let engine = openEngine();
  let lifecycle = new Lifecycle({ city: 'semarang' });
  const alerts = new Map<string, Alert>();
  engine.listen(START_MS);
  for (const [index, reading] of arrivals.entries()) {
    for (const change of engine.takeReading(reading)) lifecycle.apply(change);
    for (const alert of lifecycle.touched.values()) alerts.set(alert.id, alert);
    if (!crashes.has(index)) continue;
    const saved = JSON.parse(
      JSON.stringify({ device: engine.watches.save('hulu'), alerts: [...alerts.values()] }),
    );
    engine = openEngine();
    engine.restore([['hulu', saved.device]], []);
    engine.listen(START_MS);
    lifecycle = new Lifecycle({ city: 'semarang' });
    const restored = saved.alerts as Alert[];
    alerts.clear();
    for (const alert of restored) alerts.set(alert.id, alert);
    lifecycle.restore(
      restored.filter((alert) => alert.closedAt === undefined),
      restored.filter((alert) => alert.closedAt !== undefined),
    );
  }
  return outcomesOf(alerts);
}

/** The same; at each crash the engine's state is lost, and only the alerts and the arrivals so far are left. */
async function runRebuilding(arrivals: readonly Reading[], crashes: ReadonlySet<number>): Promise<Outcome[]> {
  let engine = openEngine();
  let lifecycle = new Lifecycle({ city: 'semarang' });
  const alerts = new Map<string, Alert>();
  const entries = arrivals.map((reading, index) => ({ id: index + 1, reading }));
  engine.listen(START_MS);
  for (const { id, reading } of entries) {
    for (const change of engine.takeReading(reading)) lifecycle.apply(change);
    for (const alert of lifecycle.touched.values()) alerts.set(alert.id, alert);
    if (!crashes.has(id - 1)) continue;
    engine = openEngine();
    lifecycle = new Lifecycle({ city: 'semarang' });
    const saved = JSON.parse(JSON.stringify([...alerts.values()])) as Alert[];
    const options: RebuildOptions = {
      engine,
      journal: {
        readAfter: async (afterId, limit) => entries.slice(afterId, afterId + limit),
        latest: async () => [],
      },
      trackRules: new Set(trackRules.map(({ name }) => name)),
      open: saved.filter((alert) => alert.closedAt === undefined),
      recent: saved.filter((alert) => alert.closedAt !== undefined),
      cursor: id,
      nowMs: reading.receivedAt,
    };
    await recallReadings(options);
    adoptRecords(options);
    engine.listen(START_MS);
    alerts.clear();
    for (const alert of saved) alerts.set(alert.id, alert);
    lifecycle.restore(options.open, options.recent);
  }
  return outcomesOf(alerts);
}

function outcomesOf(alerts: ReadonlyMap<string, Alert>): Outcome[] {
  return [...alerts.values()]
    .filter((alert) => alert.state !== 'withdrawn')
    .map(({ rule, startedAt, endedAt, state, highestSeverity }) => ({
      rule,
      startedAt,
      endedAt,
      state,
      highestSeverity,
    }))
    .sort((a, b) => a.startedAt - b.startedAt || (a.rule < b.rule ? -1 : 1));
}

/** Levels that wander over the ladder, with jumps, spikes and repeats. */
const levels = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -12, max: 14 }) },
      { weight: 1, arbitrary: fc.integer({ min: -150, max: 150 }) },
    ),
    { minLength: 5, maxLength: 60 },
  )
  .map((steps) => {
    let cm = 130;
    return steps.map((step) => {
      cm = Math.min(560, Math.max(20, cm + step));
      return cm / 100;
    });
  });

const arrival = fc.record({
  levels,
  delays: fc.array(fc.integer({ min: 0, max: SHUFFLE_MS }), { minLength: 60, maxLength: 60 }),
  repeats: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 60, maxLength: 60 }),
  crashes: fc.array(fc.integer({ min: 0, max: 119 }), { maxLength: 4 }),
});

test('final alerts do not depend on order within the watermark, repetition or crashes', () => {
  fc.assert(
    fc.property(arrival, ({ levels: heights, delays, repeats, crashes }) => {
      // The last reading says that all earlier ones have had their time.
      const ordered = heights.map((levelM, index) =>
        readingOf('hulu', START_MS + index * EVERY_MS, { levelM }),
      );
      const shuffled = ordered
        .flatMap((reading, index) =>
          Array.from({ length: 1 + (repeats[index] ?? 0) }, (_, again) => ({
            reading,
            arrivesAt: reading.measuredAt + ((delays[(index + again * 7) % 60] ?? 0) % SHUFFLE_MS),
          })),
        )
        .sort((a, b) => a.arrivesAt - b.arrivesAt)
        .map(({ reading, arrivesAt }) => ({ ...reading, receivedAt: arrivesAt }));
      expect(run(shuffled, new Set(crashes))).toEqual(run(ordered, new Set()));
    }),
    { numRuns: countRuns(1500) },
  );
});

test('readings that come again in another order say nothing of a clock', () => {
  const came = [0, 20, 30, 10, 40, 30, 20, 50, 40, 50];
  const afterMs = [0, 0, 0, 35_000, 5_001, 25_001, 61_177, 31_177, 88_369, 89_993];
  const arrivals = came.map((s, index) => {
    const measuredAt = START_MS + s * 1_000;
    const receivedAt = measuredAt + (afterMs[index] as number);
    return { ...readingOf('hulu', measuredAt, { levelM: 1.3 }), receivedAt };
  });
  expect(run(arrivals, new Set())).toEqual([]);
});

test('a crash after any reading changes nothing in the ordered run', () => {
  fc.assert(
    fc.property(levels, fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 10 }), (heights, crashes) => {
      const ordered = heights.map((levelM, index) =>
        readingOf('hulu', START_MS + index * EVERY_MS, { levelM }),
      );
      expect(run(ordered, new Set(crashes))).toEqual(run(ordered, new Set()));
    }),
    { numRuns: countRuns(200) },
  );
});

/** A jump that its next reading in time took back before anybody was told; what lay between came after a rebuild. */
const claimThatStoodAfterAll = {
  levels: [1.3, 1.3, 1.3, 1.3, 1.3, 1.61, 1.61, 1.61, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4],
  delays: [0, 0, 0, 0, 0, 36_393, 26_393, 30_004],
  crashes: [6],
};

test('an alert is raised after a rebuild where readings that came late uphold a jump that seemed a spike', async () => {
  const arrivals = delayed(claimThatStoodAfterAll);
  const rebuilt = await runRebuilding(arrivals, new Set(claimThatStoodAfterAll.crashes));
  expect(rebuilt).toMatchObject([{ rule: 'river-level', state: 'resolved', highestSeverity: 'minor' }]);
  expect(rebuilt).toEqual(run(arrivals, new Set()));
});

test('an engine that is rebuilt from the journal at any point ends with the same alerts', async () => {
  await fc.assert(
    fc.asyncProperty(arrival, async ({ levels: heights, delays, crashes }) => {
      const arrivals = delayed({ levels: heights, delays });
      const rebuilt = await runRebuilding(arrivals, new Set(crashes));
      expect(rebuilt).toEqual(run(arrivals, new Set()));
    }),
    { numRuns: countRuns(300) },
  );
});

/** One jump is taken back and the same reading is another one; in the order of arrival it ended for a moment. */
const claimAfterClaim = {
  levels: [1.24, 1.24, 1.24, 1.13, 2.27, 2.28, 1.55, 1.49],
  delays: [0, 0, 0, 0, 0, 0, 22_775],
};

test('an alert that a late reading raises again is provisional where it is still a mere claim', () => {
  const inOrder = run(delayed({ ...claimAfterClaim, delays: [] }), new Set());
  const [level] = inOrder.filter(({ rule }) => rule === 'river-level');
  expect(level).toMatchObject({ state: 'provisional', highestSeverity: 'minor' });
  expect(run(delayed(claimAfterClaim), new Set())).toEqual(inOrder);
});

/** Readings in the order of their arrival. */
function delayed(given: {
  readonly levels: readonly number[];
  readonly delays: readonly number[];
}): Reading[] {
  return given.levels
    .map((levelM, index) => {
      const atMs = START_MS + index * EVERY_MS;
      const receivedAt = atMs + ((given.delays[index] ?? 0) % SHUFFLE_MS);
      return readingOf('hulu', atMs, { levelM }, { receivedAt });
    })
    .sort((a, b) => a.receivedAt - b.receivedAt);
}
