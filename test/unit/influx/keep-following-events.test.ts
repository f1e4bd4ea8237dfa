/** The copies of alerts and incidents at a start, before InfluxDB has been prepared. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CopyHealth } from '../../../influx/copy/copy-health.ts';
import { createInfluxMetrics } from '../../../influx/copy/influx-metrics.ts';
import { keepFollowingEvents } from '../../../influx/keep-following-events.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

test('before InfluxDB has answered nothing is read, and nothing is said to be wrong', async () => {
  await using database = await openMemoryDatabase();
  const health = new CopyHealth(pino({ level: 'silent' }), () => 0, new Registry());
  const ending = new AbortController();
  const asked: string[] = [];
  const delivery = {
    write: async () => {
      throw new Error('InfluxDB has not answered yet');
    },
    setAside: { add: async () => undefined, read: async () => [] } as never,
    now: () => 0,
    onFailure: () => undefined,
  };
  const told: (readonly string[])[] = [];
  await keepFollowingEvents({
    ...{ city: 'semarang', delivery, database, metrics: createInfluxMetrics(new Registry()), health },
    ...{ signal: ending.signal, pollMs: 0 },
    source: {
      name: 'alerts',
      readAfter: async () => {
        asked.push('read');
        ending.abort();
        return [];
      },
    },
    isPrepared() {
      told.push(health.problems);
      return told.length > 3;
    },
  });
  expect(told).toEqual([[], [], [], []]);
  expect(asked).toEqual(['read']);
});
