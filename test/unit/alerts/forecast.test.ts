/** What a forecast says beside its words. */
import { describe, expect, test } from 'vitest';
import { runBacktest } from '../../../backtest/backtest.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import { buildReport } from '../../../backtest/report.ts';
import { type AlertHouse, openAlertHouse, readingOf } from '../../support/alert-house.ts';

const START_MS = Date.UTC(2026, 0, 15);

test.each([
  ['minor=1.5,moderate=2,extreme=3', 'minor', 1.5],
  ['moderate=1.5,severe=2,extreme=3', 'moderate', 1.5],
  ['severe=1.5', 'severe', 1.5],
  ['extreme=1.5', 'extreme', 1.5],
])(
  'a forecast on the ladder %s says the severity of the threshold itself: %s',
  (thresholds, severity, targetM) => {
    const gauge = parseGauge({ id: 'river', thresholds, unit: 'm', hysteresisM: 0.1 });
    const points = Array.from({ length: 24 }, (_, index) => ({
      atMs: START_MS + index * 300_000,
      levelM: Number((1 + Math.max(0, index - 12) * 0.03).toFixed(2)),
    }));
    const forecasts = runBacktest({ gauge, points }).alerts.filter(
      ({ rule }) => rule === 'time-to-threshold',
    );
    expect(forecasts[0]?.detail).toMatchObject({ severity, targetM });
  },
);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A river that rises for six hours each second day, to 2.6 m, and rests at 1 m. */
function storms(intervalMs: number, untilMs: number): { atMs: number; levelM: number }[] {
  const points = [];
  for (let ms = 0; ms < untilMs; ms += intervalMs) {
    const hours = (ms % (48 * HOUR)) / HOUR - 24;
    const x = hours > 0 ? hours / 6 : 0;
    points.push({ atMs: START_MS + ms, levelM: Number((1 + 1.6 * (x * Math.exp(1 - x)) ** 2).toFixed(3)) });
  }
  return points;
}

const stormGauge = parseGauge({ id: 'river', thresholds: '2,2.4,3', unit: 'm', hysteresisM: 0.1 });

test.each([5_000, MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR])(
  'a gauge that reports each %d ms foretells its second flood an hour ahead, and ends that when it is there',
  (intervalMs) => {
    const points = storms(intervalMs, 80 * HOUR);
    const run = runBacktest({ gauge: stormGauge, points });
    const claims = buildReport(stormGauge, { points, unreadable: 0, repeated: 0, notes: [] }, run).claims;
    const second = START_MS + 48 * HOUR;
    const crossed = points.find(({ atMs, levelM }) => atMs > second && levelM >= 2)?.atMs ?? 0;
    const claim = claims.find((each) => each.levelM === 2 && each.since > second);
    expect(claim?.reached).toBe(true);
    expect(claim?.until).toBe(crossed);
    expect(crossed - (claim?.since ?? crossed)).toBeGreaterThanOrEqual(HOUR);
  },
);

test('nothing is foretold after the peak', () => {
  const points = storms(10 * MINUTE, 240 * HOUR);
  const run = runBacktest({ gauge: stormGauge, points });
  const claims = buildReport(stormGauge, { points, unreadable: 0, repeated: 0, notes: [] }, run).claims;
  expect(claims.length).toBeGreaterThan(4);
  for (const { since } of claims) {
    const hours = ((since - START_MS) % (48 * HOUR)) / HOUR;
    expect(hours, `claimed at hour ${hours}: the wave begins at 24 and is highest at 30`).toBeLessThan(30);
    expect(hours).toBeGreaterThan(24);
  }
});

test('a forecast says how probable it is, when it will be there, and is renewed', () => {
  const run = runBacktest({ gauge: stormGauge, points: storms(10 * MINUTE, 80 * HOUR) });
  const said = run.changes.filter(
    ({ rule, change }) => rule === 'time-to-threshold' && change !== 'resolved',
  );
  expect(said.map(({ change }) => change)).toContain('updated');
  for (const { prediction, atMs } of said) {
    const {
      probabilityPct = 0,
      likelyMin = 0,
      soonestMin = 0,
      latestMin = 0,
      claims = [],
    } = prediction ?? {};
    expect(probabilityPct).toBeGreaterThanOrEqual(10);
    expect(probabilityPct).toBeLessThanOrEqual(100);
    expect(soonestMin).toBeLessThanOrEqual(likelyMin);
    expect(likelyMin).toBeLessThanOrEqual(latestMin);
    for (const { likelyAtMs = 0 } of claims) expect(likelyAtMs).toBeGreaterThanOrEqual(atMs);
  }
});

describe('a forecast whose gauge sends nothing more', () => {
  const rising = storms(10 * MINUTE, 80 * HOUR).filter(
    ({ atMs }) => atMs <= START_MS + 48 * HOUR + 26.2 * HOUR,
  );

  test('ends when the gauge is silent, and says since when', async () => {
    const house = await playHouse(rising);
    await using _house = house;
    const [open] = house.alerts.open().filter(({ rule }) => rule === 'time-to-threshold');
    expect(open?.state).toBe('open');
    await house.wait(50 * MINUTE, MINUTE);
    const ended = await house.alerts.find(open?.id ?? '');
    expect(ended).toMatchObject({ state: 'resolved', detail: { endedBecause: 'silent' } });
    expect(ended?.text.en).toMatch(
      /no level since \d\d:\d\d, when it was \d\.\d\d m\. Whether it still rises is not known/,
    );
    expect(ended?.text.id).toMatch(/tidak ada data muka air sejak pukul \d\d\.\d\d/);
  });

  test('begins again under another alert when the gauge is back and still rises', async () => {
    const house = await playHouse(rising);
    await using _house = house;
    const [first] = house.alerts.open().filter(({ rule }) => rule === 'time-to-threshold');
    await house.wait(50 * MINUTE, MINUTE);
    await house.read(readingOf('hulu', house.clock.ms, { levelM: (rising.at(-1)?.levelM ?? 0) + 0.2 }));
    const again = house.alerts.open().filter(({ rule }) => rule === 'time-to-threshold');
    expect(again).toHaveLength(1);
    expect(again[0]?.id).not.toBe(first?.id);
  });

  test('a restart changes nothing of it', async () => {
    const house = await playHouse(rising);
    await using _house = house;
    const forecasts = () =>
      house.alerts
        .open()
        .flatMap(({ rule, id, text }) => (rule === 'time-to-threshold' ? [{ id, text }] : []));
    const before = forecasts();
    expect(before).toHaveLength(1);
    await house.crash();
    await house.wait(2_000);
    expect(forecasts()).toEqual(before);
  });
});

test('what was learnt survives another version of the rule', async () => {
  const house = await playHouse(storms(10 * MINUTE, 80 * HOUR));
  await using _house = house;
  await house.wait(40_000);
  const key = 'device:hulu';
  const rowOf = () =>
    house.database.selectFrom('alert_engine').selectAll().where('key', '=', key).executeTakeFirstOrThrow();
  const read = async () => {
    const { tracks } = JSON.parse((await rowOf()).document).timeline;
    const [name] = Object.keys(tracks).filter((each) => each.startsWith('time-to-threshold@'));
    return { name: name as string, learnt: tracks[name as string].memory.shares.learnt as number };
  };
  const before = await read();
  expect(before.learnt).toBeGreaterThan(50);
  const { document } = await rowOf();
  const earlier = document.replaceAll(before.name, 'time-to-threshold@1');
  await house.database
    .updateTable('alert_engine')
    .set({ document: earlier })
    .where('key', '=', key)
    .execute();
  await house.crash();
  await house.read(readingOf('hulu', house.clock.ms, { levelM: 1.5 }));
  await house.wait(40_000);
  const after = await read();
  expect(after.name).toBe(before.name);
  expect(after.learnt).toBeGreaterThanOrEqual(before.learnt);
});

/** The alarms after a gauge has sent these levels, and nothing since. */
async function playHouse(points: readonly { atMs: number; levelM: number }[]): Promise<AlertHouse> {
  const house = await openAlertHouse();
  const shiftMs = house.clock.ms - (points[0]?.atMs ?? 0);
  for (const { atMs, levelM } of points) {
    await house.wait(Math.max(0, atMs + shiftMs - house.clock.ms), 10 * MINUTE);
    await house.read(readingOf('hulu', house.clock.ms, { levelM }));
  }
  return house;
}

test('a gauge whose state was lost learns its rises from history, and no alert comes of it', async () => {
  const past = storms(10 * MINUTE, 300 * HOUR);
  const shiftMs = Date.UTC(2026, 0, 15, 2, 30) - (past.at(-1)?.atMs ?? 0);
  const asked: string[] = [];
  await using house = await openAlertHouse({
    async *readLevels(device) {
      asked.push(device);
      yield past.map(({ atMs, levelM }) => ({ atMs: atMs + shiftMs, levelM }));
    },
  });
  await house.read(readingOf('hulu', house.clock.ms, { levelM: 1 }));
  await house.alerts.learnPast(house.clock.ms);
  await house.alerts.learnPast(house.clock.ms);
  expect(asked, 'once').toEqual(['hulu']);
  expect(house.alerts.open()).toEqual([]);
  await house.wait(40_000);
  const { document } = await house.database
    .selectFrom('alert_engine')
    .selectAll()
    .where('key', '=', 'device:hulu')
    .executeTakeFirstOrThrow();
  expect(document).toMatch(/"learnt":[1-9]\d\d/);
  expect(await house.alerts.list({ limit: 10, audience: 'staff' })).toEqual([]);
});
