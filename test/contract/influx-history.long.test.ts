/**
 * InfluxDB under the contract of history, by both ways of writing: that of 1.x, and that of 2.x (through a
 * proxy before the same real influxd), compressed as towards another machine.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openInfluxHouse } from '../support/influx-house.ts';
import { type InfluxV2Proxy, startInfluxV2Proxy } from '../support/influx-v2-proxy.ts';
import { influxdMissing, startInfluxd } from '../support/influxd.ts';
import { describeHistory, type HistoryUnderTest } from './history.suite.ts';

async function underTest(url: string, token?: string): Promise<HistoryUnderTest> {
  const house = await openInfluxHouse(url, { config: { INFLUX_TOKEN: token } });
  house.drain();
  return {
    history: house.history,
    async write(readings) {
      await house.journal.append(readings, []);
      await house.caughtUp();
    },
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

describe.skipIf(influxdMissing())('InfluxDB', () => {
  describeHistory('InfluxDB 1.x', async () => {
    const influxd = await startInfluxd();
    const opened = await underTest(influxd.url);
    return {
      ...opened,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
        await influxd[Symbol.asyncDispose]();
      },
    };
  });

  let proxy: InfluxV2Proxy | undefined;
  describeHistory('InfluxDB by the API of 2.x', async () => {
    const influxd = await startInfluxd();
    const started = await startInfluxV2Proxy(influxd.url, 'a-token');
    proxy = started;
    const opened = await underTest(started.url, 'a-token');
    // More than the threshold of compression, in a kind that the contract does not look at.
    await opened.write(
      Array.from({ length: 500 }, (_, index) => ({
        city: 'semarang',
        kind: 'wifi-access-point',
        device: 'ap-1',
        measuredAt: index,
        receivedAt: index,
        simulated: false,
        quality: 0,
        values: { clients: index },
      })),
    );
    return {
      ...opened,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
        await started[Symbol.asyncDispose]();
        await influxd[Symbol.asyncDispose]();
      },
    };
  });
  afterAll(() => expect(proxy?.compressedWrites).toBeGreaterThan(0));

  it('says that the token is wrong, and which variable holds it', async () => {
    await using influxd = await startInfluxd();
    await using started = await startInfluxV2Proxy(influxd.url, 'a-token');
    await using house = await openInfluxHouse(started.url, { config: { INFLUX_TOKEN: 'another' } });
    house.drain();
    await expect.poll(() => house.history.problem).toContain('INFLUX_TOKEN');
  });
});
