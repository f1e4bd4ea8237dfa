/**
 * An owner that lost its city and ended with 75 starts again on its own folder: what it lacks it takes from the log,
 * and when it is the owner again, its journal has all.
 *
 * Needs PostgreSQL and is skipped where it is not installed; with CI=true that is a failure.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectGauge, createClusterDatabase } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { readCopies } from '../support/numbered-city.ts';
import { hasPostgres, type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { createDataFolder, startSiaga, startStandby } from '../support/start-siaga.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const GAUGE = 'silandak-purwoyoso';
const SAID = 5;

let postgres: RunningPostgres;

describe.skipIf(!hasPostgres)('an owner that has lost its city', () => {
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  test('comes back to its journal, which was not closed, and copies what its heir was told', async () => {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await createClusterDatabase(postgres.url));
    const on = async (name: string) => {
      const url = database.urlOf(name);
      const dataDir = opened.use(await createDataFolder()).path;
      return { dataDir, environment: { DATABASE_URL: url, JOURNAL_URL: url } };
    };
    const sayAll = async (port: number) => {
      await using gauge = await connectGauge(port, GAUGE);
      for (let n = 0; n < SAID; n++) await gauge.say(n / 10);
    };
    const first = await on('first');
    const owner = opened.use(await startSiaga(first));
    const standby = opened.use(await startStandby(await on('second')));
    await sayAll(owner.mqttPort);
    process.kill(owner.pid, 'SIGSTOP');
    const heir = await standby.ready();
    await sayAll(heir.mqttPort);
    process.kill(owner.pid, 'SIGCONT');
    expect(await owner.exited).toMatchObject({ code: 75 });
    const back = opened.use(await startStandby(first));
    const copied = () => [...readCopies(first.dataDir, GAUGE).values()].reduce((sum, n) => sum + n, 0);
    await eventually(() => expect(copied()).toBe(2 * SAID));
    await standby.stop('SIGKILL');
    const again = await back.ready();
    await sayAll(again.mqttPort);
    await eventually(() => expect(copied()).toBe(3 * SAID));
    const faults = back.logged.filter(({ msg }) => /did not close|holds more than the log/.test(String(msg)));
    expect(faults).toEqual([]);
  });
});
