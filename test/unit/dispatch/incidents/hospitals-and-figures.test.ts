import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordRejection } from '../../../../fleet/data-health.ts';
import { openDispatchHouse, SCENE, START_MS } from '../../../support/dispatch-house.ts';

const beds = (emergency: number | null, queue: number | null = 0) => ({
  emergency,
  intensive: null,
  ward: null,
  queue,
});

test('destinations: fresh free beds first, then unknown and stale, full last, each with its age and source', async () => {
  await using house = await openDispatchHouse();
  const { hospitals } = house.dispatch;
  const order = () => hospitals.destinations(SCENE, 5).map(({ hospital }) => hospital.id);
  // Nobody has said anything: by time alone, and each says so.
  expect(order()).toEqual(['kariadi', 'tugu', 'wongsonegoro']);
  expect(hospitals.destinations(SCENE, 1)[0]).toMatchObject({
    stale: true,
    reason: 'has never reported its beds: ask before you drive',
  });

  await hospitals.report('kariadi', beds(0), 'telephone', 'desk-1');
  await hospitals.report('wongsonegoro', beds(4, 1), 'api', 'rs-wongsonegoro');
  expect(order()).toEqual(['wongsonegoro', 'tugu', 'kariadi']);
  house.clock.ms += 30 * 60_000;
  expect(hospitals.destinations(SCENE, 1)[0]?.reason).toBe(
    '4 emergency beds free, 1 waiting, 30 min ago by api',
  );
  house.clock.ms += 3 * 3_600_000;
  expect(hospitals.destinations(SCENE, 3).map(({ stale }) => stale)).toEqual([true, true, true]);
  expect(order()).toEqual(['kariadi', 'tugu', 'wongsonegoro']);
});

test('more patients waiting than free beds is full, and what was not said is not 0', async () => {
  await using house = await openDispatchHouse();
  const { hospitals } = house.dispatch;
  await hospitals.report('kariadi', beds(2, 5), 'api', 'x');
  await hospitals.report('tugu', beds(null, null), 'api', 'x');
  await hospitals.report('wongsonegoro', beds(1, null), 'api', 'x');
  const ranked = hospitals.destinations(SCENE, 3);
  expect(ranked.map(({ hospital }) => hospital.id)).toEqual(['wongsonegoro', 'tugu', 'kariadi']);
  expect(ranked[1]?.reason).toBe('emergency beds not said, queue not said, 0 min ago by api');
  expect(ranked[0]?.free).toEqual({ emergency: 1, intensive: null, ward: null, queue: null });
});

test('fewer than none free is none free and overfull, whichever way it came, and ranks last', async () => {
  await using house = await openDispatchHouse();
  const { hospitals } = house.dispatch;
  await hospitals.report('tugu', beds(-1), 'telephone', 'x');
  await house.say('kariadi', { emergencyFree: -3, queue: 4 });
  expect(hospitals.all()).toMatchObject([
    { free: { emergency: 0, queue: 4 }, overfull: true, stale: false },
    { free: { emergency: 0 }, overfull: true },
    { overfull: false },
  ]);
  expect(house.events.at(-1)).toMatchObject({ hospital: 'kariadi', free: { emergency: 0 }, overfull: true });
  const ranked = hospitals.destinations(SCENE, 3);
  expect(ranked[0]?.hospital.id).toBe('wongsonegoro');
  expect(ranked[1]?.reason).toMatch(/^0 emergency beds free, overfull, /);
});

test('a hospital that the roads prove unreachable comes last, whatever its beds, and says so', async () => {
  const roads = {
    junctions: [
      { id: 'scene', ...SCENE },
      { id: 'west', lat: -6.985, lng: 110.355 },
      { id: 'beyond-south', lat: -6.995, lng: 110.407 },
      { id: 'beyond-north', lat: -6.99, lng: 110.407 },
    ],
    roads: [
      { from: 'scene', to: 'west', class: 'primary' },
      { from: 'beyond-south', to: 'beyond-north', class: 'primary' },
    ],
  };
  await using house = await openDispatchHouse({ roads });
  const { hospitals } = house.dispatch;
  await hospitals.report('kariadi', beds(4, 1), 'api', 'x');
  await hospitals.report('tugu', beds(0), 'api', 'x');
  const ranked = hospitals.destinations(SCENE, 3);
  expect(ranked.map(({ hospital }) => hospital.id)).toEqual(['wongsonegoro', 'tugu', 'kariadi']);
  expect(ranked[2]?.reason).toMatch(/^no road leads there; 4 emergency beds free/);
});

test('a report that is refused ends the trust in the one before it, until the next, also over a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-refused-'));
  try {
    const file = join(folder, 'state.db');
    {
      await using house = await openDispatchHouse({ file });
      await house.say('kariadi', { emergencyFree: 4, queue: 0 });
      const health = house.fleet.now('kariadi')?.health;
      if (health) recordRejection(health, 'wrong-type');
      await house.pass(1);
      expect(house.dispatch.hospitals.all()[0]).toMatchObject({ stale: true, refusedAtMs: house.clock.ms });
    }
    await using house = await openDispatchHouse({ file });
    const { hospitals } = house.dispatch;
    expect(hospitals.destinations(SCENE, 3).find(({ hospital }) => hospital.id === 'kariadi')?.reason).toBe(
      '4 emergency beds free, 0 waiting, 0 min ago by mqtt: a later report was refused, ask before you drive',
    );
    await house.pass(10);
    await house.say('kariadi', { emergencyFree: 2 });
    expect(hospitals.all()[0]).toMatchObject({
      free: { emergency: 2 },
      stale: false,
      refusedAtMs: undefined,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an unknown hospital is refused', async () => {
  await using house = await openDispatchHouse();
  await expect(house.dispatch.hospitals.report('nowhere', beds(1), 'api', 'x')).rejects.toMatchObject({
    code: 'unknown-hospital',
  });
});

test('beds come by MQTT as well: at the time they were counted, never over a newer report, the newest when many wait', async () => {
  await using house = await openDispatchHouse();
  const { hospitals } = house.dispatch;
  const now = () => hospitals.all().find(({ hospital }) => hospital.id === 'kariadi');
  await house.say('kariadi', { emergencyFree: 3, queue: 1 }, house.clock.ms - 30_000);
  expect(now()).toMatchObject({
    free: { emergency: 3, intensive: null, ward: null, queue: 1 },
    source: 'mqtt',
    ageS: 30,
    stale: false,
  });
  expect(house.events.at(-1)).toMatchObject({ hospital: 'kariadi', source: 'mqtt' });
  // By telephone, now; then an older count arrives.
  await hospitals.report('kariadi', beds(0), 'telephone', 'desk-1');
  await house.say('kariadi', { emergencyFree: 9 }, house.clock.ms - 10_000);
  expect(now()).toMatchObject({ free: { emergency: 0 }, source: 'telephone' });
  await house.pass(60);
  for (const emergencyFree of [1, 2, 3, 4]) {
    house.clock.ms += 1;
    void house.say('kariadi', { emergencyFree });
  }
  await house.dispatch.settled();
  expect(now()?.free?.emergency).toBe(4);
  const counted = await house.metrics.getSingleMetric('siaga_dispatch_bed_reports_total')?.get();
  const outcomes = Object.fromEntries(
    (counted?.values ?? []).map(({ labels, value }) => [labels['outcome'], value]),
  );
  expect(outcomes).toMatchObject({ older: 1, written: 3, overtaken: 2 });
});

test('a clock that is ahead makes beds no fresher than their receipt', async () => {
  await using house = await openDispatchHouse();
  await house.say('kariadi', { emergencyFree: 3 }, house.clock.ms + 50_000);
  await house.pass(10);
  expect(house.dispatch.hospitals.all()[0]).toMatchObject({ ageS: 10 });
});

test('beds that were acknowledged and not yet worked off when the process ended are there after the restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-beds-'));
  try {
    const file = join(folder, 'state.db');
    const present = [{ device: 'kariadi', values: { emergencyFree: 7 } }];
    {
      await using _before = await openDispatchHouse({ file });
    }
    await using house = await openDispatchHouse({ file, present });
    expect(house.dispatch.hospitals.all()[0]).toMatchObject({ free: { emergency: 7 }, source: 'mqtt' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('figures: the response is that of the first unit on scene, by day in local time and by kecamatan, against 15 minutes', async () => {
  await using house = await openDispatchHouse({ units: 6 });
  const { dispatch, clock } = house;
  const serve = async (unit: string, responseS: number, more: object = {}) => {
    const incident = await house.report(more);
    const { assignment } = await house.assign(incident, unit, { forceReason: 'a test' });
    clock.ms += responseS * 1_000;
    await dispatch.advance({ assignment: assignment.id, to: 'on-scene', actor: 'd' });
    clock.ms += 100_000;
    await dispatch.advance({ assignment: assignment.id, to: 'completed', actor: 'd' });
    return incident;
  };
  await serve('u1', 300);
  await serve('u2', 500, { lat: -7.05, lng: 110.45 });
  // 00:10 of the 16th in Jakarta is 17:10 UTC of the 15th.
  clock.ms = Date.UTC(2026, 0, 15, 17, 10);
  await serve('u3', 1_200);
  await serve('u4', 10, { simulated: true });
  // Cancelled before anybody arrived: no response time, and counted as missing.
  const { assignment } = await house.assign(await house.report(), 'u5', { forceReason: 'a test' });
  await dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });

  const figures = await dispatch.figures({
    fromMs: START_MS,
    toMs: clock.ms + 1,
    timeZone: 'Asia/Jakarta',
    simulated: false,
  });
  expect(figures.incidents).toBe(4);
  expect(figures.response).toEqual({
    count: 3,
    missing: 1,
    p50S: 500,
    p90S: 1200,
    maxS: 1200,
    withinTarget: 2 / 3,
  });
  expect(figures.byDay).toMatchObject([
    { day: '2026-01-15', count: 2, withinTarget: 1 },
    { day: '2026-01-16', count: 1, missing: 1, withinTarget: 0 },
  ]);
  expect(figures.byKecamatan).toMatchObject([
    { kecamatan: 'tengah', count: 2, missing: 1 },
    { kecamatan: 'tembalang', count: 1, p50S: 500 },
  ]);
  expect(figures.steps['callToAssigned']).toMatchObject({ count: 4, missing: 0, maxS: 0 });
  expect(figures.steps['assignedToAcknowledged']).toMatchObject({ count: 0, missing: 4, p50S: null });
  expect(figures.utilisation.find(({ unit }) => unit === 'u3')).toMatchObject({
    assignments: 1,
    busyS: 1_300,
  });
  const drills = await dispatch.figures({
    fromMs: START_MS,
    toMs: clock.ms + 1,
    timeZone: 'UTC',
    simulated: true,
  });
  expect(drills).toMatchObject({ incidents: 1, response: { count: 1, p50S: 10 } });
});
