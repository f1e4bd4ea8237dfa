/**
 * What a node behind a broker of somebody else shall go by: it arrives there as ChirpStack and The Things Stack expect
 * a downlink, once, over a kill of Siaga, and is done when their event says so.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Mosquitto, mosquittoMissing, startMosquitto } from '../support/mosquitto.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const EUI = 'a84041ffff123456';

interface Network {
  readonly format: string;
  readonly device: string;
  readonly topics: readonly string[];
  readonly downTopic: string;
  readonly uplink: (levelM: number) => readonly [string, object];
  /** The event of an acknowledged downlink, as the network makes it of what it was sent. */
  readonly acknowledged: (downlink: Record<string, unknown>) => readonly [string, object];
  readonly downlink: object;
}

const CHIRPSTACK: Network = {
  format: 'chirpstack',
  device: 'kreo-cepoko',
  topics: ['application/+/device/+/event/+'],
  downTopic: `application/7c/device/${EUI}/command/down`,
  uplink: (levelM) => [
    `application/7c/device/${EUI}/event/up`,
    { deviceInfo: { devEui: EUI }, object: { levelM } },
  ],
  acknowledged: ({ id }) => [
    `application/7c/device/${EUI}/event/ack`,
    { deviceInfo: { devEui: EUI }, queueItemId: id, acknowledged: true, fCntDown: 4 },
  ],
  downlink: { devEui: EUI, confirmed: true, fPort: 1, object: { reportIntervalS: 900 } },
};
const THE_THINGS_STACK: Network = {
  format: 'the-things-stack',
  device: 'kripik-kandri',
  topics: ['v3/+/devices/+/up', 'v3/+/devices/+/down/ack'],
  downTopic: 'v3/floods@city/devices/gauge-9/down/replace',
  uplink: (levelM) => [
    'v3/floods@city/devices/gauge-9/up',
    { end_device_ids: { device_id: 'gauge-9' }, uplink_message: { decoded_payload: { levelM } } },
  ],
  acknowledged: ({ downlinks }) => [
    'v3/floods@city/devices/gauge-9/down/ack',
    { end_device_ids: { device_id: 'gauge-9' }, downlink_ack: (downlinks as object[])[0] },
  ],
  downlink: {
    downlinks: [
      expect.objectContaining({ f_port: 1, confirmed: true, decoded_payload: { reportIntervalS: 900 } }),
    ],
  },
};

describe.skipIf(mosquittoMissing())('a downlink through an outside broker', () => {
  let outside: Mosquitto;
  let folder: DataFolder;
  let network: MqttClient;
  const heard: { readonly topic: string; readonly body: Record<string, unknown> }[] = [];
  beforeAll(async () => {
    outside = await startMosquitto();
    folder = await createDataFolder();
    const sources = [CHIRPSTACK, THE_THINGS_STACK].map(({ format, topics }) => ({
      ...{ name: format, url: `mqtt://127.0.0.1:${outside.port}`, gateway: `gateway:${format}`, topics },
    }));
    writeFileSync(join(folder.path, 'sources.json'), JSON.stringify({ sources }));
    network = await mqtt.connectAsync(`mqtt://127.0.0.1:${outside.port}`);
    network.on('message', (topic, payload) => heard.push({ topic, body: JSON.parse(payload.toString()) }));
    await network.subscribeAsync(['application/+/device/+/command/+', 'v3/+/devices/+/down/replace'], {
      qos: 1,
    });
    for (const { format, device } of [CHIRPSTACK, THE_THINGS_STACK]) {
      const alias = format === 'chirpstack' ? EUI : 'gauge-9';
      await devices('add', `gateway:${format}`, '--format', format);
      await devices('add', device, '--format', format, '--alias', alias);
    }
  }, 120_000);
  afterAll(async () => {
    await network?.endAsync(true);
    await outside?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  async function devices(...words: string[]): Promise<void> {
    const { code, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
    expect(code, stderr).toBe(0);
  }
  async function start(): Promise<RunningSiaga> {
    const environment = { SOURCES_FILE: join(folder.path, 'sources.json') };
    const server = await startSiaga({ dataDir: folder.path, environment });
    await eventually(async () => expect(await server.metric('siaga_source_connections')).toBe(2));
    return server;
  }
  const say = ([topic, body]: readonly [string, object]) =>
    network.publishAsync(topic, JSON.stringify(body), { qos: 1 });

  test.each([CHIRPSTACK, THE_THINGS_STACK])(
    'of $format',
    async (each) => {
      const { device, uplink, downTopic } = each;
      const mine = () => heard.filter(({ topic }) => topic === downTopic);
      const bookOf = (server: RunningSiaga) =>
        server.get<{ desired: { sentAt: string | null; confirmedAt: string | null } }>(
          `/v1/devices/${device}/config`,
        );
      const levelIs = (server: RunningSiaga, levelM: number) =>
        eventually(async () =>
          expect(await server.get(`/v1/devices/${device}`)).toMatchObject({ last: { values: { levelM } } }),
        );
      // Ordered before the node was ever heard: where it is, its first uplink says.
      await devices('config', device, 'reportIntervalS=900');
      const before = await start();
      await say(uplink(1.1));
      await eventually(async () => expect((await bookOf(before)).desired.sentAt).not.toBeNull());
      await eventually(() => expect(mine()).toHaveLength(1));
      expect(mine()[0]?.body).toMatchObject(each.downlink);
      await before.kill();

      const after = await start();
      await say(uplink(1.2));
      await levelIs(after, 1.2);
      expect((await bookOf(after)).desired.confirmedAt).toBeNull();
      await say(each.acknowledged(mine()[0]?.body as Record<string, unknown>));
      await eventually(async () => expect((await bookOf(after)).desired.confirmedAt).not.toBeNull());
      await say(uplink(1.3));
      await levelIs(after, 1.3);
      expect(mine()).toHaveLength(1);
      await after.stop();
    },
    240_000,
  );
});
