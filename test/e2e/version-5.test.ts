/** Clients that people have, speaking MQTT 5: what their users see when a reading is taken, and when it is not. */
import { spawnSync } from 'node:child_process';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const DEVICE = 'kreo-cepoko';
const ROOT = `siaga/semarang/river-gauge/${DEVICE}`;
const TELEMETRY = `${ROOT}/telemetry`;

let folder: DataFolder;
let server: RunningSiaga;
let secret: string;
beforeAll(async () => {
  folder = await createDataFolder();
  secret = (await runCommand('broker/credentials/cli.ts', ['add', DEVICE], folder.path)).stdout.trim();
  server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
}, 60_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const levelOf = async () => {
  const { last } = await server.get<{ last?: { values: { levelM: number } } }>(`/v1/devices/${DEVICE}`);
  return last?.values.levelM;
};

describe('the mqtt package', () => {
  const dial = (fields: mqtt.IClientOptions = {}): Promise<MqttClient> =>
    mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, {
      ...{ protocolVersion: 5, clientId: DEVICE, username: DEVICE, password: secret },
      ...fields,
    });

  test('is acknowledged, aliases its topics by itself, and is told why a reading was refused', async () => {
    const device = await dial({ autoAssignTopicAlias: true });
    for (const levelM of [1.1, 1.2, 1.3]) {
      await device.publishAsync(TELEMETRY, JSON.stringify({ levelM }), { qos: 1 });
    }
    await eventually(async () => expect(await levelOf()).toBe(1.3));
    const refused = device.publishAsync(TELEMETRY, '{"LevelM":1.4}', { qos: 1 });
    await expect(refused).rejects.toMatchObject({ code: 0x99 });
    const elsewhere = TELEMETRY.replace(DEVICE, 'garang-pudakpayung');
    const foreign = device.publishAsync(elsewhere, '{"levelM":1}', { qos: 1 });
    await expect(foreign).rejects.toMatchObject({ code: 0x87 });
    // It is connected still.
    await device.publishAsync(TELEMETRY, '{"levelM":1.5}', { qos: 1 });
    await eventually(async () => expect(await levelOf()).toBe(1.5));
    await device.endAsync();
  }, 60_000);

  test('gets the sentence of the rejection', async () => {
    const device = await dial();
    const told = new Promise<string | undefined>((resolve) =>
      device.on('packetreceive', (packet) => {
        if (packet.cmd === 'puback' && packet.reasonCode) resolve(packet.properties?.reasonString);
      }),
    );
    await device.publishAsync(TELEMETRY, '{"LevelM":1.4}', { qos: 1 }).catch(() => undefined);
    const { rejections } = await server.get<{ rejections: { detail: string }[] }>('/v1/rejections');
    expect(rejections.map(({ detail }) => detail)).toContain(await told);
    await device.endAsync();
  }, 60_000);

  test('finds its session after kill -9 of the server', async () => {
    const kept = { clean: false, properties: { sessionExpiryInterval: 3_600 } };
    const device = await dial(kept);
    await device.subscribeAsync(`${ROOT}/command`, { qos: 1 });
    await device.endAsync();
    await server.kill();
    server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
    const back = mqtt.connect(`mqtt://127.0.0.1:${server.mqttPort}`, {
      ...{ protocolVersion: 5, clientId: DEVICE, username: DEVICE, password: secret },
      ...kept,
    });
    const sessionPresent = await new Promise((resolve) =>
      back.once('connect', (packet) => resolve(packet.sessionPresent)),
    );
    expect(sessionPresent).toBe(true);
    await back.endAsync();
  }, 120_000);
});

const hasMosquittoPub = spawnSync('mosquitto_pub', ['--help']).error === undefined;
describe.skipIf(!hasMosquittoPub && process.env['CI'] !== 'true')('mosquitto_pub -V 5', () => {
  const publish = (message: string, ...more: string[]) =>
    spawnSync(
      'mosquitto_pub',
      [
        ...['-V', '5', '-h', '127.0.0.1', '-p', `${server.mqttPort}`, '-i', DEVICE, '-u', DEVICE],
        ...['-P', secret, '-q', '1', '-t', TELEMETRY, '-m', message, ...more],
      ],
      { encoding: 'utf8', timeout: 60_000 },
    );

  test('is acknowledged, with properties too', async () => {
    const { status, stderr } = publish('{"levelM":2.5}', '-D', 'publish', 'user-property', 'a', 'b');
    expect([status, stderr]).toEqual([0, '']);
    await eventually(async () => expect(await levelOf()).toBe(2.5));
  }, 90_000);

  test('says what was wrong', () => {
    expect(publish('2.5 m').stderr).toContain('Payload format invalid');
  }, 90_000);
});
