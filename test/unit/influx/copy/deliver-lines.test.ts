import { HttpError } from '@influxdata/influxdb-client';
import { describe, expect, it } from 'vitest';
import { deviceKinds } from '../../../../devices/kinds/index.ts';
import {
  type DeliveryTools,
  deliverLines,
  NotDeliveredError,
} from '../../../../influx/copy/deliver-lines.ts';
import { createReadingFormat } from '../../../../influx/copy/reading-lines.ts';
import type { SetAsideLine } from '../../../../influx/copy/set-aside.ts';
import { stageReading } from '../../../support/influx-house.ts';

const NOW = Date.UTC(2026, 0, 15);
const format = createReadingFormat(deviceKinds);
const refusal = (status: number, body: string) => new HttpError(status, 'x', body, null, 'application/json');
const lineOf = (device: string, index: number, kind = 'river-gauge'): string =>
  format({ ...stageReading(device, NOW - 1e6 + index, { levelM: index, clients: 1 }), kind }) as string;
const batchOf = (count: number, kind?: string): string[] =>
  Array.from({ length: count }, (_, index) => lineOf(`gauge-${index}`, index, kind));

/** A server that takes lines unless `judge` throws. */
function server(judge: (lines: readonly string[]) => void, room = 50, more: Partial<DeliveryTools> = {}) {
  const taken: string[] = [];
  const aside: SetAsideLine[] = [];
  let requests = 0;
  const tools: DeliveryTools = {
    async write(text) {
      requests++;
      const lines = text.trimEnd().split('\n');
      judge(lines);
      taken.push(...lines);
    },
    setAside: {
      roomFor: () => room,
      keep: async (line) => void aside.push(line),
      read: async () => aside,
      retain: async () => undefined,
    },
    now: () => NOW,
    onFailure: () => undefined,
    ...more,
  };
  const deliver = (lines: readonly string[], mark?: string) => deliverLines(tools, lines, mark);
  const heldBy = async (lines: readonly string[]) => {
    const error = await deliver(lines).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotDeliveredError);
    expect(aside).toEqual([]);
    return error as NotDeliveredError;
  };
  return { deliver, heldBy, taken, aside, requests: () => requests };
}

const CONFLICT = '{"error":"partial write: field type conflict: input field \\"levelM\\" dropped=1"}';

describe('a few lines that are refused beside others of their measurement', () => {
  const poison = (devices: readonly string[]) => (lines: readonly string[]) => {
    const bad = lines.find((line) => devices.some((device) => line.includes(`device=${device} `)));
    if (bad) throw refusal(400, CONFLICT);
  };

  it.each([[0], [1], [999], [1_234], [1_999]])('as the one at %i are set aside, and no other', async (at) => {
    const { deliver, taken, aside, requests } = server(poison([`gauge-${at}`]));
    expect(await deliver(batchOf(2_000))).toEqual({ written: 1_999, expired: 0, setAside: 1 });
    expect(taken).toHaveLength(1_999);
    expect(aside[0]?.line).toContain(`device=gauge-${at} `);
    expect(aside[0]?.reason).toContain('field type conflict');
    // 2·log2(2,000) = 22 pieces, and the whole.
    expect(requests()).toBeLessThanOrEqual(23);
  });

  it('leave the others in their order', async () => {
    const { deliver, taken } = server(poison(['gauge-3', 'gauge-50']));
    await deliver(batchOf(64));
    const times = taken.map((line) => Number(line.split(' ').at(-1)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('are found by one answer where the server names them, as 3 Core does', async () => {
    const { deliver, aside, requests } = server((lines) => {
      const data = lines.flatMap((line, index) =>
        /device=gauge-(3|77) /.test(line)
          ? [{ original_line: line, line_number: index + 1, error_message: 'invalid column type' }]
          : [],
      );
      if (data.length > 0) {
        throw refusal(400, JSON.stringify({ error: 'partial write of line protocol occurred', data }));
      }
    });
    expect(await deliver(batchOf(100), 'siaga_cursor,city=a position=1 0')).toEqual({
      written: 98,
      expired: 0,
      setAside: 2,
    });
    expect(aside.map(({ line }) => /device=([\w-]+)/.exec(line)?.[1])).toEqual(['gauge-3', 'gauge-77']);
    expect(requests()).toBe(1);
  });

  it('are held once more of them came within an hour than can be to blame', async () => {
    const { heldBy } = server(poison(['gauge-1', 'gauge-2']), 1);
    expect((await heldBy(batchOf(10))).message).toMatch(/refuses lines of river_gauge that are right/);
  });
});

describe('a batch is held, and nothing set aside', () => {
  const refuseAll = (status: number, body: string) => () => {
    throw refusal(status, body);
  };

  it('where all of it is refused, within a bounded number of requests', async () => {
    const { heldBy, requests } = server(refuseAll(400, '{"error":"unable to parse"}'));
    expect(await heldBy(batchOf(5_000))).toMatchObject({ isHeld: true });
    expect(requests()).toBeLessThanOrEqual(80);
  });

  it('where a single line is refused and has no neighbour that passes', async () => {
    const { heldBy } = server(refuseAll(422, CONFLICT));
    expect((await heldBy(batchOf(1))).message).toMatch(/DROP MEASUREMENT "river_gauge".*field type conflict/);
  });

  it('where one measurement is refused and another passes: a foreign writer', async () => {
    const { heldBy, taken } = server((lines) => {
      if (lines.some((line) => line.startsWith('river_gauge'))) throw refusal(422, CONFLICT);
    });
    const error = await heldBy([...batchOf(3), ...batchOf(3, 'wifi-access-point')]);
    expect(error.message).toMatch(/something else has written a field of river_gauge with another type/);
    expect(taken).toHaveLength(3);
  });

  it('where the database would be the sixth of 3 Core', async () => {
    const words = 'Adding a new database would exceed limit of 5 databases';
    const message = `write buffer error: catalog update error: ${words}`;
    const { heldBy, requests } = server(refuseAll(400, JSON.stringify({ code: 'invalid', message })));
    expect((await heldBy(batchOf(814))).message).toMatch(/INFLUX_BUCKET.*limit of 5 databases/);
    expect(requests()).toBe(1);
  });

  it.each([
    [400, 'write buffer error: error from wal: … No space left on device (os error 28)', /make room/],
    [500, 'unexpected error writing points to database: [shard 2] write /d: no space left on device', /room/],
    [500, 'not attempting to open shard 2; opening shard previously failed with: …', /restart it/],
    [500, 'unexpected error writing points to database: timeout', /timeout/],
    [400, 'write buffer error: oneshot channel closed', /cannot write at the moment/],
    [400, 'partial write: max-series-per-database limit exceeded: (5) dropped=2', /limit/],
    [422, 'partial write: max-values-per-tag limit exceeded (1/1) dropped=1', /limit/],
  ])('by one request where the server says %i %s', async (status, message, sentence) => {
    const { heldBy, requests } = server(refuseAll(status, JSON.stringify({ code: 'x', message })));
    expect((await heldBy(batchOf(100))).message).toMatch(sentence);
    expect(requests()).toBe(1);
  });

  it('with the wait that was asked for', async () => {
    const { heldBy } = server(() => {
      throw new HttpError(503, 'x', '{}', '5', 'application/json', undefined, { 'retry-after': '5' });
    });
    expect(await heldBy(batchOf(10))).toMatchObject({ waitMs: 5_000, isHeld: false });
  });

  it('where readings of the last hour are called older than the retention', async () => {
    const young = Array.from({ length: 5 }, (_, index) =>
      format(stageReading('g', NOW - index, { levelM: 1 })),
    );
    const { heldBy } = server(
      refuseAll(400, '{"error":"partial write: points beyond retention policy dropped=5"}'),
    );
    expect((await heldBy(young as string[])).message).toMatch(/its clock is wrong, or ours/);
  });

  it('where what is younger than the retention of the bucket is called older', async () => {
    const days = (age: number) => format(stageReading('g', NOW - age * 86_400_000, { levelM: 1 })) as string;
    const beyond = '{"error":"partial write: points beyond retention policy dropped=2"}';
    const judged = (keepsMs: number | undefined) => {
      let looks = 0;
      const { heldBy, deliver } = server(refuseAll(400, beyond), 50, {
        retentionMs: () => keepsMs,
        lookAgain: () => void looks++,
      });
      return { heldBy, deliver, looks: () => looks };
    };
    const month = judged(30 * 86_400_000);
    expect((await month.heldBy([days(2), days(20), days(40)])).message).toMatch(
      /its clock is wrong, or ours/,
    );
    // Or the retention is another one by now.
    expect(month.looks()).toBe(1);
    const counts = { written: 1, expired: 2, setAside: 0 };
    expect(await month.deliver([days(2), days(31), days(40)])).toEqual(counts);
    await judged(0).heldBy([days(2), days(31), days(4_000)]);
    expect(await judged(undefined).deliver([days(0), days(2), days(3)])).toEqual(counts);
  });
});

describe('a batch', () => {
  it('that is too large for the server goes in halves', async () => {
    const { deliver, taken } = server((lines) => {
      if (lines.length > 300) throw refusal(413, '{"message":"too large"}');
    });
    expect(await deliver(batchOf(2_000))).toEqual({ written: 2_000, expired: 0, setAside: 0 });
    expect(taken).toHaveLength(2_000);
  });

  it.each([
    [400, '{"error":"partial write: points beyond retention policy dropped=3"}'],
    [
      422,
      '{"code":"unprocessable entity","message":"failure writing points to database: partial write: dropped 3 points outside retention policy of duration 24h0m0s - oldest point … newest point … dropped=3 for database: 0f for retention policy: autogen"}',
    ],
  ])('of which the server leaves out what is too old is not sent again (%i)', async (status, body) => {
    const { deliver, requests } = server(() => {
      throw refusal(status, body);
    });
    const old = Array.from({ length: 10 }, (_, index) => format(stageReading('g', index, { levelM: 1 })));
    expect(await deliver(old as string[])).toEqual({ written: 7, expired: 3, setAside: 0 });
    expect(requests()).toBe(1);
  });

  it('carries the mark once, behind its last line', async () => {
    const { deliver, taken } = server((lines) => {
      if (lines.length > 30) throw refusal(413, '{}');
    });
    await deliver(batchOf(100), 'siaga_cursor,city=semarang position=5 0');
    expect(taken.filter((line) => line.startsWith('siaga_cursor'))).toHaveLength(1);
    expect(taken.at(-1)).toContain('siaga_cursor');
  });
});
