/**
 * A real disk that is full under the whole server: no PUBACK, a reason in /readyz, devices that wait on the
 * connections they have; and all of it goes on by itself when there is room.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Load } from '../support/load-generator.ts';
import { connectTcp, publishPacket } from '../support/raw-mqtt-client.ts';
import { fillDisk, findSmallDisk, giveRoom } from '../support/small-disk.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const DISK_BYTES = 48 * 1024 * 1024;
const smallDisk = findSmallDisk();
const firstMs = Date.now() - 5 * 86_400_000;

interface Readings {
  readonly points: readonly { at: string }[];
  readonly next?: string;
}

let folder: DataFolder;
let server: RunningSiaga;

describe.skipIf(!smallDisk)('a full disk', { timeout: 120_000 }, () => {
  const load = new Load(
    ['garang-pudakpayung', 'kreo-cepoko', 'bkb-muara', 'bkt-gemah'].map((id, i) => ({
      id,
      topic: `siaga/semarang/river-gauge/${id}/telemetry`,
      qos: i === 2 ? 2 : 1,
      inFlight: 10,
      readingsPerPublish: i === 3 ? 50 : 1,
      reading: (n) => ({ measuredAt: firstMs + n * 1_000, seq: n, levelM: 0.5 + (n % 50) / 100 }),
    })),
  );
  const problem = async () => {
    const response = await fetch(`${server.httpUrl}/readyz`);
    const { detail } = (await response.json()) as { detail?: string };
    return { status: response.status, detail };
  };

  beforeAll(async () => {
    folder = await createDataFolder();
    const prefix = smallDisk?.(folder.path, DISK_BYTES) ?? [];
    server = await startSiaga({ dataDir: folder.path, prefix });
    const enough = load.moreAcknowledged(300);
    await load.connect(server.mqttPort);
    await enough;
  }, 60_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  it('is a reason in /readyz and in the log, once', async () => {
    fillDisk(server.pid, folder.path);
    await eventually(async () => {
      expect(await problem()).toMatchObject({
        status: 503,
        detail: expect.stringMatching(/the disk is full since/),
      });
    });
    expect(await server.metric('siaga_journal_failed_commits_total')).toBeGreaterThan(0);
    // The log comes by a pipe of its own, and may come later than the answer.
    await eventually(() => {
      expect(server.logged.filter(({ msg }) => msg === 'the disk is full: devices wait')).toHaveLength(1);
    });
  });

  it('gives no PUBACK, and leaves connections and the API at work', async () => {
    const before = load.acknowledgements;
    const device = await connectTcp(server.mqttPort);
    await device.connect({ clientId: 'plumbon-bendung' });
    const telemetry = 'siaga/semarang/river-gauge/plumbon-bendung/telemetry';
    const payload = JSON.stringify({ measuredAt: firstMs, levelM: 1 });
    device.send(publishPacket(telemetry, payload, { qos: 1, messageId: 1 }));
    await device.ping();
    await eventually(async () =>
      expect(await server.metric('siaga_journal_waiting_bytes')).toBeGreaterThan(0),
    );
    expect(await server.get('/healthz')).toEqual({ status: 'ok' });
    expect(await server.get('/v1/devices/plumbon-bendung')).toMatchObject({ id: 'plumbon-bendung' });
    expect(device.take()).toEqual([]);
    expect(load.acknowledgements).toBe(before);
    expect(load.devices.map(({ isConnected }) => isConnected)).toEqual([true, true, true, true]);

    giveRoom(server.pid, folder.path);
    // On the same connection, without being sent again.
    expect(await device.next('puback')).toMatchObject({ messageId: 1 });
    device.destroy();
  });

  it('is over by itself when there is room: every waiting device is acknowledged, every part is ready', async () => {
    await load.moreAcknowledged(100);
    await load.finish();
    await eventually(async () => expect(await problem()).toEqual({ status: 200, detail: undefined }), 60_000);
    expect(await server.metric('siaga_journal_waiting_bytes')).toBe(0);
    for (const device of load.devices) {
      expect(device.acknowledged).toEqual(Array.from({ length: device.sent }, () => 1));
      expect(device).toMatchObject({ repeated: 0, outOfOrder: 0 });
    }
  });

  it('has cost no reading and doubled none', async () => {
    for (const { options, sent } of load.devices) {
      const expected = Array.from({ length: sent }, (_, n) => new Date(firstMs + n * 1_000).toISOString());
      await eventually(async () => expect(await readTimes(options.id)).toEqual(expected));
    }
  });

  async function readTimes(device: string): Promise<string[]> {
    const times: string[] = [];
    let path: string | undefined =
      `/v1/devices/${device}/readings?from=${new Date(firstMs).toISOString()}&limit=5000`;
    while (path !== undefined) {
      const page: Readings = await server.get<Readings>(path);
      times.push(...page.points.map(({ at }) => at));
      path = page.next;
    }
    return times;
  }
});
