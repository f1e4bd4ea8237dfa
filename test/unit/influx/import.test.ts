/** Reading an InfluxDB page by page, and cutting what it held into bodies: nothing twice, nothing left out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWindow } from '../../../influx/import/read-window.ts';
import { cutBodies } from '../../../influx/import/write-lines.ts';
import type { InfluxQlSeries } from '../../../influx/server/influxql.ts';

const MEASUREMENT = { name: 'radar', tags: new Set(['sensor']) };

/** Answers as InfluxDB does: rows of [from, to) in the order of time, at most LIMIT of them. */
function serverOf(rows: readonly (readonly [number, number])[]) {
  return async (statement: string): Promise<readonly InfluxQlSeries[]> => {
    const [from = 0, to = 0] = [...statement.matchAll(/'([^']+)'/g)].map(([, at]) =>
      Date.parse(at as string),
    );
    const limit = Number(/LIMIT (\d+)/.exec(statement)?.[1]);
    const values = rows.filter(([atMs]) => atMs >= from && atMs < to).slice(0, limit);
    if (values.length === 0) return [];
    const cells = values.map(([atMs, level]) => [atMs, level, 'a 1']);
    return [{ name: 'radar', columns: ['time', 'level', 'sensor'], values: cells }];
  };
}

test('every row of a window comes once, however many stand at one moment', async () => {
  const rows = Array.from({ length: 17_000 }, (_, n) => [1_000_000 + Math.floor(n / 3_500), n] as const);
  const lines = await readWindow(serverOf(rows), [MEASUREMENT], { fromMs: 0, toMs: 2_000_000 }, 50_000);
  expect(lines?.map(({ line }) => line)).toEqual(
    rows.map(([atMs, level]) => `radar,sensor=a\\ 1 level=${level} ${atMs}`),
  );
});

test('a window with more rows than may be held is given back unread', async () => {
  const rows = Array.from({ length: 12_000 }, (_, n) => [1_000_000 + n, n] as const);
  expect(
    await readWindow(serverOf(rows), [MEASUREMENT], { fromMs: 0, toMs: 2_000_000 }, 10_000),
  ).toBeUndefined();
});

test('bodies hold every line once and in order, and end where a moment ends', () => {
  const moments = fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 400 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(moments, (counts) => {
      const lines = counts.flatMap(([count, bytes], atMs) =>
        Array.from({ length: count }, (_, n) => ({ atMs, line: `${atMs} ${n} ${'x'.repeat(bytes)}` })),
      );
      const bodies = [...cutBodies(lines)].map((body) => body.split('\n'));
      expect(bodies.flat()).toEqual(lines.map(({ line }) => line));
      const momentOf = (line: string | undefined) => line?.split(' ', 1)[0];
      for (const [index, body] of bodies.entries()) {
        expect(body.length).toBeLessThanOrEqual(5_000);
        const isOneMoment = momentOf(body[0]) === momentOf(body.at(-1));
        if (!isOneMoment) expect(momentOf(bodies[index + 1]?.[0])).not.toBe(momentOf(body.at(-1)));
      }
    }),
    { numRuns: 50 },
  );
});
