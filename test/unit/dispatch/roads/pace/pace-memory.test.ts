import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPace, writePace } from '../../../../../dispatch/roads/pace/pace-file.ts';
import { MAX_CELLS, PaceMemory, type Stretch } from '../../../../../dispatch/roads/pace/pace-memory.ts';
import { Stretches, type UnitFix } from '../../../../../dispatch/roads/pace/stretches.ts';
import { gridPlace } from '../small-network.ts';

const HERE = '888c107567fffff';
const ELSEWHERE = '888c10756bfffff';
function teach(memory: PaceMemory, times: number, more: Partial<Stretch> = {}): void {
  const stretch: Stretch = { vehicle: 'transport', cell: HERE, hour: 7, usualS: 60, takenS: 120, ...more };
  for (let time = 0; time < times; time++) memory.learn(stretch);
}

test('without driving the classes hold; one stretch moves little, fifty are believed', () => {
  const memory = new PaceMemory();
  expect(memory.factor('transport', HERE, 7)).toBe(1);
  teach(memory, 1);
  expect(memory.factor('transport', HERE, 7)).toBeLessThan(1.6);
  teach(memory, 50);
  expect(memory.factor('transport', HERE, 7)).toBeCloseTo(2, 1);
});

test('what nobody drove takes what the city knows: the hour, and less so the other hours', () => {
  const memory = new PaceMemory();
  teach(memory, 100);
  expect(memory.factor('transport', ELSEWHERE, 7)).toBeGreaterThan(1.9);
  expect(memory.factor('transport', ELSEWHERE, 3)).toBeGreaterThan(1.5);
  expect(memory.factor('motorcycle', HERE, 7)).toBe(1);
  teach(memory, 200, { hour: 3, takenS: 60 });
  expect(memory.factor('transport', ELSEWHERE, 7)).toBeGreaterThan(1.8);
  expect(memory.factor('transport', ELSEWHERE, 3)).toBeLessThan(1.1);
});

test('a slow place is slow at hours in which nobody drove it, and a slow hour makes no place slow', () => {
  const memory = new PaceMemory();
  for (let day = 0; day < 100; day++) {
    teach(memory, 1, { hour: 7, takenS: 180 });
    for (const hour of [7, 12]) teach(memory, 1, { cell: ELSEWHERE, hour, takenS: hour === 7 ? 90 : 60 });
  }
  expect(memory.factor('transport', HERE, 12)).toBeGreaterThan(1.3);
  expect(memory.factor('transport', ELSEWHERE, 12)).toBeLessThan(1.1);
});

test('what was fades: a road that was mended is quick again', () => {
  const memory = new PaceMemory();
  teach(memory, 2_000, { takenS: 180 });
  teach(memory, 400, { takenS: 60 });
  expect(memory.factor('transport', HERE, 7)).toBeLessThan(1.3);
});

test('it is bounded in cells and in what it believes', () => {
  const memory = new PaceMemory();
  for (let cell = 0; cell < MAX_CELLS; cell++)
    expect(memory.learn({ vehicle: 'transport', cell: `c${cell}`, hour: 1, usualS: 1, takenS: 1 })).toBe(
      true,
    );
  expect(memory.learn({ vehicle: 'transport', cell: 'one more', hour: 1, usualS: 1, takenS: 1 })).toBe(false);
  teach(memory, 1_000, { cell: 'c1', takenS: 6_000 });
  expect(memory.factor('transport', 'c1', 7)).toBe(4);
  teach(memory, 4_000, { cell: 'c1', takenS: 0.001 });
  expect(memory.factor('transport', 'c1', 7)).toBe(0.5);
});

describe('on disk', () => {
  const log = pino({ level: 'silent' });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'siaga-pace-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('what was learned reads back', async () => {
    const memory = new PaceMemory();
    teach(memory, 40);
    teach(memory, 5, { vehicle: 'motorcycle', cell: ELSEWHERE, hour: 23, takenS: 45 });
    await writePace(`${folder}/a.pace`, memory);
    const restored = readPace(`${folder}/a.pace`, log);
    expect(restored.stretches).toBe(45);
    for (const vehicle of ['motorcycle', 'transport'] as const) {
      for (const cell of [HERE, ELSEWHERE, 'unknown']) {
        for (let hour = 0; hour < 24; hour++) {
          expect(restored.factor(vehicle, cell, hour)).toBeCloseTo(memory.factor(vehicle, cell, hour), 3);
        }
      }
    }
  });

  test('a file that is damaged or cut anywhere, or of another version, is begun anew', async () => {
    const file = `${folder}/a.pace`;
    const memory = new PaceMemory();
    teach(memory, 3);
    await writePace(file, memory);
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 0x15;
      writeFileSync(file, damaged);
      expect(readPace(file, log).stretches).toBe(0);
      writeFileSync(file, whole.subarray(0, at));
      expect(readPace(file, log).stretches).toBe(0);
    }
    expect(readPace(`${folder}/none.pace`, log).stretches).toBe(0);
  });
});

describe('stretches', () => {
  function watch(usualS: number | undefined) {
    const learned: Stretch[] = [];
    const counts: string[] = [];
    const stretches = new Stretches({
      usualS: () => usualS,
      learn: (stretch) => learned.push(stretch) > 0,
      count: (outcome) => counts.push(outcome),
    });
    /** Along a street, `km` from its start after `s` seconds. */
    const see = (s: number, km: number, more: Partial<UnitFix> & { accuracyM?: number } = {}) =>
      stretches.observe({
        unit: 'u1',
        vehicle: 'transport',
        status: 'en-route',
        hour: 7,
        fix: { ...gridPlace(km, 0), measuredAt: 1_000_000 + s * 1000, accuracyM: more.accuracyM ?? 5 },
        ...more,
      });
    return { learned, counts, see, stretches };
  }

  test('a crew that is under way teaches each 250 m, its stops at lights with them', () => {
    const { learned, see } = watch(30);
    for (const [s, km] of [
      [0, 0],
      [10, 0.1],
      [20, 0.2],
      [50, 0.2],
      [60, 0.3],
      [70, 0.4],
      [80, 0.5],
      [90, 0.6],
    ] as const)
      see(s, km);
    expect(learned.map(({ takenS, usualS, hour }) => [takenS, usualS, hour])).toEqual([
      [60, 30, 7],
      [30, 30, 7],
    ]);
  });

  test('a status holds until another is said, and a crew that is not under way teaches nothing', () => {
    const { learned, see } = watch(30);
    for (let step = 0; step < 4; step++) see(step * 30, step * 0.3, { status: 'available' });
    expect(learned).toEqual([]);
    see(120, 1.2, { status: 'en-route' });
    see(150, 1.5, { status: undefined });
    expect(learned).toHaveLength(1);
  });

  test('a gap, a long stop, a coarse fix and an older one end a stretch or are passed over', () => {
    const { learned, see } = watch(30);
    see(0, 0);
    see(61, 0.5);
    expect(learned).toEqual([]);
    for (let s = 70; s <= 400; s += 30) see(s, 0.6);
    see(410, 0.8);
    see(415, 1.2, { accuracyM: 900 });
    see(405, 1.2);
    expect(learned).toEqual([]);
    see(430, 1.1);
    expect(learned).toHaveLength(1);
  });

  test('what no road explains, and what took a fraction or many times as long, is counted and not learned', () => {
    const off = watch(undefined);
    const slow = watch(2);
    for (const { see } of [off, slow]) {
      see(0, 0);
      see(30, 0.3);
    }
    expect([off.counts, off.learned, slow.counts, slow.learned]).toEqual([['no-road'], [], ['unlikely'], []]);
  });
});
