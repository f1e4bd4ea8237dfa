/**
 * `npm run devices` beside a running server: what it issues is accepted, what it revokes is cut off, and the
 * secret it showed is in no file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const DEVICE = 'kreo-cepoko';
const TOPIC = `siaga/semarang/river-gauge/${DEVICE}/telemetry`;

let folder: DataFolder;
let server: RunningSiaga;
beforeAll(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
}, 60_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function devices(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  return stdout.trim();
}

/** CONNECT with the secret; the server looks once a second whether the database has changed. */
async function dial(secret: string, id = DEVICE): Promise<RawMqttClient> {
  return eventually(async () => {
    const client = await connectTcp(server.mqttPort);
    const { returnCode } = await client.connect({
      clientId: id,
      username: id,
      password: Buffer.from(secret),
    });
    if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
    return client;
  });
}

describe('a device', () => {
  test('is let in with the secret that add showed, rotated beside it, and cut off when it is revoked', async () => {
    const first = await devices('add', DEVICE);
    const device = await dial(first);
    device.send(publishPacket(TOPIC, '{"levelM":1.5}', { qos: 1, messageId: 1 }));
    await device.next('puback');

    const second = await devices('rotate', DEVICE);
    const other = await dial(second);
    // One device, one connection: the one with the first secret was taken over, not refused.
    await device.closed();
    const again = await dial(first);
    await other.closed();
    await again.ping();

    await devices('revoke', DEVICE);
    await again.closed();
    expect(await server.metric('siaga_mqtt_connection_ends_total', { reason: 'revoked' })).toBe(1);
    const late = await connectTcp(server.mqttPort);
    const connack = await late.connect({ clientId: DEVICE, username: DEVICE, password: Buffer.from(second) });
    expect(connack.returnCode).toBe(4);

    for (const name of readdirSync(folder.path)) {
      const bytes = readFileSync(`${folder.path}/${name}`);
      for (const secret of [first, second]) expect(bytes.includes(secret), name).toBe(false);
    }
  }, 60_000);

  test('that the city does not have is registered while the server runs', async () => {
    const secret = await devices('add', 'gauge-77', '--kind', 'river-gauge', '--lat', '-7', '--lng', '110.4');
    const device = await dial(secret, 'gauge-77');
    device.send(publishPacket(TOPIC.replace(DEVICE, 'gauge-77'), '{"levelM":1}', { qos: 1, messageId: 1 }));
    await device.next('puback');
    const found = await server.get<{ id: string }>('/v1/devices/gauge-77');
    expect(found.id).toBe('gauge-77');
    device.destroy();
  }, 60_000);
});
