/**
 * A device that exists works on the day it arrives: phones, LoRaWAN gauges through a gateway, webhooks, with the real
 * server, its command line, and nothing else.
 */
import { connectAsync } from 'mqtt';
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

const EUI = 'a84041ffff123456';
const UPLINK_TOPIC = `application/1/device/${EUI}/event/up`;

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

async function dial(username: string, secret: string, clientId: string): Promise<RawMqttClient> {
  return eventually(async () => {
    const client = await connectTcp(server.mqttPort);
    const { returnCode } = await client.connect({ clientId, username, password: Buffer.from(secret) });
    if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
    return client;
  });
}

async function publish(client: RawMqttClient, topic: string, payload: unknown): Promise<void> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  client.send(publishPacket(topic, text, { qos: 1, messageId: 1 }));
  await client.next('puback');
}

interface Device {
  readonly last?: { readonly values: Record<string, number> };
}
const lastOf = async (id: string) => (await server.get<Device>(`/v1/devices/${id}`)).last?.values;
const uplink = (object: object, fCnt: number) => ({
  deviceInfo: { devEui: EUI, deviceName: 'Kali Baru' },
  time: new Date(Date.now() - 60_000 + fCnt * 1_000).toISOString(),
  fCnt,
  object,
});
const post = (format: string, body: unknown, authorization: string) =>
  fetch(`${server.httpUrl}/v1/ingest/${format}`, {
    method: 'POST',
    headers: { authorization, connection: 'close' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

test('an ESPHome is there by its reading, and gone by its will', async () => {
  const secret = await devices('add', 'esp', '--kind', 'river-gauge', '--format', 'value');
  const presenceOf = async () => (await server.get<{ presence?: string }>('/v1/devices/esp')).presence;
  const client = await eventually(() =>
    connectAsync(
      `mqtt://127.0.0.1:${server.mqttPort}`,
      {
        ...{ clientId: 'esp-a1b2c3', username: 'esp', password: secret, reconnectPeriod: 0 },
        will: { topic: 'esp/status', payload: Buffer.from('offline'), qos: 1, retain: true },
      },
      false,
    ),
  );
  await client.publishAsync('esp/status', 'online', { qos: 1, retain: true });
  await client.publishAsync('esp/sensor/water_level/state', '1.42', { qos: 1 });
  expect(
    await eventually(async () => (await lastOf('esp')) ?? Promise.reject(new Error('no reading'))),
  ).toEqual({
    levelM: 1.42,
  });
  expect(await presenceOf()).toBe('online');
  client.stream.destroy();
  await eventually(async () => expect(await presenceOf()).toBe('offline'));
});

describe('a phone with Traccar Client 8', () => {
  test('is on the map by GET and by POST, and its secret goes no further', async () => {
    const words = ['add', 'motor-8', '--kind', 'ambulance', '--format', 'osmand', '--alias', '835012'];
    const secret = await devices(...words);
    const ask = (method: string, query: string) =>
      fetch(`${server.httpUrl}/v1/ingest/osmand?${query}`, { method, headers: { connection: 'close' } });
    const position = (lat: number) =>
      `id=835012&timestamp=${Math.floor(Date.now() / 1000)}&lat=${lat}&lon=110.42&speed=10&batt=80`;
    // The running server knows the new credential within 2 s.
    const byGet = await eventually(async () => {
      const answer = await ask('GET', `u=motor-8&p=${secret}&${position(-6.99)}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return answer;
    });
    expect(await byGet.json()).toEqual({ stored: 1, repeated: 0, rejected: 0 });
    await eventually(async () =>
      expect(await lastOf('motor-8')).toMatchObject({ lat: -6.99, batteryPct: 80 }),
    );
    expect((await lastOf('motor-8'))?.['speedMps']).toBeCloseTo(5.144, 3);
    const byPost = await ask('POST', `u=motor-8&p=${secret}&${position(-6.98)}`);
    expect(await byPost.json()).toMatchObject({ rejected: 0 });
    expect((await ask('GET', `u=motor-8&p=wrong&${position(-6.9)}`)).status).toBe(401);
    expect((await ask('GET', position(-6.9))).status).toBe(401);
    expect(await (await ask('GET', `u=motor-8&p=${secret}&id=835012&lat=x`)).json()).toMatchObject({
      rejected: 1,
    });
    const kept = await server.get<{ rejections: object[] }>('/v1/rejections?device=motor-8');
    const inbox = await server.get<object>('/v1/devices/motor-8/inbox');
    const everything = JSON.stringify([kept, inbox, server.logged]);
    expect(everything).toContain('835012');
    expect(everything).not.toContain(secret);
  });
});

describe('a phone with OwnTracks', () => {
  test('is on the map after one command, over MQTT under its own client id and over HTTP', async () => {
    const words = ['add', 'phone-1', '--kind', 'ambulance', '--format', 'owntracks', '--alias', 'budi/hp'];
    const secret = await devices(...words);
    const phone = await dial('phone-1', secret, 'budi-hp-android');
    const fix = {
      _type: 'location',
      lat: -6.9903,
      lon: 110.4229,
      tst: Math.round(Date.now() / 1000),
      vel: 36,
    };
    await publish(phone, 'owntracks/budi/hp', fix);
    await eventually(async () =>
      expect(await lastOf('phone-1')).toMatchObject({ lat: -6.9903, speedMps: 10 }),
    );
    const answer = await post(
      'owntracks',
      { ...fix, lat: -6.9904, tst: fix.tst + 1 },
      basic('phone-1', secret),
    );
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual([]);
    await eventually(async () => expect(await lastOf('phone-1')).toMatchObject({ lat: -6.9904 }));
    // The crew says that it is free, and it is among those that dispatch may send, where the phone is.
    await publish(phone, 'siaga/semarang/ambulance/phone-1/telemetry', { status: 'available' });
    await eventually(async () => {
      const nearest = await server.get('/v1/ambulances/nearest?lat=-6.9903&lng=110.4229');
      expect(JSON.stringify(nearest)).toContain('phone-1');
    });
  });
});

describe('a LoRaWAN gauge behind a gateway', () => {
  test('waits until it is claimed, and then what it said stands at its own time', async () => {
    const secret = await devices('add', 'gateway:lora', '--format', 'chirpstack');
    const gateway = await dial('gateway:lora', secret, 'chirpstack-bridge');
    await publish(gateway, UPLINK_TOPIC, uplink({ levelM: 1.11 }, 1));
    await publish(gateway, UPLINK_TOPIC, uplink({ levelM: 1.12 }, 2));
    await eventually(async () => {
      const { waiting } = await server.get<{ waiting: object[] }>('/v1/waiting');
      expect(waiting).toMatchObject([
        { alias: EUI, gateway: 'gateway:lora', format: 'chirpstack', messages: 2 },
      ]);
    });
    await devices('claim', EUI, 'kreo-cepoko');
    await eventually(async () => {
      const { points } = await server.get<{ points: { values: object }[] }>(
        '/v1/devices/kreo-cepoko/readings',
      );
      expect(points.map(({ values }) => values)).toEqual([{ levelM: 1.11 }, { levelM: 1.12 }]);
    });
    expect(await server.get('/v1/waiting')).toEqual({ waiting: [] });
    await publish(gateway, UPLINK_TOPIC, uplink({ levelM: 1.13 }, 3));
    await eventually(async () => expect(await lastOf('kreo-cepoko')).toMatchObject({ levelM: 1.13 }));
    const bearer = await post('chirpstack', uplink({ levelM: 1.14 }, 4), `Bearer gateway:lora:${secret}`);
    expect(await bearer.json()).toEqual({ stored: 1, repeated: 0, rejected: 0 });
  });

  test('is spoken for by nobody else', async () => {
    const secret = await devices('add', 'garang-pudakpayung', '--format', 'chirpstack');
    const other = await dial('garang-pudakpayung', secret, 'x');
    await publish(other, UPLINK_TOPIC, uplink({ levelM: 9.9 }, 9));
    const forged = await post('chirpstack', uplink({ levelM: 9.9 }, 9), basic('garang-pudakpayung', secret));
    expect(await forged.json()).toEqual({ stored: 0, repeated: 0, rejected: 1 });
    expect((await lastOf('kreo-cepoko'))?.['levelM']).toBeLessThan(2);
    const { messages } = await server.get<{ messages: { outcome: string }[] }>(
      '/v1/devices/garang-pudakpayung/inbox',
    );
    expect(messages[0]?.outcome).toContain('may not speak for');
  });
});

describe('a post', () => {
  test.each([
    ['', 401],
    ['Basic bm90aGluZw==', 401],
    [basic('phone-1', 'wrong'), 401],
    ['Bearer phone-1:wrong', 401],
    ['Bearer siaga_token', 401],
  ])('without a good credential is refused: %s', async (authorization, status) => {
    expect((await post('owntracks', {}, authorization)).status).toBe(status);
  });

  test('in a format that does not exist says which do', async () => {
    const answer = await post('pigeon', {}, basic('phone-1', 'wrong'));
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('the-things-stack');
  });

  test('that is too large is refused', async () => {
    expect((await post('owntracks', 'x'.repeat(300_000), basic('phone-1', 'wrong'))).status).toBe(413);
  });
});

test('a format is tried over the API, and nothing is written', async () => {
  const answer = await fetch(`${server.httpUrl}/v1/formats/try`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ format: 'mapped', payload: '{"tma":142}', mapping: '{ "levelM": tma / 100 }' }),
  });
  expect(await answer.json()).toEqual({ claims: [{ aliases: [], items: [{ levelM: 1.42 }] }] });
});
