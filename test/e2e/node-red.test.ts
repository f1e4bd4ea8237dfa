/**
 * Node-RED, as people have it, in front of Siaga: a flow that says what a Tasmota with an ultrasonic sensor says, with
 * the device's own credential, over MQTT 3.1.1 and 5.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type NodeRed, nodeRedMissing, startNodeRed } from '../support/node-red.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const missing = nodeRedMissing();
const OFTEN_S = 2;
/** On the canvas: what has no place is taken for a setting and never runs. */
const PLACE = { z: 'flow', x: 100, y: 100 };

let folder: DataFolder;
let server: RunningSiaga;
beforeAll(async () => {
  if (missing) return;
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
}, 120_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function devices(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('broker/credentials/cli.ts', words, folder.path);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** As Node-RED's editor exports it. */
function flowOf(device: string, protocolVersion: '4' | '5'): object[] {
  const payload = { Time: '2026-01-15T09:30:00', SR04: { Distance: 142.5 }, SUPPLY: { BatteryV: 12.6 } };
  const presence = (word: string, text: string) => ({
    ...{ [`${word}Topic`]: `tele/${device}/LWT`, [`${word}Payload`]: text },
    ...{ [`${word}Qos`]: '1', [`${word}Retain`]: 'true', [`${word}Msg`]: {} },
  });
  return [
    { id: 'flow', type: 'tab', label: 'gauge' },
    {
      ...{ id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: String(server.mqttPort) },
      ...{
        clientid: '',
        autoConnect: true,
        usetls: false,
        protocolVersion,
        keepalive: '60',
        cleansession: true,
      },
      ...presence('birth', 'Online'),
      ...presence('will', 'Offline'),
      ...presence('close', 'Offline'),
    },
    {
      ...{ id: 'sensor', type: 'inject', ...PLACE, repeat: String(OFTEN_S), once: true, onceDelay: 0.1 },
      ...{ payload: JSON.stringify(payload), payloadType: 'json', topic: '' },
      ...{ props: [{ p: 'payload' }], wires: [['publish']] },
    },
    {
      ...{ id: 'publish', type: 'mqtt out', ...PLACE, topic: `tele/${device}/SENSOR`, broker: 'broker' },
      ...{ qos: '1', retain: 'false', respTopic: '', contentType: '', userProps: '', correl: '', expiry: '' },
      wires: [],
    },
  ];
}

interface Answer {
  readonly last?: { readonly values: Record<string, number> };
  readonly presence?: string;
}
const read = (id: string) => server.get<Answer>(`/v1/devices/${id}`);

describe.skipIf(missing)('Node-RED', () => {
  const open: NodeRed[] = [];
  afterAll(async () => {
    for (const each of open) await each[Symbol.asyncDispose]();
  });

  test.each([
    ['4', 'garang-tinjomoyo'],
    ['5', 'kreo-kalipancur'],
  ] as const)(
    'with MQTT version %s: its reading is there, and its will says that it is gone',
    async (version, id) => {
      const secret = await devices('add', id, '--format', 'tasmota');
      const nodeRed = await startNodeRed(flowOf(id, version), { broker: { user: id, password: secret } });
      open.push(nodeRed);
      await eventually(async () => {
        const { last } = await read(id).catch(() => ({ last: undefined }));
        expect(last?.values, nodeRed.said()).toMatchObject({ distanceM: 1.425, batteryV: 12.6 });
      });
      await eventually(async () => expect((await read(id)).presence).toBe('online'));
      await nodeRed.kill();
      await eventually(async () => expect((await read(id)).presence).toBe('offline'));
    },
  );
});
