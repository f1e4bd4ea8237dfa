import { HttpError } from '@influxdata/influxdb-client';
import { describe, expect, it } from 'vitest';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import type { Reading } from '../../../devices/reading.ts';
import { type DeliveryTools, deliverBatch, InfluxUnavailableError } from '../../../influx/deliver-batch.ts';
import { createLineEncoder } from '../../../influx/line-encoder.ts';
import type { SetAsideLine } from '../../../influx/set-aside.ts';
import { stageReading } from '../../support/influx-house.ts';

const refusal = (status: number, body: string) => new HttpError(status, 'x', body, null, 'application/json');
const batchOf = (count: number): Reading[] =>
  Array.from({ length: count }, (_, index) => stageReading(`gauge-${index}`, index, { levelM: index }));

/** A server that takes lines unless `judge` throws, as InfluxDB does: the good ones of a refused batch too. */
function server(judge: (lines: readonly string[]) => void) {
  const taken: string[] = [];
  const aside: SetAsideLine[] = [];
  let requests = 0;
  const tools: DeliveryTools = {
    encoder: createLineEncoder(deviceKinds),
    async write(text) {
      requests++;
      const lines = text.trimEnd().split('\n');
      judge(lines);
      taken.push(...lines);
    },
    setAside: { keep: async (line) => void aside.push(line) },
    now: () => 0,
    onFailure: () => undefined,
  };
  return { tools, taken, aside, requests: () => requests };
}

describe('a batch with poison in it', () => {
  const poison = (devices: readonly string[]) => (lines: readonly string[]) => {
    const bad = lines.find((line) => devices.some((device) => line.includes(`device=${device} `)));
    if (bad) throw refusal(400, `{"error":"partial write: field type conflict in ${bad.length} dropped=1"}`);
  };

  it.each([[0], [1], [999], [1_234], [1_999]])(
    'is written but for the line at %i, which is set aside',
    async (at) => {
      const { tools, taken, aside, requests } = server(poison([`gauge-${at}`]));
      const counts = await deliverBatch(tools, batchOf(2_000), '');
      expect(counts).toEqual({ written: 1_999, expired: 0, setAside: 1 });
      expect(taken).toHaveLength(1_999);
      expect(aside[0]?.line).toContain(`device=gauge-${at} `);
      expect(aside[0]?.reason).toContain('field type conflict');
      // 2·log2(2,000) = 22 pieces, and the whole.
      expect(requests()).toBeLessThanOrEqual(23);
    },
  );

  it('keeps the order of the lines that are written', async () => {
    const { tools, taken } = server(poison(['gauge-3', 'gauge-50']));
    await deliverBatch(tools, batchOf(64), '');
    const times = taken.map((line) => Number(line.split(' ').at(-1)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('costs a bounded number of requests when every line is poison', async () => {
    const { tools, aside, requests } = server(() => {
      throw refusal(400, '{"error":"unable to parse"}');
    });
    const counts = await deliverBatch(tools, batchOf(2_000), '');
    expect(counts.setAside).toBe(2_000);
    expect(aside).toHaveLength(2_000);
    expect(requests()).toBeLessThanOrEqual(300);
  });
});

describe('a batch', () => {
  it('that is too large for the server goes in halves', async () => {
    const { tools, taken } = server((lines) => {
      if (lines.length > 300) throw refusal(413, '{"message":"too large"}');
    });
    expect(await deliverBatch(tools, batchOf(2_000), '')).toEqual({
      written: 2_000,
      expired: 0,
      setAside: 0,
    });
    expect(taken).toHaveLength(2_000);
  });

  it('of which the server leaves out what is too old is not sent again', async () => {
    const { tools, requests } = server(() => {
      throw refusal(400, '{"error":"partial write: points beyond retention policy dropped=3"}');
    });
    expect(await deliverBatch(tools, batchOf(10), '')).toEqual({ written: 7, expired: 3, setAside: 0 });
    expect(requests()).toBe(1);
  });

  it('that nobody takes costs nothing: it is thrown back whole, with the wait that was asked for', async () => {
    const { tools, aside } = server(() => {
      throw new HttpError(503, 'x', '{}', '5', 'application/json', undefined, { 'retry-after': '5' });
    });
    const failure = await deliverBatch(tools, batchOf(10), '').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InfluxUnavailableError);
    expect(failure).toMatchObject({ waitMs: 5_000 });
    expect(aside).toEqual([]);
  });

  it('carries the mark once, behind its last line', async () => {
    const { tools, taken } = server((lines) => {
      if (lines.length > 30) throw refusal(413, '{}');
    });
    await deliverBatch(tools, batchOf(100), 'siaga_cursor,city=semarang position=5 0\n');
    expect(taken.filter((line) => line.startsWith('siaga_cursor'))).toHaveLength(1);
    expect(taken.at(-1)).toContain('siaga_cursor');
  });
});
