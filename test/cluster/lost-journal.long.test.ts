/**
 * The owner is killed, and something happens to its journal before it starts again on the same folder: it takes what is
 * missing from the log, and its journal and the plots have all.
 *
 * Needs PostgreSQL and is skipped where it is not installed; with CI=true that is a failure.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectGauge, createClusterDatabase } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { readCopies, readHistory } from '../support/numbered-city.ts';
import { hasPostgres, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { createDataFolder, startSiaga } from '../support/start-siaga.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const GAUGES = ['silandak-purwoyoso', 'garang-tinjomoyo', 'kripik-kandri'];
const SAID = 5;

const LOSSES: Readonly<Record<string, (folder: string) => void>> = {
  'its log on the disk is deleted': (folder) => rmSync(join(folder, 'journal.db-wal')),
  'it is no database any more': (folder) => {
    rmSync(join(folder, 'journal.db-wal'));
    writeFileSync(join(folder, 'journal.db'), Buffer.alloc(50_000, 'not a journal '));
  },
  'it is deleted': (folder) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `journal.db${suffix}`), { force: true });
  },
};

let postgres: RunningPostgres;

describe.skipIf(!hasPostgres)('a killed owner whose journal has lost something', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  test.each(Object.keys(LOSSES))('has all of it again, where %s', async (loss) => {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await createClusterDatabase(postgres.url));
    const url = database.urlOf('first');
    const { path: dataDir } = opened.use(await createDataFolder());
    const start = async () =>
      opened.use(await startSiaga({ dataDir, environment: { DATABASE_URL: url, JOURNAL_URL: url } }));
    const sayAll = async (port: number, gauges: readonly string[]) => {
      for (const id of gauges) {
        await using gauge = await connectGauge(port, id);
        for (let n = 0; n < SAID; n++) await gauge.say(n / 10);
      }
    };
    const owner = await start();
    await sayAll(owner.mqttPort, GAUGES);
    await owner.stop('SIGKILL');
    LOSSES[loss]?.(dataDir);
    const again = await start();
    // In another order: the journal numbers its devices as they come.
    await sayAll(again.mqttPort, GAUGES.toReversed());
    for (const id of GAUGES) {
      const copies = [...readCopies(dataDir, id).values()];
      expect(copies).toHaveLength(2 * SAID);
      expect(copies.every((count) => count === 1)).toBe(true);
      await eventually(async () => {
        const points = await readHistory(again, id);
        expect([...points.values()].reduce((sum, n) => sum + n, 0)).toBe(2 * SAID);
      });
    }
  });
});
