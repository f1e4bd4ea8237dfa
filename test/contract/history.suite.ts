/**
 * The contract of history: what every adapter answers alike. Run by sqlite-history.test.ts and by the tests of
 * InfluxDB, each with its own way to open.
 *
 * Every test writes a device of its own, so that one opened history serves all of them. Invariant: nothing
 * here knows which adapter it speaks to.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QualityFlag, type Reading } from '../../devices/reading.ts';
import type { Aggregate, History, HistoryPage, HistoryPoint } from '../../history/history.ts';
import { readLevels } from '../../history/read-levels.ts';

export interface HistoryUnderTest extends AsyncDisposable {
  readonly history: History;
  /** Resolves when the readings, of city semarang, can be asked for. Order is the order of writing. */
  write(readings: readonly Reading[]): Promise<void>;
}

/** 2026-01-15T00:00:00Z, a Thursday; 07:00 in Jakarta. */
const T0 = Date.UTC(2026, 0, 15);
const S = 1_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

export function describeHistory(name: string, open: () => Promise<HistoryUnderTest>): void {
  describe(`history in ${name}`, () => {
    let opened: HistoryUnderTest;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    let devices = 0;
    /** A device of its own with these points, each [time after T0, values, quality]. */
    const write = async (...points: [number, Reading['values'], number?][]): Promise<string> => {
      const device = `gauge-${name.replace(/\W/g, '').toLowerCase()}-${devices++}`;
      await append(device, ...points);
      return device;
    };
    const append = (device: string, ...points: [number, Reading['values'], number?][]) =>
      opened.write(
        points.map(([afterMs, values, quality]) => reading(device, T0 + afterMs, values, quality)),
      );
    const raw = (device: string, fromMs = T0, toMs = T0 + DAY, limit = 10_000) =>
      opened.history.raw({ kind: 'river-gauge', device, fromMs, toMs, limit });
    const windows = (device: string, everyMs: number, fn: Aggregate, more: Partial<WindowAsk> = {}) =>
      opened.history.windows({
        kind: 'river-gauge',
        device,
        fromMs: T0,
        toMs: T0 + DAY,
        limit: 10_000,
        timeZone: 'UTC',
        everyMs,
        fn,
        ...more,
      });

    it('gives the levels of a long past in pages: the highest of each window, and nothing of an empty one', async () => {
      const device = await write(
        [0, { levelM: 1 }],
        [MIN, { levelM: 3 }],
        [2 * MIN, { levelM: 2 }],
        [9 * HOUR, { levelM: 4 }],
        [9 * HOUR + 6 * MIN, { rainMm: 1 }],
      );
      const levels: { atMs: number; levelM: number }[] = [];
      const range = { fromMs: T0, toMs: T0 + DAY, everyMs: 5 * MIN };
      for await (const page of readLevels(opened.history, device, range)) levels.push(...page);
      expect(levels).toEqual([
        { atMs: T0, levelM: 3 },
        { atMs: T0 + 9 * HOUR, levelM: 4 },
      ]);
    });

    describe('raw', () => {
      it('gives points in order of time, whatever the order of writing', async () => {
        const device = await write([3 * MIN, { levelM: 3 }], [MIN, { levelM: 1 }]);
        await append(device, [2 * MIN, { levelM: 2 }], [0, { levelM: 0 }]);
        expect(brief(await raw(device))).toEqual([
          [0, { levelM: 0 }],
          [MIN, { levelM: 1 }],
          [2 * MIN, { levelM: 2 }],
          [3 * MIN, { levelM: 3 }],
        ]);
      });

      it('takes the start of a range in and leaves its end out', async () => {
        const device = await write([0, { levelM: 1 }], [MIN, { levelM: 2 }], [2 * MIN, { levelM: 3 }]);
        expect(brief(await raw(device, T0, T0 + 2 * MIN))).toEqual([
          [0, { levelM: 1 }],
          [MIN, { levelM: 2 }],
        ]);
        expect(brief(await raw(device, T0 + 1, T0 + 2 * MIN + 1)).map(([at]) => at)).toEqual([MIN, 2 * MIN]);
      });

      it('gives a reading once that was written again', async () => {
        const device = await write([0, { levelM: 1 }], [MIN, { levelM: 2 }]);
        await append(device, [0, { levelM: 1 }]);
        expect(await raw(device)).toEqual({
          points: [
            { atMs: T0, values: { levelM: 1 }, quality: 0 },
            { atMs: T0 + MIN, values: { levelM: 2 }, quality: 0 },
          ],
        });
      });

      it('lets the last written of one instant count, quantity by quantity, with its quality', async () => {
        const device = await write([0, { levelM: 1, rainMm: 5 }]);
        await append(device, [0, { levelM: 2, batteryV: 12 }, QualityFlag.flatLine]);
        expect(await raw(device)).toEqual({
          points: [
            { atMs: T0, values: { levelM: 2, rainMm: 5, batteryV: 12 }, quality: QualityFlag.flatLine },
          ],
        });
      });

      it('lets the last written count also within one batch', async () => {
        const device = await write(
          [0, { levelM: 1 }],
          [0, { levelM: 2 }],
          [0, { rainMm: 1 }],
          [0, { levelM: 3 }],
        );
        expect(brief(await raw(device))).toEqual([[0, { levelM: 3, rainMm: 1 }]]);
      });

      it('keeps the quality of each point, failed ones included', async () => {
        const failed = QualityFlag.outsideSensorRange | QualityFlag.clockAhead;
        const device = await write([0, { levelM: 1 }, failed], [MIN, { levelM: 2 }, QualityFlag.late]);
        expect((await raw(device)).points.map(({ quality }) => quality)).toEqual([failed, QualityFlag.late]);
      });

      it('keeps numbers to the last bit, and words', async () => {
        const device = await write(
          [0, { levelM: 0.1 + 0.2, rainMm: 1e-7 }],
          [MIN, { levelM: -19.999999999999996 }],
        );
        expect(brief(await raw(device))).toEqual([
          [0, { levelM: 0.1 + 0.2, rainMm: 1e-7 }],
          [MIN, { levelM: -19.999999999999996 }],
        ]);
        const fix = { lat: -6.990312345678901, lng: 110.42290123456789, status: 'en-route' };
        await opened.write([{ ...reading(device, T0, fix), kind: 'ambulance' }]);
        const page = await opened.history.raw({
          kind: 'ambulance',
          device,
          fromMs: T0,
          toMs: T0 + 1,
          limit: 1,
        });
        expect(page).toEqual({ points: [{ atMs: T0, values: fix, quality: 0 }] });
        const bytes = { rxBytes: 2 ** 53 - 1, txBytes: 0 };
        await opened.write([{ ...reading(device, T0, bytes), kind: 'wifi-access-point' }]);
        const counters = { kind: 'wifi-access-point', device, fromMs: T0, toMs: T0 + 1, limit: 1 };
        expect(brief(await opened.history.raw(counters))).toEqual([[0, bytes]]);
      });

      it('pages: every point is on one page, and the last page says that it is the last', async () => {
        const times = Array.from({ length: 10 }, (_, i) => i * MIN);
        const device = await write(
          ...times.map((at): [number, Reading['values']] => [at, { levelM: at / MIN }]),
        );
        const sizes: number[] = [];
        const seen: number[] = [];
        for (let from: number | undefined = T0; from !== undefined; ) {
          const page: HistoryPage = await raw(device, from, T0 + DAY, 4);
          sizes.push(page.points.length);
          seen.push(...page.points.map(({ atMs }) => atMs - T0));
          from = page.nextFromMs;
        }
        expect(seen).toEqual(times);
        expect(sizes).toEqual([4, 4, 2]);
        expect(await raw(device, T0, T0 + DAY, 10)).not.toHaveProperty('nextFromMs');
      });

      it('gives nothing for an empty range, an unknown device, an unknown kind, a range that ends before it starts', async () => {
        const device = await write([0, { levelM: 1 }]);
        expect(await raw(device, T0 + HOUR, T0 + 2 * HOUR)).toEqual({ points: [] });
        expect(await raw(device, T0 + HOUR, T0)).toEqual({ points: [] });
        expect(await raw('gauge-nobody-knows')).toEqual({ points: [] });
        const question = { kind: 'teapot', device, fromMs: T0, toMs: T0 + DAY, limit: 10 };
        expect(await opened.history.raw(question)).toEqual({ points: [] });
      });
    });

    describe('windows', () => {
      it('down-sample by each function', async () => {
        const device = await write(
          [0, { levelM: 1 }],
          [20 * S, { levelM: 4 }],
          [40 * S, { levelM: 2.5 }],
          [MIN, { levelM: 10 }],
        );
        const by = async (fn: Aggregate) => brief(await windows(device, MIN, fn));
        expect(await by('mean')).toEqual([
          [0, { levelM: 2.5 }],
          [MIN, { levelM: 10 }],
        ]);
        expect(await by('min')).toEqual([
          [0, { levelM: 1 }],
          [MIN, { levelM: 10 }],
        ]);
        expect(await by('max')).toEqual([
          [0, { levelM: 4 }],
          [MIN, { levelM: 10 }],
        ]);
        expect(await by('last')).toEqual([
          [0, { levelM: 2.5 }],
          [MIN, { levelM: 10 }],
        ]);
        expect(await by('count')).toEqual([
          [0, { levelM: 3 }],
          [MIN, { levelM: 1 }],
        ]);
      });

      it('have no quality, and hold each quantity that has a value in them', async () => {
        const device = await write(
          [0, { levelM: 1, rainMm: 2 }],
          [MIN, { levelM: 3 }],
          [2 * MIN, { rainMm: 4 }],
        );
        expect(await windows(device, MIN, 'mean')).toEqual({
          points: [
            { atMs: T0, values: { levelM: 1, rainMm: 2 } },
            { atMs: T0 + MIN, values: { levelM: 3 } },
            { atMs: T0 + 2 * MIN, values: { rainMm: 4 } },
          ],
        });
        const { points } = await windows(device, MIN, 'count');
        expect(points[1]?.values).toEqual({ levelM: 1 });
      });

      it('take the last of each quantity, though it be of another instant', async () => {
        const device = await write([0, { levelM: 1, rainMm: 7 }], [30 * S, { levelM: 2 }]);
        expect(brief(await windows(device, MIN, 'last'))).toEqual([[0, { levelM: 2, rainMm: 7 }]]);
      });

      it('put a reading on the edge into the window that starts there', async () => {
        const device = await write(
          [5 * MIN - 1, { levelM: 1 }],
          [5 * MIN, { levelM: 2 }],
          [10 * MIN - 1, { levelM: 4 }],
        );
        expect(brief(await windows(device, 5 * MIN, 'mean'))).toEqual([
          [0, { levelM: 1 }],
          [5 * MIN, { levelM: 3 }],
        ]);
      });

      it('of increase say by how much a counter grew, whatever was lost, late, repeated or begun again', async () => {
        // The reading after 400 never came; after 900 the counter began again from 0.
        const device = await write(
          [0, { levelM: 1, rainTotalMm: 100 }],
          [2 * MIN, { levelM: 1, rainTotalMm: 400 }],
          [6 * MIN, { levelM: 1, rainTotalMm: 900 }],
          [7 * MIN, { levelM: 1, rainTotalMm: 0 }],
          [8 * MIN, { levelM: 1, rainTotalMm: 50 }],
          [9 * MIN, { levelM: 1, rainTotalMm: 7_000 }, QualityFlag.outsideSensorRange],
        );
        await append(
          device,
          [MIN, { levelM: 1, rainTotalMm: 150 }],
          [2 * MIN, { levelM: 1, rainTotalMm: 400 }],
        );
        const by = async (everyMs: number, more: Partial<WindowAsk> = {}) =>
          brief(await windows(device, everyMs, 'increase', more));
        expect(await by(5 * MIN)).toEqual([
          [0, { rainTotalMm: 300 }],
          [5 * MIN, { rainTotalMm: 550 }],
        ]);
        // Pages and parts of a range add up to the whole: where it stood is looked for before them.
        expect(await by(5 * MIN, { fromMs: T0 + 5 * MIN })).toEqual([[5 * MIN, { rainTotalMm: 550 }]]);
        expect(await by(DAY)).toEqual([[0, { rainTotalMm: 850 }]]);
        const minutes = await by(MIN);
        expect(minutes.reduce((sum, [, { rainTotalMm }]) => sum + Number(rainTotalMm), 0)).toBe(850);
        expect(await by(DAY, { fromMs: T0 + DAY, toMs: T0 + 2 * DAY })).toEqual([]);
        await append(
          device,
          [20 * DAY, { levelM: 1, rainTotalMm: 80 }],
          [60 * DAY, { levelM: 1, rainTotalMm: 90 }],
        );
        const from = (days: number) => ({ fromMs: T0 + days * DAY, toMs: T0 + (days + 1) * DAY });
        expect(await by(DAY, from(20))).toEqual([[20 * DAY, { rainTotalMm: 30 }]]);
        // Not heard for more than 31 days: it begins anew.
        expect(await by(DAY, from(60))).toEqual([[60 * DAY, { rainTotalMm: 0 }]]);
      });

      it('give no point where there is no reading', async () => {
        const device = await write([0, { levelM: 1 }], [3 * HOUR, { levelM: 2 }]);
        expect(brief(await windows(device, MIN, 'mean')).map(([at]) => at)).toEqual([0, 3 * HOUR]);
        expect(await windows(device, MIN, 'mean', { fromMs: T0 + HOUR, toMs: T0 + 2 * HOUR })).toEqual({
          points: [],
        });
        expect(await windows('gauge-nobody-knows', MIN, 'mean')).toEqual({ points: [] });
      });

      it('start at their multiple even where the range starts within, and hold the range alone', async () => {
        const device = await write([0, { levelM: 1 }], [4 * MIN, { levelM: 3 }], [7 * MIN, { levelM: 5 }]);
        const range = { fromMs: T0 + 2 * MIN, toMs: T0 + 7 * MIN };
        expect(brief(await windows(device, 5 * MIN, 'mean', range))).toEqual([[0, { levelM: 3 }]]);
      });

      it('leave readings of failed quality out', async () => {
        const device = await write(
          [0, { levelM: 1 }],
          [20 * S, { levelM: 99 }, QualityFlag.outsideSensorRange],
          [40 * S, { levelM: 3 }, QualityFlag.flatLine],
          [MIN, { levelM: 98 }, QualityFlag.implausibleSpeed | QualityFlag.late],
        );
        expect(brief(await windows(device, MIN, 'mean'))).toEqual([[0, { levelM: 2 }]]);
      });

      it('count a corrected value and not the one that it corrects', async () => {
        const device = await write([0, { levelM: 100 }], [30 * S, { levelM: 2 }]);
        await append(device, [0, { levelM: 4 }]);
        expect(brief(await windows(device, MIN, 'mean'))).toEqual([[0, { levelM: 3 }]]);
        expect(brief(await windows(device, MIN, 'count'))).toEqual([[0, { levelM: 2 }]]);
      });

      it('start a day at midnight in Jakarta', async () => {
        const device = await write(
          [16 * HOUR, { rainMm: 1 }],
          [17 * HOUR - 1, { rainMm: 2 }],
          [17 * HOUR, { rainMm: 3 }],
          [40 * HOUR, { rainMm: 5 }],
          [41 * HOUR, { rainMm: 7 }],
        );
        const asked = { toMs: T0 + 3 * DAY, timeZone: 'Asia/Jakarta' };
        expect(brief(await windows(device, DAY, 'max', asked))).toEqual([
          [-7 * HOUR, { rainMm: 2 }],
          [17 * HOUR, { rainMm: 5 }],
          [41 * HOUR, { rainMm: 7 }],
        ]);
      });

      it('start at the half hour where the zone is half an hour off', async () => {
        const device = await write(
          [10 * MIN, { rainMm: 1 }],
          [29 * MIN, { rainMm: 2 }],
          [30 * MIN, { rainMm: 3 }],
        );
        expect(brief(await windows(device, HOUR, 'max', { timeZone: 'Asia/Kolkata' }))).toEqual([
          [-30 * MIN, { rainMm: 2 }],
          [30 * MIN, { rainMm: 3 }],
        ]);
      });

      it('start a day at local midnight on both sides of a change of the clocks', async () => {
        // Amsterdam: midnight is 23:00Z in winter; on 2026-03-29 the clocks go forward, then it is 22:00Z.
        const spring = Date.UTC(2026, 2, 28) - T0;
        const device = await write(
          [spring, { rainMm: 1 }],
          [spring + 23 * HOUR, { rainMm: 2 }],
          [spring + 45 * HOUR, { rainMm: 3 }],
          [spring + 46 * HOUR, { rainMm: 4 }],
        );
        const asked = {
          fromMs: T0 + spring - DAY,
          toMs: T0 + spring + 3 * DAY,
          timeZone: 'Europe/Amsterdam',
        };
        expect(brief(await windows(device, DAY, 'max', asked))).toEqual([
          [spring - HOUR, { rainMm: 1 }],
          [spring + 23 * HOUR, { rainMm: 3 }],
          [spring + 46 * HOUR, { rainMm: 4 }],
        ]);
      });

      it('give the quantities that were asked for, states too where no arithmetic is needed', async () => {
        const device = await write([0, { levelM: 1, rainMm: 2, batteryV: 12 }]);
        const some = { quantities: ['rainMm', 'batteryV', 'noSuchQuantity'] };
        expect(brief(await windows(device, MIN, 'mean', some))).toEqual([[0, { rainMm: 2, batteryV: 12 }]]);
        await opened.write(
          ['available', 'en-route'].map((status, i) => ({
            ...reading(device, T0 + i * S, { lat: -7, lng: 110, speedMps: i, status }),
            kind: 'ambulance',
          })),
        );
        const ambulance = { kind: 'ambulance', quantities: ['status', 'speedMps'] };
        expect(brief(await windows(device, MIN, 'last', ambulance))).toEqual([
          [0, { status: 'en-route', speedMps: 1 }],
        ]);
        expect(brief(await windows(device, MIN, 'count', ambulance))).toEqual([
          [0, { status: 2, speedMps: 2 }],
        ]);
        expect(brief(await windows(device, MIN, 'mean', ambulance))).toEqual([[0, { speedMps: 0.5 }]]);
        const { kind } = ambulance;
        expect(brief(await windows(device, MIN, 'max', { kind }))).toEqual([
          [0, { lat: -7, lng: 110, speedMps: 1 }],
        ]);
      });

      it('page: each window is whole and on one page', async () => {
        const points = Array.from({ length: 20 }, (_, i): [number, Reading['values']] => [
          i * 30 * S,
          { levelM: i },
        ]);
        const device = await write(...points);
        const seen: [number, Reading['values']][] = [];
        const sizes: number[] = [];
        for (let from: number | undefined = T0; from !== undefined; ) {
          const page: HistoryPage = await windows(device, MIN, 'mean', { fromMs: from, limit: 4 });
          sizes.push(page.points.length);
          seen.push(...brief(page));
          from = page.nextFromMs;
        }
        expect(sizes).toEqual([4, 4, 2]);
        expect(seen).toEqual(brief(await windows(device, MIN, 'mean')));
      });
    });
  });
}

interface WindowAsk {
  kind: string;
  fromMs: number;
  toMs: number;
  limit: number;
  timeZone: string;
  quantities: readonly string[];
}

function reading(device: string, measuredAt: number, values: Reading['values'], quality = 0): Reading {
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device,
    measuredAt,
    receivedAt: measuredAt + 200,
    simulated: false,
    quality,
    values,
  };
}

/** [time after T0, values] of each point. */
function brief({ points }: HistoryPage): [number, HistoryPoint['values']][] {
  return points.map(({ atMs, values }) => [atMs - T0, values]);
}
