/** A broker of somebody else, a real Mosquitto: nothing that it was told we have is lost, and nothing is there twice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../support/mosquitto.ts';
import { createDataFolder, type DataFolder, runCommand, startSiaga } from '../support/start-siaga.ts';

const KILLS = 3;
const MESSAGES_A_ROUND = 150;
const EUI = 'a84041ffff123456';

describe.skipIf(mosquittoMissing())('a stream from an outside broker', () => {
  let outside: Mosquitto;
  let folder: DataFolder;
  beforeAll(async () => {
    outside = await startMosquitto();
    folder = await createDataFolder();
    const file = join(folder.path, 'sources.json');
    writeFileSync(join(folder.path, 'password'), 'not asked for\n');
    const source = {
      ...{ name: 'lorawan', url: `mqtt://127.0.0.1:${outside.port}`, gateway: 'gateway:lora' },
      ...{ topics: ['application/+/device/+/event/+'], username: 'siaga', passwordFile: 'password' },
    };
    writeFileSync(file, JSON.stringify({ sources: [source] }));
    await devices('add', 'gateway:lora', '--format', 'chirpstack');
    await devices('add', 'kreo-cepoko', '--format', 'chirpstack', '--alias', EUI);
  }, 60_000);
  afterAll(async () => {
    await outside?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  async function devices(...words: string[]): Promise<void> {
    const { code, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
    expect(code, stderr).toBe(0);
  }
  const start = () =>
    startSiaga({ dataDir: folder.path, environment: { SOURCES_FILE: join(folder.path, 'sources.json') } });

  test(`survives ${KILLS} kills while it flows`, async () => {
    const publisher = await mqtt.connectAsync(`mqtt://127.0.0.1:${outside.port}`);
    let sent = 0;
    const publishRound = async () => {
      for (let n = 0; n < MESSAGES_A_ROUND; n++) {
        const body = {
          deviceInfo: { devEui: EUI },
          // Every second one has no time of its own.
          ...(sent % 2 ? {} : { time: new Date(Date.now() - 3_600_000 + sent * 1_000).toISOString() }),
          fCnt: sent,
          object: { levelM: sent / 1_000 },
        };
        sent++;
        await publisher.publishAsync(`application/1/device/${EUI}/event/up`, JSON.stringify(body), {
          qos: 1,
        });
      }
    };
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await start();
      await eventually(async () => expect(await server.metric('siaga_source_connections')).toBe(1));
      const flowing = publishRound();
      await eventually(async () =>
        expect(await server.metric('siaga_source_messages_total')).toBeGreaterThan(5),
      );
      await server.kill();
      await flowing;
    }
    await using server = await start();
    await eventually(async () => {
      const from = new Date(Date.now() - 2 * 3_600_000).toISOString();
      const path = `/v1/devices/kreo-cepoko/readings?limit=10000&from=${from}`;
      const { points } = await server.get<{ points: { values: { levelM: number } }[] }>(path);
      const levels = points.map(({ values }) => Math.round(values.levelM * 1_000)).sort((a, b) => a - b);
      expect(levels).toEqual(Array.from({ length: sent }, (_, n) => n));
    });
    expect(await server.get('/readyz')).toEqual({ status: 'ready' });
    await publisher.endAsync();
  }, 180_000);
});

describe.skipIf(mosquittoMissing())('a Mosquitto bridge', () => {
  test('brings what its devices say with its default notifications', async () => {
    await using folder = await createDataFolder();
    const devices = (...words: string[]) => runCommand('broker/credentials/cli.ts', words, folder.path);
    const { stdout } = await devices('add', 'gateway:field', '--format', 'siaga');
    await devices('add', 'kreo-cepoko', '--gateway', 'field');
    await using server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
    await using field = await startMosquitto([
      'connection siaga',
      `address 127.0.0.1:${server.mqttPort}`,
      'remote_username gateway:field',
      `remote_password ${stdout.trim()}`,
      'topic siaga/# out 1',
      'restart_timeout 1',
    ]);
    const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${field.port}`);
    const topic = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
    await device.publishAsync(topic, '{"levelM":1.23}', { qos: 1 });
    await device.endAsync();
    await eventually(async () => {
      const { last } = await server.get<{ last?: { values: object } }>('/v1/devices/kreo-cepoko');
      expect(last?.values).toEqual({ levelM: 1.23 });
    });
  }, 90_000);
});
