/** The whole server beside an InfluxDB that does not take what it should: people and devices do not notice. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeInflux } from '../support/fake-influx.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const START_TIMEOUT_MS = 120_000;
const PATIENT = { timeout: 30_000 };
const GAUGE = 'bkt-gemah';

let folder: DataFolder;
beforeEach(async () => {
  folder = await createDataFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** A port that takes connections and never says a word. */
async function openSilentPort(): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port where nothing listens. */
async function openClosedPort(): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await openSilentPort();
  await port[Symbol.asyncDispose]();
  return { url: port.url, [Symbol.asyncDispose]: async () => undefined };
}

async function publishReading(siaga: RunningSiaga): Promise<void> {
  const device = await connectAsync(`mqtt://127.0.0.1:${siaga.mqttPort}`);
  const topic = `siaga/semarang/river-gauge/${GAUGE}/telemetry`;
  await device.publishAsync(topic, JSON.stringify({ measuredAt: Date.now(), levelM: 1.25 }), { qos: 1 });
  await device.endAsync();
}

const readiness = (siaga: RunningSiaga) =>
  siaga.get<{ status: string; problems?: string[] }>('/readyz').catch((error: Error) => error.message);

describe('Siaga beside an InfluxDB', { timeout: START_TIMEOUT_MS }, () => {
  it.each([
    ['where nothing listens', openClosedPort, /connect ECONNREFUSED 127\.0\.0\.1:\d+/],
    ['that takes connections and never answers', openSilentPort, /did not answer in time/],
    [
      'whose disk hangs while it writes',
      () =>
        startFakeInflux({
          'GET /ping': { status: 204, headers: { 'x-influxdb-version': '1.6.7' } },
          'POST /query': { status: 200, json: { results: [{ statement_id: 0 }] } },
          'POST /write': { status: 204, hangs: true },
        }),
      undefined,
    ],
    [
      'that does not accept the token',
      () => startFakeInflux({ '': { status: 401, json: { code: 'unauthorized', message: 'no' } } }),
      /INFLUX_TOKEN/,
    ],
  ] as const)(
    '%s answers people, is ready, says where it is degraded, and ends with 0',
    async (_, open, why) => {
      await using influx = await open();
      await using siaga = await startSiaga({ dataDir: folder.path, environment: { INFLUX_URL: influx.url } });
      await publishReading(siaga);
      const { points } = await siaga.get<{ points: { values: object }[] }>(`/v1/devices/${GAUGE}/readings`);
      expect(points.map(({ values }) => values)).toEqual([{ levelM: 1.25 }]);
      if (why) {
        const degraded = { status: 'degraded', problems: [expect.stringMatching(why)] };
        await expect.poll(() => readiness(siaga), PATIENT).toMatchObject(degraded);
      } else expect(await siaga.metric('siaga_backlog_entries', { consumer: 'influx' })).toBe(1);
      expect(await siaga.stop()).toMatchObject({ code: 0 });
    },
  );
});
