/**
 * An upgrade of a city that goes on meanwhile, as docs/cluster.md tells it: this version owns the city, the next one,
 * which has a migration more, stands by and takes over; and this one is not let back.
 *
 * Needs PostgreSQL; with CI=true it must be there.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterDatabase, connectGauge, createClusterDatabase } from '../support/cluster-house.ts';
import { eventually } from '../support/eventually.ts';
import { compareWith, createNumberedLoad, readCopies } from '../support/numbered-city.ts';
import { hasPostgres, startPostgres } from '../support/postgres.ts';
import { createDataFolder, startSiaga, startStandby } from '../support/start-siaga.ts';

if (!hasPostgres) console.warn('skipped: PostgreSQL (initdb, postgres) is not installed');

const NEXT = { NODE_OPTIONS: `--import=${new URL('../support/next-version.hook.ts', import.meta.url).href}` };

let opened: AsyncDisposableStack;
let database: ClusterDatabase;

const settings = async (server: string, version: Record<string, string> = {}) => {
  const url = database.urlOf(server);
  return {
    dataDir: opened.use(await createDataFolder()).path,
    environment: { DATABASE_URL: url, JOURNAL_URL: url, ...version },
  };
};
const countMigrations = async () => {
  const { rows } = await database.client.query('select count(*)::int as n from kysely_migration');
  return rows[0].n as number;
};
const hasNextColumn = async () => {
  const { rowCount } = await database.client.query(
    `select 1 from information_schema.columns where table_name = 'alerts' and column_name = 'of_the_next_version'`,
  );
  return rowCount === 1;
};

describe.skipIf(!hasPostgres)('an upgrade', () => {
  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    database = opened.use(await createClusterDatabase(opened.use(await startPostgres()).url));
  });
  afterEach(() => opened.disposeAsync());

  test('the next version stands by beside this one, migrates when it takes over, and this one is not let back', async () => {
    const load = createNumberedLoad(2);
    const first = await settings('this');
    const owner = opened.use(await startSiaga(first));
    const migrations = await countMigrations();
    await opened.use(await connectGauge(owner.mqttPort)).flood();
    await load.connect(owner.mqttPort);
    const next = await settings('next', NEXT);
    const standby = opened.use(await startStandby(next));
    // It copies the log of this version while it waits, and changes nothing in its tables.
    await load.moreAcknowledged(200);
    await eventually(() => {
      const copied = load.devices.map(({ options }) => readCopies(next.dataDir, options.id).size);
      for (const count of copied) expect(count).toBeGreaterThan(0);
    });
    expect(await countMigrations()).toBe(migrations);
    expect(await hasNextColumn()).toBe(false);

    expect(await owner.stop()).toMatchObject({ code: 0 });
    const heir = opened.use(await standby.ready());
    expect(await hasNextColumn()).toBe(true);
    await load.connect(heir.mqttPort);
    await load.moreAcknowledged(200);
    await opened.use(await connectGauge(heir.mqttPort)).flood();
    await load.finish();
    await load.disconnect();
    const found = compareWith(load, (device) => readCopies(next.dataDir, device));
    expect(found).toMatchObject({ missing: 0, doubled: 0 });
    await eventually(async () => expect(await heir.metric('siaga_backlog_entries')).toBe(0));
    expect(await database.levelAlerts()).toHaveLength(1);

    // This version beside the next: it stands by, since it looks at the tables only when it may take the city.
    const old = opened.use(await startStandby(first));
    expect(old.logged.map(({ msg }) => msg)).not.toContain('Siaga is ready');
    const refused = expect(old.ready()).rejects.toThrow('newer Siaga');
    await heir.stop();
    await refused;
  });
});
