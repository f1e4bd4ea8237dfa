/**
 * What a device is told to go by reaches it by the real server and its command line, over a kill, until it says that it
 * has it; a Tasmota listens in its own words.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const ROOT = 'siaga/semarang/river-gauge/kreo-cepoko';

let folder: DataFolder;
let server: RunningSiaga;
const start = () => startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
beforeAll(async () => {
  folder = await createDataFolder();
  server = await start();
}, 60_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function devices(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  return stdout.trim();
}

const dial = (username: string, secret: string): Promise<RawMqttClient> =>
  eventually(async () => {
    const client = await connectTcp(server.mqttPort);
    const { returnCode } = await client.connect({
      clientId: username,
      username,
      password: Buffer.from(secret),
    });
    if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
    return client;
  });

async function listen(client: RawMqttClient, topic: string): Promise<number> {
  client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic, qos: 1 }] } as never);
  const { granted } = await client.next('suback');
  return Number(granted[0]);
}

async function say(client: RawMqttClient, topic: string, payload: string): Promise<void> {
  client.send(publishPacket(topic, payload, { qos: 1, messageId: 1 }));
  await client.next('puback');
}

interface Book {
  readonly desired: {
    readonly revision: number;
    readonly sentAt: string | null;
    readonly confirmedAt: string | null;
  };
}
const bookOf = (id: string) => server.get<Book>(`/v1/devices/${id}/config`);
const textOf = ({ payload }: { payload: string | Buffer }) => payload.toString();

test('a gauge has its config over a kill of the server, and nothing of it comes once it has said so', async () => {
  const secret = await devices('add', 'kreo-cepoko');
  await devices('config', 'kreo-cepoko', 'reportIntervalS=300', 'sirenLevelM=2.5');
  const wanted = JSON.stringify({ config: '1', reportIntervalS: 300, sirenLevelM: 2.5 });
  await eventually(async () => expect((await bookOf('kreo-cepoko')).desired.sentAt).not.toBeNull());
  const before = await dial('kreo-cepoko', secret);
  expect(await listen(before, `${ROOT}/config`)).toBe(1);
  expect(textOf(await before.next('publish'))).toBe(wanted);
  before.destroy();
  await server.kill();
  server = await start();
  const after = await dial('kreo-cepoko', secret);
  expect(await listen(after, `${ROOT}/config`)).toBe(1);
  expect(textOf(await after.next('publish'))).toBe(wanted);
  await say(after, `${ROOT}/ack`, '{"config":"1"}');
  await eventually(async () => expect((await bookOf('kreo-cepoko')).desired.confirmedAt).not.toBeNull());
  expect(await devices('config', 'kreo-cepoko')).toMatch(
    /^1\treportIntervalS=300 sirenLevelM=2.5\tset .*confirmed 20/,
  );
  // By the API, and confirmed beside a status.
  const answer = await fetch(`${server.httpUrl}/v1/devices/kreo-cepoko/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: '{"reportIntervalS":60}',
  });
  expect([answer.status, await answer.json()]).toMatchObject([
    200,
    { desired: { revision: 2 }, earlier: [{ revision: 1 }] },
  ]);
  await say(after, `${ROOT}/status`, '{"status":"online","config":"2"}');
  await eventually(async () => expect((await bookOf('kreo-cepoko')).desired.confirmedAt).not.toBeNull());
  const { rejections } = await server.get<{ rejections: object[] }>('/v1/rejections');
  expect(rejections).toEqual([]);
  after.destroy();
}, 120_000);

test('a Tasmota hears it on its own topic, and its answer confirms it', async () => {
  const secret = await devices(
    'add',
    'tas-1',
    '--kind',
    'river-gauge',
    '--format',
    'tasmota',
    '--alias',
    'tasmota_AB12',
  );
  const box = await dial('tas-1', secret);
  expect(await listen(box, 'cmnd/tasmota_AB12/#')).toBe(1);
  expect(await listen(box, 'cmnd/tasmotas/#')).toBe(128);
  await say(box, 'tele/tasmota_AB12/LWT', 'Online');
  await devices('config', 'tas-1', 'reportIntervalS=60');
  const command = await eventually(async () => await box.next('publish'));
  expect([command.topic, textOf(command)]).toEqual(['cmnd/tasmota_AB12/TelePeriod', '60']);
  await say(box, 'stat/tasmota_AB12/RESULT', '{"TelePeriod":60}');
  await eventually(async () => expect((await bookOf('tas-1')).desired.confirmedAt).not.toBeNull());
  box.destroy();
}, 120_000);
