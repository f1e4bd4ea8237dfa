/**
 * What writes to InfluxDB today writes to Siaga: InfluxDB's own client and what Telegraf posts, over a real port, and
 * line protocol over MQTT, with the real server and its command line.
 */
import { gzipSync } from 'node:zlib';
import { HttpError, InfluxDB, Point, type WriteOptions } from '@influxdata/influxdb-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { connectTcp, publishPacket } from '../support/raw-mqtt-client.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const GATEWAY = 'gateway:influx';
/** Each is sent once: what is asked for is what one request comes to. */
const ONCE: Partial<WriteOptions> = { maxRetries: 0, flushInterval: 0 };

let folder: DataFolder;
let server: RunningSiaga;
let secret: string;
beforeAll(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
  await devices('set', 'kreo-cepoko', '--format', 'line-protocol', '--alias', 'Gauge 7');
  await devices('set', 'garang-pudakpayung', '--format', 'line-protocol', '--alias', 'pi-2');
  // The last, so that who finds it known finds the others too.
  secret = await devices('add', GATEWAY, '--format', 'line-protocol');
  const body = '# nothing';
  // A command reaches the server within two seconds.
  await eventually(async () => expect((await write(body)).status).toBe(204));
}, 120_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function devices(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout.trim();
}

const write = (body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${server.httpUrl}/write?db=telegraf&u=${GATEWAY}&p=${encodeURIComponent(secret)}`, {
    method: 'POST',
    headers: { connection: 'close', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
interface HistoryPoint {
  readonly at: string;
  readonly values: Record<string, number>;
}
async function pointsOf(id: string): Promise<readonly HistoryPoint[]> {
  return (await server.get<{ points: HistoryPoint[] }>(`/v1/devices/${id}/readings`)).points;
}
const clientOf = (token: string) => new InfluxDB({ url: server.httpUrl, token });

describe('the client of InfluxDB', () => {
  test('writes, and what it wrote is read back with its milliseconds', async () => {
    const from = Date.now() - 600_000;
    const api = clientOf(`${GATEWAY}:${secret}`).getWriteApi('city', 'rivers', 'ms', ONCE);
    const values = Array.from({ length: 500 }, (_, n) => (10_000 + n) / 10_000);
    for (const [n, levelM] of values.entries()) {
      const point = new Point('water level').tag('device', 'Gauge 7').floatField('level_m', levelM);
      api.writePoint(
        point
          .stringField('note', 'a "b", c\\ d\ne')
          .booleanField('ok', true)
          .timestamp(from + n * 1_000 + (n % 7)),
      );
    }
    await api.close();
    await eventually(async () => {
      const points = await pointsOf('kreo-cepoko');
      expect(points.map(({ values: { levelM } }) => levelM)).toEqual(values);
      expect(points.map(({ at }) => Date.parse(at))).toEqual(
        values.map((_, n) => from + n * 1_000 + (n % 7)),
      );
    });
  });

  test('is told of a bad line in a way that it understands', async () => {
    const api = clientOf(`${GATEWAY}:${secret}`).getWriteApi('city', 'rivers', 's', ONCE);
    api.writeRecords(['water,device=pi-2 level=1.5', 'water,device=pi-2 level=x']);
    const error = await api.close().then(
      () => undefined,
      (each: unknown) => each,
    );
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ statusCode: 400, code: 'invalid' });
    expect((error as HttpError).message).toContain('invalid number (line 2)');
    await eventually(async () => {
      const points = await pointsOf('garang-pudakpayung');
      expect(points.map(({ values }) => values['levelM'])).toEqual([1.5]);
    });
  });

  test('is refused with another token', async () => {
    const api = clientOf(`${GATEWAY}:wrong`).getWriteApi('city', 'rivers', 's', ONCE);
    api.writeRecord('water,device=pi-2 level=9');
    await expect(api.close()).rejects.toMatchObject({ statusCode: 401, code: 'unauthorized' });
  });
});

describe('what Telegraf posts', () => {
  test('its database, then packed lines of a host that is nobody’s, which wait until they are claimed', async () => {
    const ping = await fetch(`${server.httpUrl}/ping`, { method: 'HEAD', headers: { connection: 'close' } });
    expect([ping.status, ping.headers.get('x-influxdb-version')]).toEqual([204, '1.8.10']);
    const query = await fetch(`${server.httpUrl}/query`, {
      method: 'POST',
      headers: {
        connection: 'close',
        authorization: `Basic ${Buffer.from(`${GATEWAY}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ q: 'CREATE DATABASE "telegraf"' }).toString(),
    });
    expect(await query.json()).toEqual({ results: [{ statement_id: 0 }] });
    const at = Date.now() - 300_000;
    // The first names a machine that will never be claimed; the second does not wait for it.
    const lines = [
      'mem,host=db-1 used=1i',
      `modbus,host=pi-9,slave_id=1 water_level_cm=142.5`,
      'cpu,host=pi-9 usage_idle=97.9',
    ];
    const body = lines.map((line) => `${line} ${at}999999\n`).join('');
    const answer = await write(gzipSync(body), { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(204);
    await eventually(async () => {
      const { waiting } = await server.get<{ waiting: object[] }>('/v1/waiting');
      const named = { gateway: GATEWAY, format: 'line-protocol', messages: 1 };
      expect(waiting).toHaveLength(2);
      for (const alias of ['db-1', 'pi-9'])
        expect(waiting).toContainEqual(expect.objectContaining({ ...named, alias }));
    });
    await devices('set', 'garang-tinjomoyo', '--format', 'line-protocol');
    await devices('claim', 'pi-9', 'garang-tinjomoyo');
    await eventually(async () => {
      const points = await pointsOf('garang-tinjomoyo');
      expect(points.map(({ at: when, values }) => [Date.parse(when), values])).toEqual([
        [at, { levelM: 1.425 }],
      ]);
    });
  });

  test('over MQTT, with the options of the gateway', async () => {
    const words = ['--identity', 'url,host', '--fields', 'radar.stage=levelM:cm', '--precision', 's'];
    const password = await devices('add', 'garang-pudakpayung', '--format', 'line-protocol', ...words);
    const client = await eventually(async () => {
      const each = await connectTcp(server.mqttPort);
      const asked = { clientId: 'esp', username: 'garang-pudakpayung', password: Buffer.from(password) };
      const { returnCode } = await each.connect(asked);
      if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
      return each;
    });
    const at = Math.round(Date.now() / 1_000) - 60;
    const line = `radar,url=pi-2 stage=151 ${at}`;
    client.send(publishPacket('esp/garang-pudakpayung', line, { qos: 1, messageId: 1 }));
    await client.next('puback');
    await eventually(async () => {
      const points = await pointsOf('garang-pudakpayung');
      expect(points.map(({ at: when, values }) => [Date.parse(when), values])).toContainEqual([
        at * 1_000,
        { levelM: 1.51 },
      ]);
    });
  });
});
