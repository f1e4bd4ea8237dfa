/** A data folder put together from backups of different ages: what the server says, and that it is not deaf. */
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Load } from '../support/load-generator.ts';
import { createDataFolder, type DataFolder, startSiaga } from '../support/start-siaga.ts';

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  dataDir = folder.path;
});
afterEach(() => folder[Symbol.asyncDispose]());

describe('a server whose journal was restored from an older backup than its state', {
  timeout: 120_000,
}, () => {
  it('says so, and judges the next readings although their ids were judged before', async () => {
    await using first = await startSiaga({ dataDir });
    expect((await first.stop()).code).toBe(0);
    {
      using state = new DatabaseSync(`${dataDir}/state.db`);
      state.exec(`insert or replace into cursors values ('alerts', 1000000)`);
    }
    await using server = await startSiaga({ dataDir });
    const warned = server.logged.filter(({ cursors }) => cursors !== undefined);
    expect(warned).toMatchObject([{ level: 40, cursors: { alerts: 1_000_000 }, lastId: 0 }]);
    const firstMs = Date.now() - 60_000;
    const load = new Load([
      {
        id: 'garang-pudakpayung',
        topic: 'siaga/semarang/river-gauge/garang-pudakpayung/telemetry',
        qos: 1,
        inFlight: 10,
        readingsPerPublish: 1,
        reading: (n) => ({ measuredAt: firstMs + n, seq: n, levelM: 0.5 }),
      },
    ]);
    const enough = load.moreAcknowledged(50);
    await load.connect(server.mqttPort);
    await enough;
    using state = new DatabaseSync(`${dataDir}/state.db`, { readOnly: true });
    const cursor = state.prepare("select position from cursors where consumer = 'alerts'");
    await eventually(() => {
      const position = Number(cursor.get()?.['position']);
      expect(position).toBeGreaterThanOrEqual(50);
      expect(position).toBeLessThan(1_000_000);
    });
  });
});
