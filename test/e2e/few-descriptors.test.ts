/** A server that may open 256 files: devices beyond its share are refused and counted, people are answered. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { connectTcp } from '../support/raw-mqtt-client.ts';
import { createDataFolder, type DataFolder, startSiaga } from '../support/start-siaga.ts';

const DEVICES = 300;

let folder: DataFolder;
beforeEach(async () => {
  folder = await createDataFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Undefined where the server ended the connection before it was used: it is refused either way. */
const dial = (port: number) => connectTcp(port).catch(() => undefined);

describe.runIf(process.platform === 'linux')(
  'a server with 256 file descriptors',
  { timeout: 120_000 },
  () => {
    it('says so at its start, refuses devices beyond its share, and answers the API all the same', async () => {
      const prefix = ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh'];
      await using server = await startSiaga({ dataDir: folder.path, prefix });
      const [line] = server.logged.filter(({ shortage }) => shortage !== undefined);
      expect(line).toMatchObject({ level: 40, mqttConnections: 96, apiConnections: 32 });
      const devices = await Promise.all(Array.from({ length: DEVICES }, () => dial(server.mqttPort)));
      await eventually(async () => {
        const refused = await server.metric('siaga_mqtt_bound_hits_total', { bound: 'connections' });
        expect(refused).toBe(DEVICES - 96);
        expect(devices.filter((device) => device && !device.isClosed)).toHaveLength(96);
      });
      expect(await server.get('/readyz')).toEqual({ status: 'ready' });
      expect(await server.get('/v1/devices?limit=1')).toHaveProperty('devices');
      expect(server.logged.filter(({ err }) => JSON.stringify(err ?? '').includes('EMFILE'))).toEqual([]);
      for (const device of devices) device?.destroy();
      expect((await server.stop()).code).toBe(0);
    });
  },
);
