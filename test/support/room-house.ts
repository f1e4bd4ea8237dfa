/**
 * The server that the situation room's page is tried on: the real parts over TCP, in this process, on ports of the
 * system's choice, with devices that publish by MQTT.
 *
 * Invariant: a second start answers on the same HTTP port, so that an open page finds it again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { pino } from 'pino';
import { parseConfig } from '../../config/config.ts';
import { openSiaga, type Siaga } from '../../open-siaga.ts';

export interface RoomHouse extends AsyncDisposable {
  readonly url: string;
  /** The data folder: a city in its `cities` goes before the shipped one, from the next start on. */
  readonly dataDir: string;
  readonly adminToken: string;
  /** Where devices connect. */
  readonly mqttUrl: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  publish(kind: string, device: string, payload: object): Promise<void>;
}

/** `more` is environment besides. */
export async function openRoomHouse(more: Readonly<Record<string, string>> = {}): Promise<RoomHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-room-'));
  const environment = { SIAGA_DATA_DIR: folder, MQTT_PORT: '0', MQTT_AUTH: 'false', ...more };
  let siaga: Siaga | undefined;
  // The port of the first start is kept for the others.
  let port = '0';
  let url = '';
  let adminToken = '';
  const start = async () => {
    siaga = await openSiaga(parseConfig({ ...environment, HTTP_PORT: port }), pino({ level: 'silent' }));
    url = siaga.addresses.http;
    port = new URL(url).port;
    adminToken ||= siaga.firstAdminToken ?? '';
  };
  const stop = async () => {
    await siaga?.[Symbol.asyncDispose]();
    siaga = undefined;
  };
  await start();
  const mqttUrl = () => siaga?.addresses.mqtt[0]?.replace('tcp:', 'mqtt:') as string;
  return {
    start,
    stop,
    dataDir: folder,
    get url() {
      return `${url}/`;
    },
    get adminToken() {
      return adminToken;
    },
    get mqttUrl() {
      return mqttUrl();
    },
    async publish(kind, device, payload) {
      const client = await mqtt.connectAsync(mqttUrl(), { clientId: device });
      await client.publishAsync(`siaga/semarang/${kind}/${device}/telemetry`, JSON.stringify(payload), {
        qos: 1,
      });
      await client.endAsync();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
