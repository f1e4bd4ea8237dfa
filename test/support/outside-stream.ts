/**
 * A stream from a broker of somebody else into a real server that is killed while it flows: what was published
 * there, and whether each of it is here exactly once.
 *
 * Used with each broker that is tried. Two sources: uplinks of ChirpStack, of which every second one has no time of
 * its own, and plain numbers, which have neither a time nor a count. Invariant: no two messages say the same level, so
 * that what is lost and what is there twice both show.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from './start-siaga.ts';

/** How often it is killed. */
export const ROUNDS = Number(process.env['SIAGA_TEST_ROUNDS'] ?? 3);
const MESSAGES_A_ROUND = 150;
const EUI = 'a84041ffff123456';
const NODE = 'kreo-cepoko';
const LOGGER = 'kripik-kandri';
/** Rounds whose kill came too late do not count; on no machine are they most of them. */
const MAX_ROUNDS = 5 * ROUNDS;

type Login = Pick<IClientOptions, 'username' | 'password'>;

export class OutsideStream implements AsyncDisposable {
  readonly #folder: DataFolder;
  readonly #publisher: MqttClient;
  #sent = 0;

  private constructor(folder: DataFolder, publisher: MqttClient) {
    this.#folder = folder;
    this.#publisher = publisher;
  }

  /** `subscribePort` is where Siaga finds the broker, which may be a link before it. */
  static async open(port: number, login: Login = {}, subscribePort = port): Promise<OutsideStream> {
    const folder = await createDataFolder();
    const source = (name: string, topics: readonly string[]) => ({
      ...{ name, topics, gateway: `gateway:${name}`, url: `mqtt://127.0.0.1:${subscribePort}` },
      ...(login.username === undefined ? {} : { username: login.username, passwordFile: 'password' }),
    });
    const sources = [source('lora', ['application/+/device/+/event/+']), source('loggers', ['logger/#'])];
    writeFileSync(join(folder.path, 'password'), `${login.password ?? ''}\n`);
    writeFileSync(join(folder.path, 'sources.json'), JSON.stringify({ sources }));
    const devices = async (...words: string[]) => {
      const { code, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
      expect(code, stderr).toBe(0);
    };
    await devices('add', 'gateway:lora', '--format', 'chirpstack');
    await devices('add', NODE, '--format', 'chirpstack', '--alias', EUI);
    await devices('add', 'gateway:loggers', '--format', 'value');
    await devices('add', LOGGER, '--format', 'value');
    return new OutsideStream(folder, await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, login));
  }

  /** A server that has both of its sources. */
  async start(): Promise<RunningSiaga> {
    const environment = { SOURCES_FILE: join(this.#folder.path, 'sources.json') };
    const server = await startSiaga({ dataDir: this.#folder.path, environment });
    await eventually(async () => expect(await server.metric('siaga_source_connections')).toBe(2));
    return server;
  }

  /** So many messages of each of the two; resolves when that broker has them. */
  async publish(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const sent = this.#sent++;
      const uplink = {
        deviceInfo: { devEui: EUI },
        ...(sent % 2 ? {} : { time: new Date(Date.now() - 3_600_000 + sent * 1_000).toISOString() }),
        fCnt: sent,
        object: { levelM: sent / 1_000 },
      };
      const topic = `application/1/device/${EUI}/event/up`;
      await Promise.all([
        this.#publisher.publishAsync(topic, JSON.stringify(uplink), { qos: 1 }),
        this.#publisher.publishAsync(`logger/${LOGGER}/levelM`, String(sent / 1_000), { qos: 1 }),
      ]);
    }
  }

  /** Kills the server again and again with messages on their way. Says how often it did. */
  async killWhileItFlows(): Promise<number> {
    let kills = 0;
    for (let round = 0; kills < ROUNDS && round < MAX_ROUNDS; round++) {
      const server = await this.start();
      const before = this.#sent;
      const flowing = this.publish(MESSAGES_A_ROUND);
      const killAt = 5 + ((round * 37) % 100);
      const taken = await eventually(async () => {
        const count = await server.metric('siaga_source_messages_total');
        expect(count).toBeGreaterThan(killAt);
        return count;
      });
      await server.kill();
      await flowing;
      if (taken < 2 * (this.#sent - before)) kills++;
    }
    return kills;
  }

  /** Resolves when each message is there, once. */
  async expectAllOnce(server: RunningSiaga): Promise<void> {
    const all = Array.from({ length: this.#sent }, (_, n) => n);
    for (const device of [NODE, LOGGER]) {
      await eventually(async () => expect(await levelsOf(server, device), device).toEqual(all));
    }
  }

  /** Messages that were published, of both. */
  get sent(): number {
    return 2 * this.#sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.endAsync(true);
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** In millimetres and ascending. */
async function levelsOf(server: RunningSiaga, device: string): Promise<number[]> {
  const from = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const path = `/v1/devices/${device}/readings?limit=10000&from=${from}`;
  const { points } = await server.get<{ points: { values: { levelM: number } }[] }>(path);
  return points.map(({ values }) => Math.round(values.levelM * 1_000)).sort((a, b) => a - b);
}
