/** A change of thresholds or parameters, tried over stored history before it is saved. */
import { Registry as Metrics } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findParameterProblems } from '../../alerts/open-alerts.ts';
import { createBacktestRuns } from '../../api/alerts/backtest-runs.ts';
import { changeTrialRoutes } from '../../api/city/change-trials.ts';
import type { Database } from '../../database/database.ts';
import { type LiveRegistry, openRegistry } from '../../fleet/registry.ts';
import type { HistoryPoint, RawQuery } from '../../history/history.ts';
import { openTestApi, START_MS, type TestApi } from '../support/api.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { smallCity } from '../support/small-city.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
let database: Database;
let registry: LiveRegistry;
let api: TestApi;
let token: string;
/** Of every device that is asked for. */
let stored: HistoryPoint[];

beforeEach(async () => {
  stored = [];
  database = await openMemoryDatabase();
  registry = await openRegistry(smallCity, database, findParameterProblems);
  // Pages of the port, whatever is asked; found by halves, for one test stores 300,000.
  const raw = async ({ fromMs, toMs, limit }: RawQuery) => {
    let from = 0;
    for (let end = stored.length; from < end; ) {
      const middle = (from + end) >> 1;
      if ((stored[middle] as HistoryPoint).atMs < fromMs) from = middle + 1;
      else end = middle;
    }
    const page = stored.slice(from, from + limit + 1).filter(({ atMs }) => atMs < toMs);
    const next = page[limit];
    return { points: page.slice(0, limit), ...(next ? { nextFromMs: next.atMs } : {}) };
  };
  const runs = createBacktestRuns(new Metrics());
  api = await openTestApi({
    routes: [changeTrialRoutes({ registry, history: { raw }, runs, now: () => START_MS })],
  });
  token = await api.tokenFor('engineer');
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await database.destroy();
});

const ask = (body: object) => api.call('POST', '/v1/backtests/changes', token, body);

/** A wave a day, 2 h long, of these heights; a reading every ten minutes, until now. */
function storeWaves(...heightsM: number[]): void {
  const from = START_MS - heightsM.length * DAY;
  stored = heightsM.flatMap((heightM, day) =>
    Array.from({ length: 144 }, (_, slot) => {
      const share = Math.max(0, Math.sin((Math.PI * (slot - 60)) / 24));
      const inWave = slot >= 60 && slot <= 84;
      const levelM = Number((1 + (inWave ? share * (heightM - 1) : 0)).toFixed(3));
      return { atMs: from + day * DAY + slot * 10 * MINUTE, values: { levelM } };
    }),
  );
}

function gaugeWith(lowestM: number): object {
  const gauge = registry.state.findNow('devices', 'bendung') as { thresholds: { levelM: number }[] };
  return {
    ...gauge,
    thresholds: gauge.thresholds.map((step, index) => (index === 0 ? { ...step, levelM: lowestM } : step)),
  };
}

test('a lower threshold would have raised more alerts: those of before beside those of after', async () => {
  storeWaves(1.3, 1.35, 1.8, 2.3, 1.2);
  const answer = await ask({ list: 'devices', id: 'bendung', entry: gaugeWith(1.27), days: 90 });
  expect(answer.statusCode, answer.body).toBe(200);
  const told = answer.json();
  expect(told).toMatchObject({ days: 90, devices: 1, readings: 5 * 144, leftOut: 0 });
  expect(told.rules).toContainEqual({ rule: 'river-level', before: 2, after: 4 });
  const levels = told.alerts.filter((each: { rule: string }) => each.rule === 'river-level');
  expect(levels.map((each: { before: object | null }) => each.before !== null)).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(levels[3].before.highestSeverity).toBe('moderate');
  // With the lower step the same flood begins earlier and is no higher.
  expect(levels[3].after.highestSeverity).toBe('moderate');
  expect(Date.parse(levels[3].after.startedAt)).toBeLessThan(Date.parse(levels[3].before.startedAt));
  expect(levels[3].before.endedAt).not.toBeNull();
  expect(registry.state.revision).toBe(0);
});

test('the same entry would have changed nothing', async () => {
  storeWaves(1.3, 1.8, 2.3);
  const entry = registry.state.findNow('devices', 'bendung') as object;
  const told = (await ask({ list: 'devices', id: 'bendung', entry })).json();
  expect(told.before).toBe(told.after);
  for (const { before, after } of told.alerts) expect(after).toEqual(before);
  expect(told.before).toBeGreaterThan(0);
});

test('parameters are tried on every device that they are for, and a rule that is switched off raises nothing', async () => {
  storeWaves(1.3, 1.8, 2.3);
  const gauges = smallCity.devices.filter(({ kind }) => kind === 'river-gauge').length;
  const off = { rule: 'river-level', enabled: false };
  const all = (await ask({ list: 'alertRules', id: 'river-level', entry: off })).json();
  expect(all.devices).toBe(gauges);
  expect(all.rules.find(({ rule }: { rule: string }) => rule === 'river-level').after).toBe(0);
  const one = { ...off, device: 'bendung' };
  const told = (await ask({ list: 'alertRules', id: 'river-level.device.bendung', entry: one })).json();
  expect(told).toMatchObject({ devices: 1 });
  // The removal of what was never said is no trial.
  const gone = await ask({ list: 'alertRules', id: 'river-level.device.bendung', entry: null });
  expect(gone.json()).toMatchObject({ status: 422, type: 'urn:siaga:problem:nothing-to-try' });
});

test('what the city would refuse is refused by the sentences of check, and what says nothing is no trial', async () => {
  const wrong = await ask({ list: 'devices', id: 'bendung', entry: gaugeWith(2.5) });
  expect(wrong.json()).toMatchObject({
    status: 422,
    problems: [{ entry: 'devices.bendung', reason: 'thresholds must ascend' }],
  });
  const rule = { rule: 'river-level', parameters: { jumpShar: 1 } };
  const unknown = await ask({ list: 'alertRules', id: 'river-level', entry: rule });
  expect(unknown.json().detail).toMatch(/river-level has no parameter jumpShar/);
  const river = { id: 'bkb', name: 'Other' };
  expect((await ask({ list: 'rivers', id: 'bkb', entry: river })).statusCode).toBe(422);
  expect((await api.call('POST', '/v1/backtests/changes', await api.tokenFor('desk'), {})).statusCode).toBe(
    403,
  );
});

test('more readings than the bound are refused, and the third run at once waits for none', async () => {
  stored = Array.from({ length: 300_500 }, (_, index) => ({
    atMs: START_MS - (300_500 - index) * 10_000,
    values: { clients: 1 },
  }));
  const entry = { ...(registry.state.findNow('devices', 'ap-1') as object), capacityClients: 5 };
  const much = { list: 'devices', id: 'ap-1', entry };
  const answers = await Promise.all([ask(much), ask(much), ask(much)]);
  const statuses = answers.map(({ statusCode }) => statusCode);
  expect(statuses.toSorted()).toEqual([413, 413, 503]);
  const refused = answers.find(({ statusCode }) => statusCode === 503);
  expect(refused?.headers['retry-after']).toBe('5');
}, 120_000);
