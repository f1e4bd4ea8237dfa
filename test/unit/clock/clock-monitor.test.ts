import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { type ClockStep, createClockMonitor } from '../../../clock/clock-monitor.ts';

const START_MS = Date.UTC(2026, 1, 1);
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

function openHouse() {
  const clocks = { wallMs: START_MS, monotonicMs: 5_000 };
  const lines: Record<string, unknown>[] = [];
  const log: Logger = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const metrics = new Registry();
  const monitor = createClockMonitor({
    now: () => clocks.wallMs,
    monotonicNow: () => clocks.monotonicMs,
    log,
    metrics,
  });
  const told: ClockStep[] = [];
  monitor.onStep((step) => told.push(step));
  return {
    monitor,
    told,
    lines,
    /** Time goes by; the wall clock is `stepMs` ahead of that at its end. */
    pass(ms: number, stepMs = 0) {
      clocks.monotonicMs += ms;
      clocks.wallMs += ms + stepMs;
      monitor.look();
    },
    async steps(direction: string) {
      const series = (await metrics.getSingleMetric('siaga_clock_steps_total')?.get())?.values ?? [];
      return series.find(({ labels }) => labels['direction'] === direction)?.value;
    },
  };
}

it.each([
  ['forward by an hour', 3_600_000, 'forward'],
  ['forward by ten years', 10 * YEAR_MS, 'forward'],
  ['back by two hours', -7_200_000, 'back'],
  ['back before 1970', -60 * YEAR_MS, 'back'],
  ['forward by a leap second', 1_000, 'forward'],
] as const)('a step %s is told once, with direction and size', async (_, sizeMs, direction) => {
  const house = openHouse();
  house.pass(1_000);
  house.pass(1_000, sizeMs);
  for (let second = 0; second < 10; second++) house.pass(1_000);
  expect(house.told).toEqual([{ foundAt: START_MS + 2_000 + sizeMs, sizeMs }]);
  expect(house.monitor.lastStep).toEqual(house.told[0]);
  expect(house.lines).toMatchObject([{ direction, stepS: sizeMs / 1_000 }]);
  expect(await house.steps(direction)).toBe(1);
  expect(await house.steps(direction === 'back' ? 'forward' : 'back')).toBe(0);
});

it('a step back and forth again is two steps', async () => {
  const house = openHouse();
  house.pass(1_000, -DAY_MS);
  house.pass(1_000, DAY_MS);
  expect(house.told.map(({ sizeMs }) => sizeMs)).toEqual([-DAY_MS, DAY_MS]);
});

it('a clock that is slewed, and an event loop that stood for a minute, are no steps', () => {
  const house = openHouse();
  for (let second = 0; second < 10_000; second++) house.pass(1_000, 0.5);
  house.pass(60_000);
  expect(house.told).toEqual([]);
  expect(house.monitor.lastStep).toBeUndefined();
});

it.each([
  ['ten years', 10 * YEAR_MS],
  ['two days', 2 * DAY_MS],
])('a clock that jumps ahead by %s makes nothing too old for a day', (_, sizeMs) => {
  const house = openHouse();
  house.pass(1_000, sizeMs);
  expect(house.monitor.retentionNow()).toBe(START_MS + 1_000);
  house.pass(DAY_MS - 1);
  expect(house.monitor.retentionNow()).toBe(START_MS + 1_000 + DAY_MS - 1);
  house.pass(1);
  expect(house.monitor.retentionNow()).toBe(START_MS + 1_000 + DAY_MS + sizeMs);
});

it('a jump ahead that is taken back leaves no doubt, and one back makes nothing older', () => {
  const house = openHouse();
  house.pass(1_000, YEAR_MS);
  house.pass(1_000, -YEAR_MS);
  expect(house.monitor.retentionNow()).toBe(START_MS + 2_000);
  house.pass(1_000, -DAY_MS);
  expect(house.monitor.retentionNow()).toBe(START_MS + 3_000 - DAY_MS);
});

it('a start years after the last reading makes nothing too old for a day, and says so', () => {
  const house = openHouse();
  house.monitor.compareWithDisk(START_MS - 2 * YEAR_MS);
  expect(house.monitor.retentionNow()).toBe(START_MS - 2 * YEAR_MS);
  expect(house.lines).toMatchObject([{ days: 730 }]);
  house.pass(DAY_MS);
  expect(house.monitor.retentionNow()).toBe(START_MS + DAY_MS);
});

it('a start within a day of the last reading, or before it, doubts nothing', () => {
  const house = openHouse();
  house.monitor.compareWithDisk(START_MS - DAY_MS + 1);
  house.monitor.compareWithDisk(START_MS + YEAR_MS);
  expect(house.monitor.retentionNow()).toBe(START_MS);
  expect(house.lines).toEqual([]);
});

it('a first start has nothing on the disk to compare with, and doubts nothing', () => {
  const house = openHouse();
  house.monitor.compareWithDisk(0);
  expect(house.monitor.retentionNow()).toBe(START_MS);
  expect(house.lines).toEqual([]);
});
