/** Falls are doubted like rises: a gauge that fails gives no all-clear, and a river that drains is cleared. */
import { describe, expect, test } from 'vitest';
import { runBacktest } from '../../../backtest/backtest.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import type { LevelPoint } from '../../../tables/level-series.ts';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
const STEP = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const RISE = [1, 1.2, 1.5, 1.9, 2.3, 2.7, 3, 3.2, 3.3, 3.4];

async function flood(...after: readonly number[]) {
  const house = await openAlertHouse();
  const levels = [...RISE, ...after];
  for (const [index, levelM] of levels.entries()) {
    await house.read(readingOf('bendung', START_MS + index * STEP, { levelM }));
  }
  return house;
}

test('while a gauge is in doubt its alert says so, with the last level that was believed', async () => {
  await using house = await flood(0.2, 0.2, 0.2);
  const open = house.alerts.open();
  expect(open.map(({ rule }) => rule).toSorted()).toEqual(['gauge-suspect', 'rate-of-rise', 'river-level']);
  const textOf = (rule: string) => open.find((alert) => alert.rule === rule)?.text;
  expect(textOf('river-level')).toEqual({
    en: 'Gauge bendung: 3.40 m, danger (from 3.00 m). That was at 11:45. At 12:15 the gauge said 0.20 m, faster than its river drains: the gauge is in doubt and the alert stays.',
    id: 'Gauge bendung: 3,40 m, awas (mulai 3,00 m). Itu pukul 11.45. Pada pukul 12.15 alat melaporkan 0,20 m, lebih cepat daripada surutnya sungai: alatnya diragukan dan peringatan tetap berlaku.',
  });
  expect(textOf('gauge-suspect')?.id).toBe(
    'Gauge bendung turun dari 3,40 m pukul 11.45 ke 0,20 m pukul 12.15, lebih cepat daripada surutnya sungai. Peringatannya tetap berlaku. Periksa alatnya.',
  );
});

test('the return from a drop-out is no rise of the river', async () => {
  await using house = await flood(3.4, 3.4, 3.4, 3.4, 0.2, 0.2, 3.4, 3.4);
  const rises = await house.alerts.list({ limit: 10, audience: 'staff', rule: 'rate-of-rise' });
  expect(rises).toHaveLength(1);
});

test('a person who has seen the river confirms the level, and the alert clears as any other', async () => {
  await using house = await flood(0.9, 0.9, 0.9);
  const [level] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
  await house.alerts.confirmLevel(level?.id ?? '', 'Sari', 'at the weir');
  expect(house.alerts.open().some(({ rule }) => rule === 'gauge-suspect')).toBe(false);
  for (let index = 0; index < 3; index++) {
    await house.read(readingOf('bendung', START_MS + (13 + index) * STEP, { levelM: 0.9 }));
  }
  expect(house.alerts.open().some(({ rule }) => rule === 'river-level')).toBe(false);
  const [alert] = await house.alerts.list({ limit: 1, audience: 'staff', rule: 'river-level' });
  expect(alert?.log).toContainEqual(
    expect.objectContaining({ change: 'level-confirmed', by: 'Sari', note: 'at the weir' }),
  );
});

test('a confirmed level outlives a crash', async () => {
  await using house = await flood(0.9, 0.9, 0.9);
  const [level] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
  await house.alerts.confirmLevel(level?.id ?? '', 'Sari', undefined);
  await house.crash();
  for (let index = 0; index < 3; index++) {
    await house.read(readingOf('bendung', START_MS + (13 + index) * STEP, { levelM: 0.9 }));
  }
  expect(house.alerts.open().some(({ rule }) => rule === 'river-level')).toBe(false);
});

test('the time at which a doubted level will be believed is among the timers', async () => {
  await using house = await flood(0.2, 0.2, 0.2);
  const [level] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
  if (!level) throw new Error('there is no alert');
  const { timers } = await house.alerts.explain(level);
  const doubtedAt = START_MS + RISE.length * STEP;
  expect(timers['fallBelievedAt']).toBeGreaterThan(doubtedAt + 6 * HOUR);
  expect(timers['fallBelievedAt']).toBeLessThan(doubtedAt + 24 * HOUR);
});

/** Floods of a river that halves its height in `halfMs`, each after a calm. */
function floods(count: number, stepMs: number, halfMs: number): LevelPoint[] {
  const points: LevelPoint[] = [];
  let atMs = START_MS;
  const add = (levelM: number) => {
    points.push({ atMs, levelM: Number(levelM.toFixed(2)) });
    atMs += stepMs;
  };
  for (let flood = 0; flood < count; flood++) {
    for (let ms = 0; ms < 20 * HOUR; ms += stepMs) add(0.6);
    const heightM = 2 + (flood % 3) / 2;
    for (let ms = 0; ms < 3 * HOUR; ms += stepMs) add(0.6 + (heightM * ms) / (3 * HOUR));
    for (let ms = 0; ms < 6 * halfMs; ms += stepMs) add(0.6 + heightM * 0.5 ** (ms / halfMs));
  }
  return points;
}

const gauge = parseGauge({ id: 'river', thresholds: '1.5,2,2.5', unit: 'm', hysteresisM: 0.1 });

function judge(points: readonly LevelPoint[]) {
  const { alerts } = runBacktest({ gauge, points });
  return {
    levels: alerts.filter(({ rule, state }) => rule === 'river-level' && state !== 'withdrawn'),
    suspects: alerts.filter(({ rule }) => rule === 'gauge-suspect'),
  };
}

describe.each([
  ['5 s', 5_000],
  ['15 minutes', STEP],
  ['an hour', HOUR],
])('below the end of a flood, one reading in %s', (_, stepMs) => {
  /** Enough ordinary levels to know the gauge, a rise to 2 m, and what comes then. */
  const house = async (...after: readonly number[]) => {
    const calm = Array.from({ length: 110 }, (_each, index) => 1 + (index % 3) / 100);
    const opened = await openAlertHouse();
    const levels = [...calm, 1.2, 1.4, 1.6, 1.75, 1.85, 1.9, ...after];
    for (const [index, levelM] of levels.entries()) {
      await opened.read(readingOf('bendung', START_MS + index * stepMs, { levelM }));
    }
    return opened;
  };
  const levelOf = (opened: Awaited<ReturnType<typeof house>>) =>
    opened.alerts.open().find(({ rule }) => rule === 'river-level');

  test('a level that got there in one step and stands still ends nothing, and the alert says why', async () => {
    await using opened = await house(1.6, 1.52, 1.51, 1.5, ...Array(20).fill(1.36));
    expect(levelOf(opened)?.text.en).toMatch(/fell there in one step at .* until it falls on\.$/);
    expect(levelOf(opened)?.text.id).toMatch(/turun sekaligus .* sampai air terus surut\.$/);
  });

  test('a level that follows the river from too low ends nothing', async () => {
    const low = Array.from({ length: 20 }, (_each, index) => 1.36 - index / 1_000);
    await using opened = await house(1.6, 1.52, 1.51, 1.5, ...low);
    expect(levelOf(opened)).toBeDefined();
  });

  test('a level that stood still ends the flood when it falls on', async () => {
    await using opened = await house(1.6, 1.52, 1.51, 1.5, 1.36, 1.36, 1.36, 1.36, 1.32, 1.31);
    expect(levelOf(opened)).toBeUndefined();
  });

  test('a fall that was under way ends the flood where it stands', async () => {
    await using opened = await house(1.8, 1.7, 1.6, 1.5, 1.4, 1.35, 1.35, 1.35, 1.35, 1.35);
    expect(levelOf(opened)).toBeUndefined();
  });

  test('a level that stood below for 24 reports ends the flood', async () => {
    await using opened = await house(1.6, 1.52, 1.51, 1.5, ...Array(30).fill(1.36));
    expect(levelOf(opened)).toBeUndefined();
  });
});

describe.each([
  ['each 5 minutes', 5 * MINUTE, 0],
  ['each 15 minutes', STEP, 0],
  // A new gauge that reports so slowly may belong to a flash flood: it must have seen how its river drains.
  ['each 1,801 s', 1_801_000, 3],
])('a gauge that reports %s', (_, stepMs, floodsSeen) => {
  test.each([
    ['half an hour', 0.5 * HOUR],
    ['three hours', 3 * HOUR],
    ['twelve hours', 12 * HOUR],
  ])('clears each flood when the river drains by half in %s, and is never in doubt', (_half, halfMs) => {
    const points = floods(6, stepMs, halfMs);
    const { levels, suspects } = judge(points);
    expect(suspects).toEqual([]);
    expect(levels).toHaveLength(6);
    for (const { endedAt = Number.NaN } of levels) {
      // Cleared within its hold of the first reading that is low enough.
      const low = points.findLast(({ atMs, levelM }) => atMs < endedAt && levelM > 1.4);
      expect(endedAt - (low?.atMs ?? 0)).toBeLessThanOrEqual(Math.max(4 * stepMs, 30 * MINUTE + stepMs));
    }
  });

  test.each([
    ['zero', () => 0],
    ['its ordinary level', () => 0.6],
    ['a third of it', (levelM: number) => 0.6 + (levelM - 0.6) / 3],
    ['a frozen level', () => 1.1],
  ])('clears no flood early where it drops out to %s for 1 to 20 rows', (_value, dropTo) => {
    const points = floods(6, stepMs, 6 * HOUR);
    for (const rows of [1, 3, 20]) {
      const dropped = points.map((point) => ({ ...point }));
      const inFlood = { count: 0, number: 0 };
      for (const [index, { levelM }] of points.entries()) {
        inFlood.count = levelM >= 1.8 ? inFlood.count + 1 : 0;
        if (inFlood.count !== 3 || ++inFlood.number <= floodsSeen) continue;
        for (let row = 0; row < rows && (points[index + row]?.levelM ?? 0) >= 1.6; row++) {
          (dropped[index + row] as { levelM: number }).levelM = dropTo(points[index + row]?.levelM ?? 0);
        }
      }
      for (const { endedAt = Number.NaN } of judge(dropped).levels) {
        const river = points.find(({ atMs }) => atMs === endedAt);
        expect(river?.levelM, `${rows} rows, cleared ${new Date(endedAt).toISOString()}`).toBeLessThan(1.5);
      }
    }
  });
});
