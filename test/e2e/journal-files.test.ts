/** Somebody deletes the journal's files, beside the running server or while it is down: never without a word. */
import { existsSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Load } from '../support/load-generator.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const firstMs = Date.now() - 5 * 86_400_000;

let folder: DataFolder;
let dataDir: string;
beforeEach(async () => {
  folder = await createDataFolder();
  dataDir = folder.path;
});
afterEach(() => folder[Symbol.asyncDispose]());

const createLoad = () =>
  new Load([
    {
      id: 'kreo-cepoko',
      topic: 'siaga/semarang/river-gauge/kreo-cepoko/telemetry',
      qos: 1,
      inFlight: 10,
      readingsPerPublish: 1,
      reading: (n) => ({ measuredAt: firstMs + n * 1_000, seq: n, levelM: 0.5 + (n % 50) / 100 }),
    },
  ]);

async function sendSome(server: RunningSiaga): Promise<Load> {
  const load = createLoad();
  const enough = load.moreAcknowledged(300);
  await load.connect(server.mqttPort);
  await enough;
  return load;
}

const said = (server: RunningSiaga, words: string) =>
  server.logged.filter(({ msg }) => String(msg).includes(words));

describe('the journal', { timeout: 120_000 }, () => {
  it.each(['journal.db', 'journal.db-wal'])(
    'whose %s is deleted under the running server acknowledges nothing more, and the next start says what is lost',
    async (name) => {
      await using server = await startSiaga({ dataDir });
      const load = await sendSome(server);
      rmSync(`${dataDir}/${name}`);
      await eventually(async () => {
        const response = await fetch(`${server.httpUrl}/readyz`);
        expect([response.status, ((await response.json()) as { detail?: string }).detail]).toEqual([
          503,
          expect.stringContaining('the file of the journal is not the one that is open since'),
        ]);
      });
      const before = load.acknowledgements;
      // The event loop has had all that was on its way; the device has its ten publishes in flight.
      await server.get('/healthz');
      expect(load.acknowledgements).toBe(before);
      expect(load.devices[0]?.inFlight).toBe(10);
      await server.kill();

      await using next = await startSiaga({ dataDir });
      expect(said(next, 'the last run did not close the journal, and')).toHaveLength(1);
      expect(await next.get('/readyz')).toEqual({ status: 'ready' });
      await next.stop();
      await using third = await startSiaga({ dataDir });
      expect(said(third, 'the last run did not close the journal')).toEqual([]);
    },
  );

  it('whose log is deleted after a kill says so at the start, and gives no id twice', async () => {
    {
      await using server = await startSiaga({ dataDir });
      await sendSome(server);
      await server.kill();
    }
    expect(existsSync(`${dataDir}/journal.db-wal`)).toBe(true);
    rmSync(`${dataDir}/journal.db-wal`);
    await using server = await startSiaga({ dataDir });
    expect(said(server, 'its log (journal.db-wal) was deleted')).toMatchObject([
      { leftOpen: { fault: 'log-gone' } },
    ]);
    await sendSome(server);
  });

  it('says nothing after a kill that left its files alone', async () => {
    {
      await using server = await startSiaga({ dataDir });
      await sendSome(server);
      await server.kill();
    }
    await using server = await startSiaga({ dataDir });
    expect(said(server, 'the last run did not close')).toEqual([]);
  });
});
